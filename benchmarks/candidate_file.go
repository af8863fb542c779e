package benchmarks

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/strictyaml"
)

// LoadCandidates reads candidates from a YAML file: a list, at the top level or under
// "candidates:", of references or mappings.
//
//	candidates:
//	  - static:base
//	  - name: e5
//	    reference: openai:e5-passage?base_url=http://127.0.0.1:18090/v1&space=e5
//	    query: openai:e5-query?base_url=http://127.0.0.1:18090/v1&space=e5
//	    price: 0.07 USD 2026-10-12     # per million tokens, currency, day
//	    parallel: 2
//	    timeout: 5m                    # per request, for a slow server
//	  - reference: openai:...
//	    document_prefix: "passage: "
//	    query_prefix: "query: "
//
// Unknown fields, anchors and anything else in another form are errors with their line.
func LoadCandidates(name string) ([]Candidate, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	out, err := readCandidates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

func readCandidates(data []byte) ([]Candidate, error) {
	root, err := strictyaml.Parse(data)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, errors.New("there is no candidate")
	}
	var out []Candidate
	d := &strictyaml.Decoder{}
	items := func(n *strictyaml.Node) {
		if n.Kind != yaml.SequenceNode || n.Anchor != "" || len(n.Content) == 0 {
			d.Fail(n, "a list of candidates is needed here")
		}
		for _, item := range n.Content {
			out = append(out, candidate(d, item))
		}
	}
	if root.Kind == yaml.MappingNode {
		d.Mapping(root, strictyaml.Fields{"candidates": items})
	} else {
		items(root)
	}
	if d.Err != nil {
		return nil, d.Err
	}
	if len(out) == 0 {
		return nil, errors.New("there is no candidate")
	}
	return out, nil
}

// candidate reads an item: a reference or a mapping.
func candidate(d *strictyaml.Decoder, n *strictyaml.Node) (c Candidate) {
	if n.Kind != yaml.MappingNode {
		d.Text(&c.Reference)(n)
		return c
	}
	d.Mapping(n, strictyaml.Fields{
		"name": d.Text(&c.Name), "reference": d.Text(&c.Reference), "query": d.Text(&c.Query),
		"document_prefix": d.Text(&c.DocumentPrefix), "query_prefix": d.Text(&c.QueryPrefix),
		"parallel": d.Number(&c.Parallel), "timeout": d.Duration(&c.Timeout),
		"price": func(n *strictyaml.Node) {
			var s string
			if d.Text(&s)(n); d.Err == nil {
				if err := c.setPrice(s); err != nil {
					d.Fail(n, "%w", err)
				}
			}
		},
	})
	if c.Reference == "" {
		d.Fail(n, "the candidate has no reference")
	}
	return c
}

func (c *Candidate) setPrice(value string) error {
	f := strings.Fields(value)
	if len(f) == 3 {
		sum, err := strconv.ParseFloat(f[0], 64)
		_, day := time.Parse(time.DateOnly, f[2])
		currency := len(f[1]) == 3 && strings.ToUpper(f[1]) == f[1]
		if err == nil && sum > 0 && sum < 1e9 && day == nil && currency {
			c.Price = embedding.Price{PerMillion: sum, Currency: f[1], AsOf: f[2]}
			return nil
		}
	}
	return fmt.Errorf(`the price is %q: write it per million tokens with currency and day, such as "0.07 USD 2026-10-12"`, value)
}
