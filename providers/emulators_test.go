package providers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/jina/jinatest"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/ollama/ollamatest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teitest"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// emulated is a vendor and what its table says of its models.
type emulated struct {
	name   string // of the provider in a reference
	path   string
	open   func(emulator.Options) (*emulator.Server, error)
	model  string
	limits map[string]embedding.Limits
	cuts   bool   // texts that are too long lose their end, whatever is asked
	more   string // options of every reference: short vectors, no prefixes
	vague  bool   // a request of too many texts is refused without saying so
	lumped bool   // a request of too many tokens is refused as a text too long is
}

// vendors are all but DashScope, whose emulator has tests of its own.
func vendors() []emulated {
	c := emulated{name: "cohere", path: coheretest.BasePath, open: coheretest.New, model: "embed-v4.0", limits: map[string]embedding.Limits{}}
	for _, m := range cohere.Models() {
		c.limits[m.ID] = m.Limits
	}
	v := emulated{name: "voyage", path: voyagetest.BasePath, open: voyagetest.New, model: "voyage-4", limits: map[string]embedding.Limits{}}
	for _, m := range voyage.Models() {
		v.limits[m.ID] = m.Limits
	}
	j := emulated{name: "jina", path: jinatest.BasePath, open: jinatest.New, model: "jina-embeddings-v3", limits: map[string]embedding.Limits{}}
	for _, m := range jina.Models() {
		l := m.Limits
		l.Texts = jinatest.MaxTexts // the table keeps to a quarter, and says why
		j.limits[m.ID] = l
	}
	g := emulated{name: "gemini", path: geminitest.BasePath, open: geminitest.New, model: "gemini-embedding-001", more: "&plain=true&dimensions=128", limits: map[string]embedding.Limits{}, cuts: true}
	for _, m := range gemini.Models() {
		g.limits[m.ID] = m.Limits
	}
	o := emulated{name: "openai", path: openaitest.BasePath, open: openaitest.New, model: "text-embedding-3-small", more: "&encoding_format=base64", limits: map[string]embedding.Limits{}, vague: true}
	for _, m := range openai.Models() {
		o.limits[m.ID] = m.Limits
	}
	ol := emulated{name: "ollama", open: ollamatest.New, model: "nomic-embed-text", more: "&plain=true", limits: map[string]embedding.Limits{}}
	for _, m := range ollama.Models() {
		ol.limits[m.ID] = embedding.Limits{TextTokens: m.TextTokens}
	}
	az := emulated{name: "azure", model: "text-embedding-3-small", limits: map[string]embedding.Limits{}, more: "&model={model}",
		open: func(o emulator.Options) (*emulator.Server, error) {
			return azuretest.New(azuretest.Options{Options: o})
		}}
	for _, m := range azure.Models() {
		az.limits[m.ID] = m.Limits
	}
	all := []emulated{az, c, v, j, g, o, ol}
	for _, p := range openai.Presets() {
		if !slices.Contains(presettest.Names(), p.Name) {
			continue // OpenAI
		}
		e := emulated{name: p.Name, path: presettest.BasePath(p.Name), model: presettest.Model(p.Name), limits: map[string]embedding.Limits{},
			open:   func(o emulator.Options) (*emulator.Server, error) { return presettest.New(p.Name, o) },
			cuts:   p.Name == "deepinfra" || p.Name == "lmstudio",
			vague:  p.Name == "deepinfra" || p.Name == "openrouter",
			lumped: p.Name == "zhipu",
		}
		for _, m := range p.Models {
			e.limits[m.ID] = m.Limits
		}
		if tokens := map[string]int{"vllm": 8_192, "lmstudio": 2_048, "llamacpp": 512, "localai": 512}[p.Name]; p.Local {
			e.limits[e.model] = embedding.Limits{TextTokens: tokens}
		}
		all = append(all, e)
	}
	for _, m := range tei.Models() {
		all = append(all, emulated{name: "tei", model: m.ID, more: "&plain=true", limits: map[string]embedding.Limits{m.ID: {Texts: 32, TextTokens: m.TextTokens}},
			open: func(o emulator.Options) (*emulator.Server, error) { o.Model = m.ID; return teitest.New(o) }})
	}
	return all
}

const variable = "KEY_OF_THE_EMULATOR"

