package benchmarks

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/internal/replay"
	"github.com/vecspace/embedding/internal/roles"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// Candidate is an embedder to compare. It needs a Reference or an Embedder.
type Candidate struct {
	Name      string             // "" is the Reference without its address, or the model's ID
	Reference string             // see providers.Open
	Embedder  embedding.Embedder // instead of a Reference

	// Query is the reference of the embedder for queries and sentence pairs, if documents have another
	// one. Both must have one Space: add space= to both references if the framework cannot know it.
	Query string
	// DocumentPrefix and QueryPrefix are what the model expects before a text ("passage: ", "query:
	// "). Sentence pairs get QueryPrefix.
	DocumentPrefix, QueryPrefix string

	Price    embedding.Price // overrides the provider's
	Parallel int             // concurrent requests; 0 is 8
	Timeout  time.Duration   // per request; 0 is a minute
}

func (c Candidate) name() string {
	if c.Name == "" && c.Reference == "" && c.Embedder != nil {
		return c.Embedder.Model().ID
	}
	return cmp.Or(c.Name, c.Reference)
}

// named returns the candidates with a Name each. A candidate without one gets its reference without
// the options for its address, or the whole reference if two would have the same name.
func named(candidates []Candidate) []Candidate {
	out := slices.Clone(candidates)
	times := map[string]int{}
	for i := range out {
		times[out[i].brief()]++
	}
	for i := range out {
		if b := out[i].brief(); times[b] == 1 {
			out[i].Name = b
		} else {
			out[i].Name = out[i].name()
		}
	}
	return out
}

func (c Candidate) brief() string {
	r, err := ref.Parse(c.Reference)
	if c.Name != "" || c.Embedder != nil || err != nil {
		return c.name()
	}
	for _, option := range []string{
		"base_url", "space", "key_env", "allow_http", "max_texts", "max_tokens", "max_text_tokens", "native_dimensions",
	} {
		delete(r.Values, option)
	}
	if len(r.Values) == 0 {
		return r.Provider + ":" + r.Model
	}
	return r.String()
}

// identity returns everything that decides which answers are given. It finds the recording of an
// earlier run.
func (c Candidate) identity() string {
	ref := c.Reference
	if c.Embedder != nil {
		m := c.Embedder.Model()
		ref = "embedder " + string(m.Space) + " " + m.Provider + ":" + m.ID
	} else {
		ref = roles.Settled(ref)
	}
	if c.Query+c.DocumentPrefix+c.QueryPrefix != "" {
		ref = fmt.Sprintf("%s query=%q prefixes=%q,%q", ref, roles.Settled(c.Query), c.DocumentPrefix, c.QueryPrefix)
	}
	return ref
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// file returns the name of the candidate's recording: readable words, and a digest that makes it
// unique.
func (c Candidate) file() string {
	id := c.identity()
	words, _, _ := strings.Cut(id, "?")
	words = strings.Trim(unsafe.ReplaceAllString(words, "-"), "-.")
	digest := sha256.Sum256([]byte(id))
	return fmt.Sprintf("%.60s-%x.rec", words, digest[:8])
}

// open returns the candidate's embedder, guarded and without middleware.
func (c Candidate) open(table providers.Table) (embedding.Embedder, error) {
	e := c.Embedder
	if e == nil {
		if c.Reference == "" {
			return nil, errors.New("the candidate has neither a reference nor an embedder")
		}
		var err error
		if e, err = table.Open(c.Reference); err != nil {
			return nil, err
		}
	}
	return roles.Options{Query: c.Query, DocumentPrefix: c.DocumentPrefix, QueryPrefix: c.QueryPrefix, Price: c.Price}.Wrap(e, table)
}

// local reports whether a model costs nothing: it runs in this process, or on this machine and has
// no price.
func local(m embedding.Model) bool {
	if m.Price.PerMillion > 0 {
		return false
	}
	host := m.Endpoint
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}

// budgeted returns e with the budget for its currency, if there is one.
func budgeted(e embedding.Embedder, budgets map[string]*middleware.Budget) (embedding.Embedder, error) {
	m := e.Model()
	if len(budgets) == 0 || local(m) {
		return e, nil
	}
	if m.Price.PerMillion <= 0 {
		return nil, errors.New("the price is unknown, so the budget cannot be kept: give the candidate a price")
	}
	b := budgets[m.Price.Currency]
	if b == nil {
		return nil, fmt.Errorf("the price is in %s, for which there is no budget", m.Price.Currency)
	}
	return b.Wrap(e)
}

// recorded returns the model that a recording describes, for an offline report.
func recorded(h replay.Heading) embedding.Model {
	return embedding.Model{
		Provider: h.Provider, ID: h.Model, Endpoint: h.Endpoint, Space: h.Space, Variant: h.Variant, Dimensions: h.Dimensions,
		Symmetric: h.Symmetric, Limits: h.Limits, Price: h.Price,
	}
}
