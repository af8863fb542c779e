package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

// MaxBytes is the most that a file may have.
const MaxBytes = 1 << 20

// Set is the embedders of a file. It is safe for concurrent use.
type Set struct {
	embedders map[string]embedding.Embedder
	caches    []*cache.Cache
	limits    map[account]embedding.Middleware
}

// account is what a provider counts together, as far as references tell. The same account with
// other figures is another one: what they are of, a model perhaps, only the user knows.
type account struct {
	provider, endpoint, keyEnv string
	limit                      middleware.LimitOptions
}

// Load opens the embedders of a file. It asks nobody: an error is about the file, an environment
// variable that is missing, or embedders that cannot be mixed. Close the Set when its embedders are
// not used any more.
func Load(name string) (*Set, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	s, err := Read(f, providers.Builtin())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Read is Load of a reader, with a table of providers that may be the caller's own.
func Read(r io.Reader, table providers.Table) (*Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("config: the file has more than %d bytes", MaxBytes)
	}
	stacks, err := decode(data)
	if err != nil {
		return nil, err
	}
	s := &Set{embedders: make(map[string]embedding.Embedder), limits: make(map[account]embedding.Middleware)}
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		e, err := s.open(stacks[name], table)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("config: line %d: embedder %q: %w", stacks[name].line, name, err)
		}
		s.embedders[name] = e
	}
	return s, nil
}

// Embedder returns the embedder of a name. One that the file does not have is an error that names
// those it has.
func (s *Set) Embedder(name string) (embedding.Embedder, error) {
	if e := s.embedders[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("config: there is no embedder %q; there are %s", name, strings.Join(s.Names(), ", "))
}

// Names returns the names of the embedders, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.embedders)) }

// Close frees the caches. The embedders go on without them.
func (s *Set) Close() {
	for _, c := range s.caches {
		c.Close()
	}
}

// limit returns the Limit of a reference's account. Embedders that share one share its pace and its
// figures.
func (s *Set) limit(reference string, m embedding.Model, o middleware.LimitOptions) embedding.Middleware {
	ref, _ := providers.Parse(reference) // it was opened by it
	a := account{m.Provider, m.Endpoint, ref.Values["key_env"], o}
	if s.limits[a] == nil {
		s.limits[a] = middleware.Limit(o)
	}
	return s.limits[a]
}

// open composes a stack in the order of middleware.Standard; what is one account's is around each
// target.
func (s *Set) open(st stack, table providers.Table) (embedding.Embedder, error) {
	var purse *middleware.Budget
	if st.currency != "" || st.max != 0 {
		var err error
		if purse, err = middleware.NewBudget(st.max, st.currency); err != nil {
			return nil, err
		}
	}
	target := func(reference string) (embedding.Embedder, error) {
		e, err := table.Open(reference)
		if err == nil && purse != nil {
			e, err = purse.Wrap(e)
		}
		if err != nil {
			return nil, err
		}
		return embedding.Chain(e, middleware.Breaker(st.breaker), s.limit(reference, e.Model(), st.limit), middleware.Timeout(st.timeout)), nil
	}
	e, err := target(st.reference)
	if err != nil {
		return nil, err
	}
	if len(st.fallback) > 0 && len(st.balance) > 0 {
		return nil, errors.New("both fallback and balance are given: leave one out")
	}
	all, shares := []embedding.Embedder{e}, []middleware.Target{{Embedder: e}}
	for _, reference := range slices.Concat(st.fallback, st.balance) {
		other, err := target(reference)
		if err != nil {
			return nil, err
		}
		all, shares = append(all, other), append(shares, middleware.Target{Embedder: other})
	}
	switch {
	case len(st.fallback) > 0:
		e, err = middleware.Fallback(middleware.FallbackOptions{Patience: st.patience}, all...)
	case len(st.balance) > 0:
		e, err = middleware.Balance(middleware.BalanceOptions{}, shares...)
	}
	if err != nil {
		return nil, err
	}
	var layers []embedding.Middleware
	if st.dimensions > 0 {
		if have := e.Model().Dimensions; have > 0 && have != st.dimensions {
			return nil, fmt.Errorf("%s has %d dimensions, not %d", st.reference, have, st.dimensions)
		}
		layers = append(layers, middleware.Dimensions(st.dimensions))
	}
	if st.cached {
		c, err := cache.New(st.cache)
		if err != nil {
			return nil, err
		}
		s.caches = append(s.caches, c)
		layers = append(layers, c.Wrap)
	}
	layers = append(layers, middleware.Coalesce(st.coalesce), middleware.Batch(st.batch), middleware.Retry(st.retry))
	return embedding.Chain(e, layers...), nil
}
