package config_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// recorder has parts that record their calls.
type recorder struct {
	events  []string
	fake    embedding.Embedder // of the provider fake
	refuses error              // of a quota
	close   error              // of telemetry
}

func (r *recorder) note(format string, args ...any) {
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) closer(what string, err error) func() error {
	return func() error { r.note("close %s", what); return err }
}

func (r *recorder) watch(what string) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			r.note("%s %d", what, len(req.Texts))
			return next.Embed(ctx, req)
		})
	}
}

func (r *recorder) parts() config.Parts {
	table := providers.Builtin()
	table["fake"] = func(ref.Ref) (embedding.Embedder, error) { return r.fake, nil }
	tier := func(name string) func(config.Tier) (cache.Store, func() error, error) {
		return func(t config.Tier) (cache.Store, func() error, error) {
			if t.Address == "broken" {
				return nil, nil, errors.New("the file is broken")
			}
			r.note("open %s %s %v %d", name, t.Address, t.TTL, t.MaxBytes)
			return store{r}, r.closer(t.Address, nil), nil
		}
	}
	return config.Parts{
		Providers: table,
		Tiers:     map[string]func(config.Tier) (cache.Store, func() error, error){"disk": tier("disk"), "redis": tier("redis")},
		Quotas: map[string]func(address, account string) (middleware.Quota, func() error, error){
			"redis": func(address, account string) (middleware.Quota, func() error, error) {
				r.note("open %s at %s", account, address)
				return quota{r}, r.closer(account, nil), nil
			},
		},
		Telemetry: map[string]func(string) (config.Telemetry, func() error, error){"otel": func(address string) (config.Telemetry, func() error, error) {
			if address == "broken" {
				return config.Telemetry{}, nil, errors.New("the address is broken")
			}
			r.note("open %s", address)
			return config.Telemetry{Observe: r.watch("observe"), Attempts: r.watch("attempt")}, r.closer(address, r.close), nil
		}},
	}
}

// store is a tier that holds nothing and notes how long it may take.
type store struct{ r *recorder }

func (s store) Get(ctx context.Context, _ []cache.Key, _ [][]float32) error {
	deadline, _ := ctx.Deadline()
	s.r.note("get within %v", time.Until(deadline).Round(time.Hour))
	return nil
}
func (store) Set(context.Context, []cache.Key, [][]float32) error { return nil }
func (store) Purge(context.Context, []byte) error                 { return nil }

type quota struct{ r *recorder }

func (q quota) Take(_ context.Context, d middleware.Draw) (time.Duration, error) {
	if d.Requests > 0 {
		q.r.note("take %d of %d in %v", d.Requests, d.RPM, d.Window)
	}
	return 0, q.r.refuses
}

func read(t *testing.T, text string, parts config.Parts) *config.Set {
	t.Helper()
	s, err := config.Read(strings.NewReader(text), parts)
	expect.NoError(t, err)
	return s
}

// Parts are opened once, used in their places, and closed after the caches in the reverse order.
func TestParts(t *testing.T) {
	r := &recorder{close: errors.New("the receiver is away")}
	s := read(t, `telemetry: {otel: receiver}
embedders:
  a:
    reference: static:base
    cache: {tier: {disk: file, ttl: 1h, max_bytes: 5, timeout: 24h}}
    limit: {rpm: 100, window: 1m, shared: {redis: server, account: acme, processes: 2}}
    fallback: [static:base]
  b:
    reference: static:base
    cache: {tier: {disk: file, ttl: 1h, max_bytes: 5}}
  c:
    reference: static:base
    cache: {tier: {redis: file}}
`, r.parts())
	e, err := s.Embedder("a")
	expect.NoError(t, err)
	_, err = embedding.Documents(t.Context(), e, []string{"one", "two"})
	expect.NoError(t, err)
	for range 2 {
		if err := s.Close(); !errors.Is(err, r.close) {
			t.Errorf("got the error %v of Close, want %v", err, r.close)
		}
	}
	expect.Equal(t, "events", r.events, []string{
		"open receiver", "open acme at server", "open acme/2 at server", "open disk file 1h0m0s 5", "open redis file 0s 0",
		"observe 2", "get within 24h0m0s", "get within 24h0m0s", "take 1 of 100 in 1m0s", "attempt 2",
		"close file", "close file", "close acme/2", "close acme", "close receiver",
	})
}

