package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/internal/roles"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// MaxBytes is the largest size of a file.
const MaxBytes = 1 << 20

// Set is the embedders of a file. It is safe for concurrent use.
type Set struct {
	embedders map[string]embedding.Embedder
	canaries  map[string]canaryOf
	caches    []*cache.Cache
	limits    map[account]embedding.Middleware
	tiers     map[part]openedTier
	telemetry Telemetry
	serving   Serving
	closers   []func() error
	close     func() error
}

// account is what a provider limits together, as far as references tell. The same account with
// other limits counts as another one, because providers may limit each model by itself.
type account struct {
	provider, endpoint, keyEnv string
	limit                      middleware.LimitOptions
}

// Load opens the embedders of a file. It makes no network call: an error is about the file, a file
// or part that it names, a missing environment variable, or embedders that cannot be mixed. Close
// the Set once its embedders are no longer used.
func Load(name string, parts Parts) (*Set, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	s, err := Read(f, parts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Read is [Load] of a reader.
func Read(r io.Reader, parts Parts) (*Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("config: the file has more than %d bytes", MaxBytes)
	}
	f, err := decode(data, parts)
	if err != nil {
		return nil, err
	}
	return open(f, parts)
}

// References opens embedders without a file, each under its reference and with the standard stack
// behind a cache of cacheBytes; 0 means no cache.
func References(references []string, cacheBytes int64, parts Parts) (*Set, error) {
	f := file{stacks: map[string]stack{}}
	for _, reference := range references {
		if _, twice := f.stacks[reference]; twice {
			return nil, fmt.Errorf("config: the reference %q is given twice", reference)
		}
		st := stack{reference: reference, timeout: time.Minute, cached: cacheBytes > 0}
		st.cache.MaxBytes = cacheBytes
		if r, err := ref.Parse(reference); err == nil {
			st.aliases = []string{r.Model}
		}
		f.stacks[reference] = st
	}
	f.unique()
	return open(f, parts)
}

func open(f file, parts Parts) (*Set, error) {
	if parts.Providers == nil {
		parts.Providers = providers.Builtin()
	}
	s := &Set{embedders: map[string]embedding.Embedder{}, canaries: map[string]canaryOf{},
		limits: map[account]embedding.Middleware{}, tiers: map[part]openedTier{}}
	s.close = sync.OnceValue(s.closeAll)
	if err := s.openAll(f, parts); err != nil {
		return nil, errors.Join(fmt.Errorf("config: %w", err), s.Close())
	}
	return s, nil
}

func (s *Set) openAll(f file, parts Parts) error {
	if t := f.telemetry; t.name != "" {
		telemetry, closeIt, err := parts.Telemetry[t.name](t.address)
		if err != nil {
			return fmt.Errorf("telemetry: %w", err)
		}
		s.telemetry = telemetry
		s.closing(closeIt)
	}
	for _, name := range slices.Sorted(maps.Keys(f.stacks)) {
		st := f.stacks[name]
		e, err := s.open(name, st, parts)
		if err != nil && st.line == 0 {
			return err // it names the reference
		}
		if err != nil {
			return fmt.Errorf("line %d: embedder %q: %w", st.line, name, err)
		}
		s.embedders[name] = e
	}
	s.serving = f.serving
	s.serving.Models = map[string]Serves{}
	for name, st := range f.stacks {
		s.serving.Models[name] = Serves{Reference: st.reference, Aliases: st.aliases, Truncate: st.truncate, Tokens: st.tokens}
	}
	return nil
}

// Embedder returns the embedder of a name. An error lists the names that the file has.
func (s *Set) Embedder(name string) (embedding.Embedder, error) {
	if e := s.embedders[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("config: there is no embedder %q; there are %s", name, strings.Join(s.Names(), ", "))
}

// Names returns the names of the embedders, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.embedders)) }

// Close frees the caches, then closes the parts that the file named; the embedders go on without
// them, except for a shared limit, which then refuses. The error is what the parts could not do,
// such as telemetry that could not be sent. Calls after the first return the same.
func (s *Set) Close() error { return s.close() }

func (s *Set) closeAll() error {
	for _, c := range s.caches {
		c.Close()
	}
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// open builds the stack of an embedder. The budget is shared by its providers.
func (s *Set) open(name string, st stack, parts Parts) (embedding.Embedder, error) {
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
	if st.roles.Query != "" && len(st.fallback)+len(st.balance) > 0 {
		return nil, errors.New("query and fallback or balance are given: queries would have one account only, so leave one out")
	}
	o := middleware.StackOptions{Dimensions: st.dimensions, StandardOptions: middleware.StandardOptions{
		Coalesce: st.coalesce, Batch: st.batch, Retry: st.retry, Breaker: st.breaker, Timeout: st.timeout,
		Limit: middleware.LimitOptions{Lane: st.lane}, // the accounts have the rest
	}}
	if parts.Attempts != nil {
		o.Attempts = func(e middleware.Event) { parts.Attempts(name, e) }
	}
	var all []embedding.Embedder
	for _, reference := range slices.Concat([]string{st.reference}, st.fallback, st.balance) {
		e, err := parts.Providers.Open(reference)
		if err == nil && st.roles != (roles.Options{}) {
			e, err = st.roles.Wrap(e, parts.Providers)
		}
		if err == nil && purse != nil {
			e, err = purse.Wrap(e)
		}
		if err != nil {
			return nil, err
		}
		limit, err := s.limit(reference, e.Model(), st, len(all), parts)
		if err != nil {
			return nil, err
		}
		all = append(all, embedding.Chain(e, s.telemetry.Attempts))
		o.Accounts = append(o.Accounts, limit)
	}
	if have := all[0].Model().Dimensions; st.dimensions > 0 && have > 0 && have != st.dimensions {
		return nil, fmt.Errorf("%s has %d dimensions, not %d", st.reference, have, st.dimensions)
	}
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
	if st.canary != "" {
		ref, err := canary.Load(st.canary)
		if err != nil {
			return nil, err
		}
		c := canaryOf{reference: ref}
		for i, e := range all {
			c.accounts = append(c.accounts,
				embedding.Chain(e, middleware.Retry(st.retry), o.Accounts[i], middleware.Timeout(st.timeout)))
		}
		s.canaries[name] = c
	}
	if st.cached {
		if st.tier.name != "" {
			var err error
			if st.cache.Store, err = s.openTier(st.tier, parts); err != nil {
				return nil, err
			}
		}
		c, err := cache.New(st.cache)
		if err != nil {
			return nil, err
		}
		s.caches = append(s.caches, c)
		o.Cache = c.Wrap
	}
	if parts.Gather > 0 && st.coalesce.Window == 0 && all[0].Model().Endpoint != "" {
		outer := o.Cache
		o.Cache = func(next embedding.Embedder) embedding.Embedder {
			return embedding.Chain(gather(parts.Gather)(next), outer)
		}
	}
	e, err := middleware.Stack(o, all...)
	if err != nil {
		return nil, err
	}
	if m := e.Model(); st.tier.name != "" && m.Space == "" && (m.Provider == "" || m.ID == "") {
		return nil, fmt.Errorf("tier: %s has no Space, and none follows from its first answer: give it a Provider and an ID, or a Space", st.reference)
	}
	return embedding.Chain(e, s.telemetry.Observe), nil
}

// limit returns the Limit of a reference's account. References of one provider, host and key
// variable share one if their limits are equal, and with it the pace that it learns. A shared
// quota has the account's name for the first reference, and name/2, name/3 and so on for those of
// fallback or balance.
func (s *Set) limit(reference string, m embedding.Model, st stack, index int, parts Parts) (embedding.Middleware, error) {
	if st.shared.name == "" {
		r, err := ref.Parse(reference)
		if err != nil {
			return nil, err
		}
		a := account{m.Provider, m.Endpoint, r.Values["key_env"], st.limit}
		if s.limits[a] == nil {
			s.limits[a] = middleware.Limit(st.limit)
		}
		return s.limits[a], nil
	}
	if index > 0 {
		st.account = fmt.Sprintf("%s/%d", st.account, index+1)
	}
	quota, closeIt, err := parts.Quotas[st.shared.name](st.shared.address, st.account)
	if err != nil {
		return nil, err
	}
	s.closing(closeIt)
	st.limit.Shared = quota
	return middleware.Limit(st.limit), nil
}

// canaryOf is the reference that an embedder's accounts are checked against.
type canaryOf struct {
	reference canary.Reference
	accounts  []embedding.Embedder
}

// Check asks each account of an embedder for the texts of the canary that the file names, past the
// caches, and compares the vectors. It returns nil if they are the canary's, a [*canary.Drift] if
// the model has changed, and any other error if it cannot tell. Call it on start or at intervals.
func (s *Set) Check(ctx context.Context, name string) error {
	if _, err := s.Embedder(name); err != nil {
		return err
	}
	c, ok := s.canaries[name]
	if !ok {
		return fmt.Errorf("config: embedder %q has no canary: record one by canary.Record and name its file as canary: FILE", name)
	}
	var errs []error
	for _, e := range c.accounts {
		errs = append(errs, canary.Check(ctx, e, c.reference))
	}
	return errors.Join(errs...)
}
