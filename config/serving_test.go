package config

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

func TestServing(t *testing.T) {
	s, err := Read(strings.NewReader(`
default: short
server: {address: "127.0.0.1:1", operations: "off", keys: keys, state: state, hosts: [a, b], cert: c, key: k,
  texts: 1, text_bytes: 2, in_flight: 3, body_bytes: 4, bytes: 5, timeout: 6s}
embedders:
  one: {reference: static:base, aliases: [short, "search:v1"], allow_truncate: true}
  two: {reference: "static:base?dimensions=64"}
`), Parts{})
	expect.NoError(t, err)
	expect.Equal(t, "serving", s.Serving(), Serving{
		Default: "short", Address: "127.0.0.1:1", Operations: "off", Keys: "keys", State: "state", Hosts: []string{"a", "b"}, Cert: "c", Key: "k",
		Texts: 1, TextBytes: 2, InFlight: 3, BodyBytes: 4, Bytes: 5, Timeout: 6 * time.Second,
		Models: map[string]Serves{
			"one": {Reference: "static:base", Aliases: []string{"short", "search:v1"}, Truncate: true},
			"two": {Reference: "static:base?dimensions=64"},
		},
	})
	for text, says := range map[string]string{
		"default: x\nembedders: {a: {reference: static:base}}":                                              `the default "x" is no embedder`,
		"embedders:\n  a: {reference: static:base, aliases: [b]}\n  b: {reference: static:base}":            `line 2: embedder "a": the alias "b" is a name of "b" already`,
		"embedders: {a: {reference: static:base, allow_truncate: yes}}":                                     "line 1: ",
		"embedders: {a: {reference: static:base, tokens: cl100k_base}}":                                     "line 1: tokens: cl100k_base needs the full build: go install",
		"embedders: {a: {reference: static:base, tokens: mine}}":                                            "there is no vocabulary of this name; there are cl100k_base",
		"server: {port: 1}\nembedders: {a: {reference: static:base}}":                                       "there are address, body_bytes",
		"embedders: {a: {reference: static:base, aliases: [c]}, b: {reference: static:base, aliases: [c]}}": `the alias "c" is a name of "a" already`,
	} {
		_, err := Read(strings.NewReader(text), Parts{})
		expect.Says(t, text, err, says)
	}
}

// References are embedders under their own names, and under the model's where that is one.
func TestReferences(t *testing.T) {
	s, err := References([]string{"static:base", "static:base?dimensions=64", "ollama:nomic-embed-text"}, 1<<20, Parts{})
	expect.NoError(t, err)
	models := s.Serving().Models
	expect.Equal(t, "aliases", [][]string{models["static:base"].Aliases, models["ollama:nomic-embed-text"].Aliases}, [][]string{{}, {"nomic-embed-text"}})
	e, err := s.Embedder("static:base?dimensions=64")
	expect.NoError(t, err)
	for i, reused := range []int{0, 1} {
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
		if err != nil || len(res.Vectors[0]) != 64 || res.Usage.Reused != reused {
			t.Errorf("call %d: got %+v and %v, want 64 dimensions and %d reused", i, res.Usage, err, reused)
		}
	}
	expect.NoError(t, s.Close())
	for says, all := range map[string][]string{`"static:base" is given twice`: {"static:base", "static:base"}, "there is no provider": {"x:y"}} {
		if _, err := References(all, 0, Parts{}); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "line") {
			t.Errorf("%v: got the error %v, want %q", all, err, says)
		}
	}
}

// Single texts of many callers share a request to a model over the network. Large calls, hits of
// the cache and models of this process do not wait.
func TestGather(t *testing.T) {
	for endpoint, want := range map[string]struct {
		calls int
		took  time.Duration
	}{"api.example": {calls: 1, took: 2 * time.Millisecond}, "": {calls: 30}} {
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Endpoint: endpoint}})
			table := providers.Table{"fake": func(ref.Ref) (embedding.Embedder, error) { return embedding.Chain(f), nil }}
			s, err := References([]string{"fake:m"}, 1<<20, Parts{Providers: table, Gather: 2 * time.Millisecond})
			expect.NoError(t, err)
			defer s.Close()
			e, err := s.Embedder("fake:m")
			expect.NoError(t, err)
			var wg sync.WaitGroup
			for i := range 30 {
				wg.Go(func() {
					start := time.Now()
					res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{fmt.Sprint("text ", i)}})
					if err != nil || len(res.Vectors) != 1 || time.Since(start) != want.took {
						t.Errorf("at %q: got %v after %v, want a vector after %v", endpoint, err, time.Since(start), want.took)
					}
				})
			}
			wg.Wait()
			expect.Equal(t, fmt.Sprintf("at %q: requests for thirty callers", endpoint), len(f.Calls()), want.calls)
			start := time.Now()
			for _, texts := range [][]string{{"a", "b", "c", "d", "e"}, {"text 7"}} {
				_, err = e.Embed(t.Context(), embedding.Request{Texts: texts})
				if err != nil || time.Since(start) != 0 {
					t.Errorf("at %q, %d texts: got %v after %v, want vectors at once", endpoint, len(texts), err, time.Since(start))
				}
			}
		})
	}
}

// Each request that is sent is told under the embedder's name; a hit of the cache is none.
func TestAttempts(t *testing.T) {
	var told []string
	s, err := References([]string{"static:base"}, 1<<20, Parts{Attempts: func(name string, e middleware.Event) {
		told = append(told, fmt.Sprint(name, " ", e.Texts))
	}})
	expect.NoError(t, err)
	defer s.Close()
	e, err := s.Embedder("static:base")
	expect.NoError(t, err)
	for _, texts := range [][]string{{"a", "b"}, {"a"}, {"c"}} {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
		expect.NoError(t, err)
	}
	expect.Equal(t, "requests", told, []string{"static:base 2", "static:base 1"})
}
