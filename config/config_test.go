package config_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

const full = `embedders:
  small:
    reference: static:base?dimensions=64
    dimensions: 64
    cache: {max_bytes: 1048576, ttl: 1h}
    coalesce: {window: 0s, texts: 10}
    batch: {parallel: 2, texts: 10, tokens: 1000, bytes: 10000}
    retry: {budget: 1m, max_wait: 1s, pause: 1ms, max_pause: 1s, attempts: 3}
    breaker: {failures: 3, cooldown: 1s}
    limit: {rpm: 60000, tpm: 100000000, in_flight: 4}
    timeout: 30s
    fallback: ["static:base?dimensions=64"]
    patience: 10s
  spread:
    reference: static:base
    balance: [static:base, static:base]
`

func TestRead(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		s, err := config.Read(strings.NewReader(full), config.Parts{})
		expect.NoError(t, err)
		t.Cleanup(func() { expect.NoError(t, s.Close()) })
		expect.Equal(t, "names", s.Names(), []string{"small", "spread"})
		e, err := s.Embedder("small")
		expect.NoError(t, err)
		expect.Equal(t, "dimensions", e.Model().Dimensions, 64)
		return embedtest.Subject{Embedder: e}
	})
}

// Check asks each account, bypassing the cache, and distinguishes a drift from an embedder without
// a canary.
func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "canary.json")
	e, err := providers.Open("static:base")
	expect.NoError(t, err)
	ref, err := canary.Record(t.Context(), e, canary.Options{})
	expect.NoError(t, err)
	expect.NoError(t, ref.Save(file))
	r := &recorder{}
	s := read(t, fmt.Sprintf(`telemetry: {otel: receiver}
embedders:
  same: {reference: static:base, balance: [static:base], cache: {}, canary: %[1]q}
  other: {reference: "static:base?dimensions=64", canary: %[1]q}
  none: {reference: static:base}
`, filepath.ToSlash(file)), r.parts())
	defer s.Close()
	for range 2 { // the second time too
		r.events = nil
		expect.NoError(t, s.Check(t.Context(), "same"))
		texts := fmt.Sprintf("attempt %d", len(ref.Texts))
		expect.Equal(t, "events of a check", r.events, []string{texts, texts})
	}
	drift, ok := errors.AsType[*canary.Drift](s.Check(t.Context(), "other"))
	if !ok {
		t.Fatalf("got the error %v, want a Drift", s.Check(t.Context(), "other"))
	}
	expect.Equal(t, "dimensions of the drift", drift.NowDimensions, 64)
	for name, want := range map[string]string{"none": "has no canary", "absent": `there is no embedder "absent"`} {
		expect.Says(t, name, s.Check(t.Context(), name), want)
	}
}

// A program that opens a provider by itself does not pay for YAML.
// TestAccounts: references of one provider, host and key variable are one account.
func TestAccounts(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		most                int64 // requests at once
	}{
		{name: "one account", first: "p:a", second: "p:b", most: 1},
		{name: "another provider", first: "p:a", second: "q:a", most: 2},
		{name: "another host", first: "p:a", second: "p:a?base_url=http://two.example", most: 2},
		{name: "another key", first: "p:a", second: "p:a?key_env=SECOND_KEY", most: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now, most atomic.Int64
				open := func(r ref.Ref) (embedding.Embedder, error) {
					m := embedding.Model{Provider: r.Provider, ID: r.Model, Endpoint: r.Values["base_url"], Dimensions: 1}
					return embedding.Wrap(embedtest.NewFake(embedtest.FakeOptions{}), m,
						func(context.Context, embedding.Request) (embedding.Response, error) {
							most.Store(max(most.Load(), now.Add(1)))
							time.Sleep(time.Second)
							now.Add(-1)
							return embedding.Response{Vectors: [][]float32{{1}}}, nil
						}), nil
				}
				file := "embedders:\n  a: {reference: '" + c.first + "', limit: {in_flight: 1}}\n  b: {reference: '" + c.second + "', limit: {in_flight: 1}}\n"
				s, err := config.Read(strings.NewReader(file), config.Parts{Providers: providers.Table{"p": open, "q": open}})
				expect.NoError(t, err)
				defer func() { expect.NoError(t, s.Close()) }()
				var wg sync.WaitGroup
				for _, name := range s.Names() {
					e, err := s.Embedder(name)
					expect.NoError(t, err)
					wg.Go(func() {
						_, err := embedding.Query(t.Context(), e, "text")
						expect.NoError(t, err)
					})
				}
				wg.Wait()
				expect.Equal(t, "requests at once", most.Load(), c.most)
			})
		})
	}
}

// TestLanes: embedders of one account in different lanes. The bulk one leaves a place to the other.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(ref.Ref) (embedding.Embedder, error) {
			f := embedtest.NewFake(embedtest.FakeOptions{})
			return embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
				time.Sleep(time.Second)
				return f.Embed(ctx, req)
			}), nil
		}
		s, err := config.Read(strings.NewReader(`embedders:
  search: {reference: "p:a", limit: {in_flight: 2}, lane: interactive}
  nightly: {reference: "p:a", limit: {in_flight: 2}, lane: bulk, batch: {parallel: 8, texts: 1}}
`), config.Parts{Providers: providers.Table{"p": open}})
		expect.NoError(t, err)
		defer func() { expect.NoError(t, s.Close()) }()
		nightly, err := s.Embedder("nightly")
		expect.NoError(t, err)
		search, err := s.Embedder("search")
		expect.NoError(t, err)
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := embedding.Documents(t.Context(), nightly, []string{"a", "b", "c", "d", "e", "f"})
			expect.NoError(t, err)
			expect.Equal(t, "six bulk texts, one at once, took", time.Since(began), 6*time.Second)
		})
		time.Sleep(1500 * time.Millisecond)
		_, err = embedding.Query(t.Context(), search, "query")
		expect.NoError(t, err)
		expect.Equal(t, "a query was answered after", time.Since(began), 2500*time.Millisecond)
		wg.Wait()
	})
}

func TestYAMLIsNotLinked(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../providers", "../providers/dashscope", "../middleware/cache").Output()
	expect.NoError(t, err)
	if strings.Contains(string(out), "yaml") {
		t.Errorf("got a dependency on YAML, want none:\n%s", out)
	}
}

func ExampleLoad() {
	dir, _ := os.MkdirTemp("", "config")
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "embedders.yaml")
	_ = os.WriteFile(name, []byte("embedders:\n  search:\n    reference: static:base\n    cache: {max_bytes: 1048576}\n    timeout: 10s\n"), 0o600)

	set, err := config.Load(name, config.Parts{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer set.Close()
	e, err := set.Embedder("search")
	if err != nil {
		fmt.Println(err)
		return
	}
	vector, err := embedding.Query(context.Background(), e, "a pet taking a nap")
	fmt.Println(len(vector), err)
	// Output: 256 <nil>
}
