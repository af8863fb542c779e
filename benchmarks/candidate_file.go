package benchmarks

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/roles"
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
// A file of embedders, as [config.Load] reads it, has a candidate for each: its name, reference,
// query, prefixes, price, timeout and batch.parallel count, and the rest of its stack does not.
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
		if slices.ContainsFunc(root.Content, func(n *strictyaml.Node) bool { return n.Value == "embedders" }) {
			return embedders(data)
		}
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
	var o roles.Options
	fields := o.Fields(d)
	maps.Copy(fields, strictyaml.Fields{"name": d.Text(&c.Name), "reference": d.Text(&c.Reference),
		"parallel": d.Number(&c.Parallel), "timeout": d.Duration(&c.Timeout)})
	d.Mapping(n, fields)
	c.Query, c.DocumentPrefix, c.QueryPrefix, c.Price = o.Query, o.DocumentPrefix, o.QueryPrefix, o.Price
	if c.Reference == "" {
		d.Fail(n, "the candidate has no reference")
	}
	return c
}

// embedders reads the candidates of a file of embedders.
func embedders(data []byte) (out []Candidate, err error) {
	all, err := config.Entries(data)
	for _, e := range all {
		out = append(out, Candidate{Name: e.Name, Reference: e.Reference, Query: e.Query, DocumentPrefix: e.DocumentPrefix, QueryPrefix: e.QueryPrefix,
			Price: e.Price, Parallel: e.Parallel, Timeout: e.Timeout})
	}
	return out, err
}
