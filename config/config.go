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
}

// Load opens the embedders of a file. It asks nobody: an error is about the file, an environment variable that is missing, or
// embedders that cannot be mixed. Close the Set when its embedders are not used any more.
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
	s := &Set{embedders: make(map[string]embedding.Embedder)}
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

// Embedder returns the embedder of a name. One that the file does not have is an error that names those it has.
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

// open builds the stack of an embedder. The budget is shared by its providers.
func (s *Set) open(st stack, table providers.Table) (embedding.Embedder, error) {
	var purse *middleware.Budget
	if st.currency != "" || st.max != 0 {
		var err error
		if purse, err = middleware.NewBudget(st.max, st.currency); err != nil {
			return nil, err
		}
	}
	if len(st.fallback) > 0 && len(st.balance) > 0 {
		return nil, errors.New("both fallback and balance are given: leave one out")
	}
	var all []embedding.Embedder
	for _, reference := range slices.Concat([]string{st.reference}, st.fallback, st.balance) {
		e, err := table.Open(reference)
		if err == nil && purse != nil {
			e, err = purse.Wrap(e)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if have := all[0].Model().Dimensions; st.dimensions > 0 && have > 0 && have != st.dimensions {
		return nil, fmt.Errorf("%s has %d dimensions, not %d", st.reference, have, st.dimensions)
	}
	o := middleware.StackOptions{Dimensions: st.dimensions, StandardOptions: middleware.StandardOptions{
		Coalesce: st.coalesce, Batch: st.batch, Retry: st.retry, Breaker: st.breaker, Limit: st.limit, Timeout: st.timeout,
	}}
	switch {
	case len(st.fallback) > 0:
		o.Join = func(all ...embedding.Embedder) (embedding.Embedder, error) {
			return middleware.Fallback(middleware.FallbackOptions{Patience: st.patience}, all...)
		}
	case len(st.balance) > 0:
		o.Join = func(all ...embedding.Embedder) (embedding.Embedder, error) {
			targets := make([]middleware.Target, len(all))
			for i, e := range all {
				targets[i].Embedder = e
			}
			return middleware.Balance(middleware.BalanceOptions{}, targets...)
		}
	}
	if st.cached {
		c, err := cache.New(st.cache)
		if err != nil {
			return nil, err
		}
		s.caches = append(s.caches, c)
		o.Cache = c.Wrap
	}
	return middleware.Stack(o, all...)
}
