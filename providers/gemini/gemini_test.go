package gemini_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func emulate(t *testing.T, o gemini.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(geminitest.New(emulator.Options{Keys: []string{vendortest.Key}}))
	o.Model, o.Key, o.BaseURL = cmp.Or(o.Model, "gemini-embedding-001"), cmp.Or(o.Key, vendortest.Key), s.URL+geminitest.BasePath+"/"
	return s, vendortest.Opened(t)(gemini.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]gemini.Options{
		"task types":         {Dimensions: 128},
		"prefixes":           {Model: "gemini-embedding-2", Dimensions: 128},
		"plain":              {Plain: true, Dimensions: 256},
		"unknown dimensions": {Model: "gemini-embedding-001", Unlisted: true},
	})
}

var wire = embedtest.Wire{
	Positional: true,
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		var req struct {
			Requests []struct {
				Content struct{ Parts []struct{ Text string } }
			}
		}
		if err := json.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/models/gemini-embedding-001:batchEmbedContents" {
			return nil, fmt.Errorf("%s: %s, %w", r.URL.Path, body, err)
		}
		var texts []string
		for _, one := range req.Requests {
			texts = append(texts, one.Content.Parts[0].Text)
		}
		return texts, nil
	},
	Answer: func(items []embedtest.WireItem, tokens int) []byte {
		return fmt.Appendf(nil, `{"embeddings":[%s],"usageMetadata":{"promptTokenCount":%d}}`, vendortest.Rows(items, `{"values":%s}`), tokens)
	},
}

func TestWire(t *testing.T) {
	embedtest.TestHTTPWire(t, wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(gemini.New(gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
	})
}

func open(base string) (embedding.Embedder, error) {
	return gemini.New(gemini.Options{Model: "gemini-embedding-001", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, nil)
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    gemini.Options
		task embedding.Task
		want string // of an item
	}{
		{gemini.Options{}, embedding.TaskDocument, `{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hi"}]},"taskType":"RETRIEVAL_DOCUMENT"}`},
		{gemini.Options{Dimensions: 768}, embedding.TaskQuery, `{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hi"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":768}`},
		{gemini.Options{}, embedding.TaskSimilarity, `{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hi"}]},"taskType":"SEMANTIC_SIMILARITY"}`},
		{gemini.Options{Plain: true}, embedding.TaskQuery, `{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"hi"}]}}`},
		{gemini.Options{Model: "gemini-embedding-2"}, embedding.TaskQuery, `{"model":"models/gemini-embedding-2","content":{"parts":[{"text":"task: search result | query: hi"}]}}`},
	} {
		s, e := emulate(t, tc.o)
		res := s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, `{"requests":[`+tc.want+`]}`)
		expect.Equal(t, "usage", res.Usage, embedding.Usage{Requests: 1, Unmetered: 1})
	}
}

// The service's shorter vectors are the beginnings of the long ones.
func TestUnitLength(t *testing.T) {
	for _, dims := range []int{128, 768, 3072} {
		_, e := emulate(t, gemini.Options{Dimensions: dims})
		v, err := embedding.Query(t.Context(), e, "hi")
		expect.NoError(t, err)
		sum := 0.0
		for _, f := range v {
			sum += float64(f) * float64(f)
		}
		if len(v) != dims || math.Abs(sum-1) > 1e-5 {
			t.Errorf("got %d dimensions, squared length %v, want length %v", len(v), sum, dims)
		}
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(gemini.KeyVariable, "")
	vendortest.BadOptions(t, func(o gemini.Options) (embedding.Embedder, error) { o.HTTPClient = client; return gemini.New(o) },
		[]vendortest.BadOption[gemini.Options]{
			vendortest.Bad("no model", gemini.Options{}, embedding.Invalid, "no model is named; there are gemini-embedding-2"),
			vendortest.Bad("unknown model", gemini.Options{Model: "gemini-embedding-9"}, embedding.Invalid, `no model "gemini-embedding-9" in the table; there are gemini-embedding-2, gemini-embedding-001`),
			vendortest.Bad("a path for a model", gemini.Options{Model: "models/gemini-embedding-001", Unlisted: true}, embedding.Invalid, "leave models/ out"),
			vendortest.Bad("too few dimensions", gemini.Options{Model: "gemini-embedding-001", Dimensions: 64}, embedding.Invalid, "it has 128 to 3072"),
			vendortest.Bad("too many dimensions", gemini.Options{Model: "gemini-embedding-001", Dimensions: 4096}, embedding.Invalid, "it has 128 to 3072"),
			vendortest.Bad("negative dimensions", gemini.Options{Model: "gemini-embedding-001", Dimensions: -1}, embedding.Invalid, "at least 1"),
			vendortest.Bad("no key", gemini.Options{Model: "gemini-embedding-001"}, embedding.Auth, "set the variable GEMINI_API_KEY"),
			vendortest.Bad("another's host", gemini.Options{Model: "gemini-embedding-001", BaseURL: "https://proxy.example/v1beta"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("key in the URL", gemini.Options{Model: "gemini-embedding-001", BaseURL: gemini.BaseURL + "?key=hidden", Key: "k"}, embedding.Invalid, "has a query"),
			vendortest.Bad("key in the clear", gemini.Options{Model: "gemini-embedding-001", BaseURL: "http://proxy.example", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestModel(t *testing.T) {
	m := vendortest.Opened(t)(gemini.New(gemini.Options{Model: "gemini-embedding-001", Dimensions: 768, Key: "k"})).Model()
	if m.Space != "gemini/gemini-embedding-001@768" || m.Symmetric || m.Variant != "taskType" || !m.Normalized ||
		m.Limits != (embedding.Limits{Texts: 100, TextTokens: 2048}) || m.Price.PerMillion != 0.15 {
		t.Errorf("got %+v, want Space gemini/gemini-embedding-001@768, Symmetric false, Variant taskType, Normalized true, Limits %v, PerMillion %v",
			m, embedding.Limits{Texts: 100, TextTokens: 2048}, 0.15)
	}
	m = vendortest.Opened(t)(gemini.New(gemini.Options{Model: "gemini-embedding-001", Key: "k", Plain: true})).Model()
	expect.Equal(t, "symmetric", m.Symmetric, true)
	expect.Equal(t, "variant", m.Variant, "")
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, gemini.Options{Limits: embedding.Limits{Texts: 1000}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 101), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 100})
	_, e = emulate(t, gemini.Options{Key: "another-key-0123456789"})
	expect.Equal(t, "status", vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong").Status, 400)
	_, e = emulate(t, gemini.Options{Model: "gemini-embedding-9", Unlisted: true})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "no such model for embeddings")
}
