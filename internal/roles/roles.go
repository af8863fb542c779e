// Package roles gives an embedder another model or prefix for queries, and a price: what files of
// embedders and of candidates say besides a reference.
package roles

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/internal/strictyaml"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// Options are what a file says. The zero value changes nothing.
type Options struct {
	Query                       string // the reference that embeds queries and sentence pairs
	DocumentPrefix, QueryPrefix string
	Price                       embedding.Price // instead of the provider's
}

// Fields reads the options.
func (o *Options) Fields(d *strictyaml.Decoder) strictyaml.Fields {
	return strictyaml.Fields{
		"query": d.Text(&o.Query), "document_prefix": d.Text(&o.DocumentPrefix), "query_prefix": d.Text(&o.QueryPrefix),
		"price": func(n *strictyaml.Node) {
			var s string
			if d.Text(&s)(n); d.Err == nil {
				if err := o.setPrice(s); err != nil {
					d.Fail(n, "%w", err)
				}
			}
		},
	}
}

func (o *Options) setPrice(value string) error {
	f := strings.Fields(value)
	if len(f) == 3 {
		sum, err := strconv.ParseFloat(f[0], 64)
		_, day := time.Parse(time.DateOnly, f[2])
		currency := len(f[1]) == 3 && strings.ToUpper(f[1]) == f[1]
		if err == nil && sum > 0 && sum < 1e9 && day == nil && currency {
			o.Price = embedding.Price{PerMillion: sum, Currency: f[1], AsOf: f[2]}
			return nil
		}
	}
	return fmt.Errorf(`the price is %q: write it per million tokens with currency and day, such as "0.07 USD 2026-10-12"`, value)
}

// Wrap returns e with the options. It opens Query in table.
func (o Options) Wrap(e embedding.Embedder, table providers.Table) (embedding.Embedder, error) {
	e = embedding.Chain(e)
	query := e
	if o.Query != "" {
		q, err := table.Open(o.Query)
		if err != nil {
			return nil, err
		}
		if !q.Model().Space.Same(e.Model().Space) {
			return nil, fmt.Errorf("documents are embedded in the space %q and queries in %q: if they are one, say space= in both references",
				e.Model().Space, q.Model().Space)
		}
		query = q
	}
	m := e.Model()
	if o.DocumentPrefix+o.QueryPrefix != "" && (prefixes.In(m) || prefixes.In(query.Model())) {
		return nil, fmt.Errorf("document_prefix and query_prefix would double the prefixes that the reference gives (%s): leave them out, "+
			"or turn those off in the reference (leave out prefix=; plain=true for ollama and tei)", cmp.Or(m.Variant, query.Model().Variant))
	}
	if o.Price.PerMillion > 0 {
		m.Price = o.Price
	}
	if o.Query == "" && o.DocumentPrefix == "" && o.QueryPrefix == "" {
		return embedding.Wrap(e, m, e.Embed), nil
	}
	m.Symmetric = false
	chosen := prefixes.QueryAndRest(o.QueryPrefix, o.DocumentPrefix)
	chosen[embedding.TaskSimilarity] = o.QueryPrefix
	if o.Query != "" {
		m.Variant += fmt.Sprintf(" query=%q,similarity=%[1]q", Settled(o.Query))
	}
	m.Variant = strings.TrimSpace(m.Variant + " " + chosen.Variant())
	m.Limits = chosen.Within(m.Limits.Min(query.Model().Limits))
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		req.Texts = chosen.Texts(req)
		if req.Task == embedding.TaskQuery || req.Task == embedding.TaskSimilarity {
			return query.Embed(ctx, req)
		}
		return e.Embed(ctx, req)
	}), nil
}

// Settled returns the canonical form of a reference, without the options that change no answer:
// batch limits and the key's variable. A run with other values must not pay again.
func Settled(reference string) string {
	r, err := ref.Parse(reference)
	if err != nil {
		return reference
	}
	for _, option := range []string{"key_env", "allow_http", "max_texts", "max_tokens"} {
		delete(r.Values, option)
	}
	if len(r.Values) == 0 {
		return r.Provider + ":" + r.Model
	}
	return r.String()
}