// start serves the emulator and returns it with what opens a model of it.
func (v emulated) start(t *testing.T, o emulator.Options) (*emulator.Server, func(model, more string) embedding.Embedder) {
	t.Helper()
	o.Keys = []string{"key-of-the-emulator-51c0ffee"}
	t.Setenv(variable, o.Keys[0])
	s, err := v.open(o)
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, func(model, more string) embedding.Embedder {
		t.Helper()
		ref := fmt.Sprintf("%s:%s?base_url=%s%s&key_env=%s%s", v.name, model, srv.URL, v.path, variable, more)
		e, err := providers.Open(ref)
		expect.NoError(t, err)
		return e
	}
}

// cheap is an Embedder whose vectors mean nothing.
type cheap struct{}

func (cheap) Model() embedding.Model {
	return embedding.Model{Provider: "cheap", ID: "one", Dimensions: 8, Normalized: true, Symmetric: true}
}

func (cheap) Embed(_ context.Context, req embedding.Request) (res embedding.Response, _ error) {
	for range req.Texts {
		res.Vectors = append(res.Vectors, []float32{1, 0, 0, 0, 0, 0, 0, 0})
	}
	return res, nil
}

// counted is a tokenizer for tests of limits: "#9" is 9 tokens, in other texts a word is one.
func counted(text string) int {
	if n, err := strconv.Atoi(strings.TrimPrefix(text, "#")); err == nil && text[0] == '#' {
		return n
	}
	return max(1, len(strings.Fields(text)))
}

// Every model of every table is refused just above each of its limits, with the right Kind, and takes what is just at it.
func TestEmulatorsEnforceTheTables(t *testing.T) {
	const unlimited = "&max_texts=1000000&max_tokens=100000000&max_text_tokens=100000000"
	words := func(n int) string { return fmt.Sprint("#", n) }
	for _, v := range vendors() {
		t.Run(v.name+" "+v.model, func(t *testing.T) {
			words := words
			if v.cuts { // which takes words
				words = func(n int) string { return strings.TrimSpace(strings.Repeat("a ", n)) }
			}
			s, open := v.start(t, emulator.Options{Tokens: counted, CacheBytes: 1 << 20, Embedder: cheap{}})
			for model, l := range v.limits {
				e := open(model, unlimited+strings.ReplaceAll(v.more, "{model}", model))
				ask := func(texts []string) error {
					_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
					return err
				}
				if l.Texts > 0 {
					at := slices.Repeat([]string{"a"}, l.Texts)
					if model == v.model { // so many vectors are enough once a vendor
						if err := ask(at); err != nil {
							t.Errorf("%s: %d texts: %v", model, len(at), err)
						}
					}
					err := ask(append(at, "a"))
					if got, ok := errors.AsType[*embedding.Error](err); !ok || got.Status == 0 ||
						!v.vague && (got.Kind != embedding.TooLarge || got.Allowed.Texts != l.Texts) || v.vague && got.Kind != embedding.Invalid {
						t.Errorf("%s: %d texts: %v", model, len(at)+1, err)
					}
				}
				if l.TextTokens > 0 {
					if err := ask([]string{words(l.TextTokens)}); err != nil {
						t.Errorf("%s: %d tokens: %v", model, l.TextTokens, err)
					}
					before := s.Ledger().Tokens
					switch err := ask([]string{words(l.TextTokens + 1)}); {
					case v.cuts && (err != nil || s.Ledger().Tokens-before != l.TextTokens):
						t.Errorf("%s: %d tokens: %v", model, l.TextTokens+1, err)
					case !v.cuts && !errors.Is(err, embedding.Rejected):
						t.Errorf("%s: %d tokens: %v", model, l.TextTokens+1, err)
					}
				}
				if l.Tokens > 0 {
					part := min(l.TextTokens, l.Tokens/10) // a tenth fits into a text
					texts := slices.Repeat([]string{words(part)}, l.Tokens/part)
					if rest := l.Tokens % part; rest > 0 {
						texts = append(texts, words(rest))
					}
					if err := ask(texts); err != nil {
						t.Errorf("%s: %d tokens in all: %v", model, l.Tokens, err)
					}
					if err := ask(append(texts, "a")); !errors.Is(err, embedding.TooLarge) && !(v.lumped && errors.Is(err, embedding.Rejected)) {
						t.Errorf("%s: %d tokens in all: %v", model, l.Tokens+1, err)
					}
				}
			}
		})
	}
}

