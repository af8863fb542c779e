package config_test

import (
	"context"
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
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
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
		s, err := config.Read(strings.NewReader(full), providers.Builtin())
		expect.NoError(t, err)
		t.Cleanup(s.Close)
		e, err := s.Embedder("small")
		if err != nil || e.Model().Dimensions != 64 || fmt.Sprint(s.Names()) != "[small spread]" {
			t.Fatal(e, err, s.Names())
		}
		return embedtest.Subject{Embedder: e}
	})
}

func TestReadRefuses(t *testing.T) {
	t.Setenv("MISTRAL_API_KEY", "")
	at := func(field string) string { return "embedders:\n  a:\n    reference: static:base\n    " + field + "\n" }
	for text, want := range map[string]string{
		"":                                            "the file is empty",
		"# nothing\n":                                 "the file is empty",
		"embedders: {}\n":                             "line 1: there is no embedder",
		"models: {}\n":                                "line 1: there is no field of this name; there are embedders",
		"embedders:\n  a: static:base":                "line 2: a mapping is needed",
		"embedders:\n  a: {timeout: 1s}":              "line 2: the embedder has no reference",
		at("colour: red"):                             "line 4: there is no field of this name; there are balance, batch",
		at("sk-0123456789: red"):                      "line 4: there is no field",
		at("reference: static:base"):                  "line 4: a name is given twice",
		at("limit: {rpm: many}"):                      "line 4: a whole number above 0",
		at("limit: {rpm: -1}"):                        "line 4: a whole number above 0",
		at("timeout: 30"):                             "line 4: a duration is needed",
		at("budget: {max: .nan, currency: USD}"):      "line 4: a number above 0",
		at("budget: {max: 1, currency: USD}"):         `line 3: embedder "a": middleware.Budget: the price of static:base is unknown`,
		at("batch: &b {texts: 1}"):                    "line 4: a mapping is needed here (name: value), without anchors",
		at("dimensions: !!str 5"):                     "line 4: a plain value",
		at("dimensions: 5"):                           "static:base has 256 dimensions, not 5",
		at("fallback: static:base"):                   "line 4: a list of references",
		at("fallback: ['static:base?dimensions=64']"): `embedder "a"`,
		at("fallback: [static:base]\n    balance: [static:base]"):        "both fallback and balance",
		"embedders:\n  a: {reference: 'static:base?colour=red'}":         `there is no option "colour"`,
		"embedders:\n  a: {reference: 'mistral:mistral-embed'}":          "set the variable MISTRAL_API_KEY",
		"embedders:\n  a: {reference: 'mistral:m?key=sk-0123456789'}":    "holds an API key",
		"embedders:\n  a: {reference: [":                                 "config: line ",
		"embedders: {a: {reference: static:base}}\n---\nembedders: {}\n": "more than one document",
		strings.Repeat("#", config.MaxBytes+1):                           "more than 1048576 bytes",
		"a: &a [x]\nembedders: {b: *a}\n":                                "line 1: there is no field",
	} {
		s, err := config.Read(strings.NewReader(text), providers.Builtin())
		if err == nil || s != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%.80q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(full)
	f.Add("a: &a [*a, *a]\nembedders: {<<: *a}")
	f.Fuzz(func(t *testing.T, text string) {
		table := providers.Table{"static": providers.Builtin()["static"]}
		s, err := config.Read(strings.NewReader(text), table)
		if (s == nil) == (err == nil) {
			t.Error(s, err)
		}
		if s != nil {
			s.Close()
		}
	})
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
				open := func(ref providers.Ref) (embedding.Embedder, error) {
					m := embedding.Model{Provider: ref.Provider, ID: ref.Model, Endpoint: ref.Values["base_url"], Dimensions: 1}
					return embedding.Wrap(embedtest.NewFake(embedtest.FakeOptions{}), m,
						func(context.Context, embedding.Request) (embedding.Response, error) {
							most.Store(max(most.Load(), now.Add(1)))
							time.Sleep(time.Second)
							now.Add(-1)
							return embedding.Response{Vectors: [][]float32{{1}}}, nil
						}), nil
				}
				file := "embedders:\n  a: {reference: '" + c.first + "', limit: {in_flight: 1}}\n  b: {reference: '" + c.second + "', limit: {in_flight: 1}}\n"
				s, err := config.Read(strings.NewReader(file), providers.Table{"p": open, "q": open})
				expect.NoError(t, err)
				defer s.Close()
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

func TestYAMLIsNotLinked(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../providers", "../providers/dashscope", "../middleware/cache").Output()
	if err != nil || strings.Contains(string(out), "yaml") {
		t.Error(err, string(out))
	}
}

func ExampleLoad() {
	dir, _ := os.MkdirTemp("", "config")
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "embedders.yaml")
	_ = os.WriteFile(name, []byte("embedders:\n  search:\n    reference: static:base\n    cache: {max_bytes: 1048576}\n    timeout: 10s\n"), 0o600)

	set, err := config.Load(name)
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