// A part that the program lacks is named with its line and the build that has it.
func TestMissingParts(t *testing.T) {
	at := func(field string) string { return "embedders:\n  a:\n    reference: static:base\n    " + field + "\n" }
	for text, want := range map[string]string{
		at("cache: {tier: {disk: a}}"):                                     "line 4: tier: disk needs the full build",
		at("cache: {tier: {redis: a}}"):                                    "line 4: tier: redis needs the full build",
		at("limit: {rpm: 1, shared: {redis: a, account: b}}"):              "line 4: shared: redis needs the full build",
		"telemetry: {otel: a}\nembedders: {a: {reference: static:base}}\n": "line 1: telemetry: otel needs the full build",
	} {
		s, err := config.Read(strings.NewReader(text), config.Parts{})
		if s != nil || err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "go install github.com/vecspace/embedding/full/cmd/vecspace@latest") {
			t.Errorf("%q: got the error %v, want %q and how to install the full build", text, err, want)
		}
	}
}

// A tier needs a Space: one that the first answer tells is enough, none at all is an error.
func TestTierNeedsASpace(t *testing.T) {
	of := func(m embedding.Model) embedding.Embedder {
		return embedding.Wrap(nil, m, func(_ context.Context, req embedding.Request) (embedding.Response, error) {
			return embedding.Response{Vectors: make([][]float32, len(req.Texts))}, nil
		})
	}
	const text = "embedders: {a: {reference: fake:m, cache: {tier: {disk: file}}}}\n"
	for name, m := range map[string]embedding.Model{"no ID": {Provider: "p"}, "no Provider": {ID: "m", Dimensions: 4}} {
		_, err := config.Read(strings.NewReader(text), (&recorder{fake: of(m)}).parts())
		expect.Says(t, name, err, `embedder "a": tier: fake:m has no Space`)
	}
	read(t, text, (&recorder{fake: of(embedding.Model{Provider: "p", ID: "m"})}).parts())
	read(t, text, (&recorder{fake: of(embedding.Model{Space: "s"})}).parts())
}

// max_bytes: 0 is the default, as docs/config.md says.
func TestZeroSizes(t *testing.T) {
	r := &recorder{}
	read(t, "embedders: {a: {reference: static:base, cache: {max_bytes: 0, tier: {disk: file, max_bytes: 0}}}}\n", r.parts())
	expect.Equal(t, "events", r.events, []string{"open disk file 0s 0"})
}

// Parts opened before an error are closed.
func TestPartsAreClosedAfterAnError(t *testing.T) {
	for text, want := range map[string]string{
		"telemetry: {otel: receiver}\nembedders: {a: {reference: static:base, cache: {tier: {disk: broken}}}}\n":                                                  `line 2: embedder "a": the file is broken`,
		"telemetry: {otel: receiver}\nembedders: {a: {reference: static:large}}\n":                                                                                `there is no model "large"`,
		"embedders: {a: {reference: static:base, cache: {tier: {disk: receiver}}}, b: {reference: static:base, cache: {tier: {disk: receiver, max_bytes: 7}}}}\n": "another ttl or max_bytes",
	} {
		r := &recorder{}
		_, err := config.Read(strings.NewReader(text), r.parts())
		expect.Says(t, fmt.Sprintf("%q", text), err, want)
		if len(r.events) != 2 || r.events[1] != "close receiver" {
			t.Errorf("%q: got %q, want one part opened and closed", text, r.events)
		}
	}
	_, err := config.Read(strings.NewReader("telemetry: {otel: broken}\nembedders: {a: {reference: static:base}}\n"), (&recorder{}).parts())
	expect.Says(t, "the error", err, "telemetry: the address is broken")
}

// A shared limit that does not answer refuses, or leaves each process its part.
func TestSharedLimitAway(t *testing.T) {
	for field, want := range map[string]error{"": embedding.Unavailable, ", processes: 2": nil} {
		r := &recorder{refuses: errors.New("down"), fake: embedtest.NewFake(embedtest.FakeOptions{})}
		s := read(t, "embedders: {a: {reference: fake:x, retry: {attempts: 1}, limit: {rpm: 6000, shared: {redis: s, account: b"+field+"}}}}\n", r.parts())
		e, err := s.Embedder("a")
		expect.NoError(t, err)
		if _, err = embedding.Query(t.Context(), e, "text"); !errors.Is(err, want) {
			t.Errorf("%q: got the error %v, want %v", field, err, want)
		}
		expect.NoError(t, s.Close())
	}
}