// Search through every emulator finds what belongs together, whatever roles, prefixes and dimensions there are.
func TestSearchThroughEmulators(t *testing.T) {
	documents := []string{"how to bake bread with yeast and flour", "the stock market fell sharply today", "a guide to growing tomatoes in the garden"}
	for _, v := range vendors() {
		t.Run(v.name+" "+v.model, func(t *testing.T) {
			s, open := v.start(t, emulator.Options{})
			e := open(v.model, "")
			rows, err := embedding.Documents(t.Context(), e, documents)
			expect.NoError(t, err)
			for i, question := range []string{"baking a loaf", "share prices dropped", "planting vegetables"} {
				q, err := embedding.Query(t.Context(), e, question)
				expect.NoError(t, err)
				var scores []float32
				for _, row := range rows {
					scores = append(scores, embedding.Cosine(q, row))
				}
				if got := slices.Index(scores, slices.Max(scores)); got != i {
					t.Errorf("%q finds %q: %v", question, documents[got], scores)
				}
			}
			if l := s.Ledger(); l.Texts != 6 || l.Twice != 0 || l.Answers[200] < 3 {
				t.Errorf("%+v", l)
			}
		})
	}
}

// Every fault of every emulator has the Kind for a client that its catalog says, and billing that its catalog says.
func TestFaultsOfEmulators(t *testing.T) {
	for _, v := range vendors() {
		t.Run(v.name+" "+v.model, func(t *testing.T) {
			s, open := v.start(t, emulator.Options{Embedder: cheap{}})
			e := open(v.model, "")
			for _, f := range s.Catalog() {
				if f.Name == "hang" || f.Name == "slow" || f.Name == "kill" || f.Name == "overlength-hang" {
					continue // the same code as for DashScope, whose tests have them
				}
				s.Reset()
				expect.NoError(t, s.SetFaults(emulator.Fault{Name: f.Name, Next: 1}))
				res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "b", "c"}})
				if got := embedding.KindOf(err); (err == nil) != (f.Kind == embedding.Unknown) || err != nil && got != f.Kind {
					t.Errorf("%s: got %v, want %v: %v", f.Name, got, f.Kind, err)
				}
				if err == nil && len(res.Vectors) != 3 {
					t.Errorf("%s: %d vectors", f.Name, len(res.Vectors))
				}
				if l := s.Ledger(); l.Faults[f.Name] > 0 && (l.Billed > 0) != (f.Billed || f.Kind == embedding.Unknown) {
					t.Errorf("%s: %+v", f.Name, l)
				}
			}
		})
	}
}

// What is over a rate gets the vendor's refusal, with Retry-After where that is switched on, and is not billed.
func TestRatesOfEmulators(t *testing.T) {
	for _, v := range vendors() {
		t.Run(v.name+" "+v.model, func(t *testing.T) {
			s, open := v.start(t, emulator.Options{Embedder: cheap{}})
			e := open(v.model, "")
			for _, r := range []emulator.Rates{{RPM: 1, RPS: -1}, {TPM: 10, TPS: -1}} {
				s.Reset()
				expect.NoError(t, s.Configure(emulator.Settings{Rates: r, RetryAfter: true}))
				ask := func() error {
					_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"three words long and a few more of them"}})
					return err
				}
				if err := ask(); err != nil {
					t.Errorf("%+v: %v", r, err)
				}
				err := ask()
				if got, ok := errors.AsType[*embedding.Error](err); !ok || got.Kind != embedding.RateLimited || got.RetryAfter <= 0 || got.RetryAfter > time.Minute {
					t.Errorf("%+v: %v", r, err)
				}
				if l := s.Ledger(); l.Billed != 1 {
					t.Errorf("%+v: %+v", r, l)
				}
			}
		})
	}
}

// A program that uses an emulator or a dialect outside of a test does not link the testing package.
func TestEmulatorsImportNoTesting(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	expect.NoError(t, err)
	emulators, dialects := 0, 0
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		switch name := path.Base(deps[0]); {
		case name == "vendortest":
			continue
		case strings.HasSuffix(name, "test"), name == "emulator":
			emulators++
		case strings.HasSuffix(name, "dialect"):
			dialects++
		default:
			continue
		}
		if !slices.Contains(deps, "net/http") {
			t.Errorf("the list of %s is not its own", deps[0])
		}
		if i := slices.IndexFunc(deps, func(d string) bool { return d == "testing" || strings.HasPrefix(d, "testing/") }); i >= 0 {
			t.Errorf("%s imports %s", deps[0], deps[i])
		}
	}
	if emulators != 12 || dialects != 12 {
		t.Errorf("got %d emulators and %d dialects, want 12 of each, the packages that they share among them", emulators, dialects)
	}
}
