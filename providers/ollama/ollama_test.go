package ollama_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/ollama/ollamatest"
)

func emulate(t *testing.T, o ollama.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(ollamatest.New(emulator.Options{}))
	o.Model, o.BaseURL = cmp.Or(o.Model, "nomic-embed-text"), s.URL
	return s, vendortest.Opened(t)(ollama.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]ollama.Options{
		"prefixes": {},
		"plain":    {Plain: true},
		"cut":      {Dimensions: 64, Truncate: true},
		"unlisted": {Model: "nomic-embed-text:latest", NativeDimensions: 768, QueryPrefix: "q: "},
	})
}

var wire = embedtest.Wire{
	Positional: true,
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		var req struct {
			Model string
			Input []string
		}
		if err := json.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/api/embed" || req.Model == "" {
			return nil, fmt.Errorf("%s: %s, %w", r.URL.Path, body, err)
		}
		return req.Input, nil
	},
	Answer: func(items []embedtest.WireItem, tokens int) []byte {
		return fmt.Appendf(nil, `{"model":"m","embeddings":[%s],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":%d}`, vendortest.Rows(items, "%s"), tokens)
	},
}

// A key is sent in both: the suite's server repeats it in errors, and only a key that is known can
// be hidden.
func TestWire(t *testing.T) {
	for name, dims := range map[string]int{"unknown dimensions": 0, "known dimensions": 16} {
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
				return vendortest.Opened(t)(ollama.New(ollama.Options{Model: "m", NativeDimensions: dims, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
			})
		})
	}
}

func open(base string) (embedding.Embedder, error) {
	return ollama.New(ollama.Options{Model: "nomic-embed-text", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, map[string]string{
		"wrong region":          "a server of one's own",
		"dimension not offered": "the server cuts what it has, and the guard finds answers of another length",
		"too many texts":        "it has no limit",
		"quota gone":            "it costs nothing",
	})
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    ollama.Options
		task embedding.Task
		want string
	}{
		{ollama.Options{}, embedding.TaskDocument, `{"model":"nomic-embed-text:latest","input":["search_document: <hi>"],"truncate":false}`},
		{ollama.Options{}, embedding.TaskQuery, `{"model":"nomic-embed-text:latest","input":["search_query: <hi>"],"truncate":false}`},
		{ollama.Options{}, embedding.TaskClustering, `{"model":"nomic-embed-text:latest","input":["clustering: <hi>"],"truncate":false}`},
		{ollama.Options{Plain: true, Truncate: true, KeepAlive: "-1"}, embedding.TaskQuery, `{"model":"nomic-embed-text:latest","input":["<hi>"],"truncate":true,"keep_alive":-1}`},
		{ollama.Options{QueryPrefix: "q: ", KeepAlive: "10m", Context: 4096, Dimensions: 64}, embedding.TaskQuery,
			`{"model":"nomic-embed-text:latest","input":["q: <hi>"],"truncate":false,"dimensions":64,"keep_alive":"10m","options":{"num_ctx":4096}}`},
		{ollama.Options{Prefix: "none"}, embedding.TaskQuery, `{"model":"nomic-embed-text:latest","input":["<hi>"],"truncate":false}`},
		{ollama.Options{Prefix: "qwen3"}, embedding.TaskQuery,
			`{"model":"nomic-embed-text:latest","input":["Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:<hi>"],"truncate":false}`},
		{ollama.Options{QueryPrefix: "q: "}, embedding.TaskDocument, `{"model":"nomic-embed-text:latest","input":["<hi>"],"truncate":false}`},
	} {
		s, e := emulate(t, tc.o)
		s.Receives(t, e, embedding.Request{Texts: []string{"<hi>"}, Task: tc.task}, tc.want)
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv("NO_SUCH_KEY", "")
	vendortest.BadOptions(t, func(o ollama.Options) (embedding.Embedder, error) { o.HTTPClient = client; return ollama.New(o) },
		[]vendortest.BadOption[ollama.Options]{
			vendortest.Bad("no model", ollama.Options{}, embedding.Invalid, "no model is named"),
			vendortest.Bad("negative dimensions", ollama.Options{Model: "m", Dimensions: -1}, embedding.Invalid, "at least 1 dimension"),
			vendortest.Bad("too many dimensions", ollama.Options{Model: "nomic-embed-text", Dimensions: 1024}, embedding.Invalid, "it has 1 to 768"),
			vendortest.Bad("not to be cut", ollama.Options{Model: "all-minilm", Dimensions: 64}, embedding.Invalid, "it has 384 only"),
			vendortest.Bad("wrong native dimensions", ollama.Options{Model: "bge-m3", NativeDimensions: 768}, embedding.Invalid, "has 1024 dimensions, not 768"),
			vendortest.Bad("keep_alive", ollama.Options{Model: "m", KeepAlive: "soon"}, embedding.Invalid, "such as 10m"),
			vendortest.Bad("context", ollama.Options{Model: "m", Context: -1}, embedding.Invalid, "context"),
			vendortest.Bad("plain and prefix", ollama.Options{Model: "m", Plain: true, QueryPrefix: "q"}, embedding.Invalid, "leave one out"),
			vendortest.Bad("row and own prefix", ollama.Options{Model: "m", Prefix: "e5", QueryPrefix: "q"}, embedding.Invalid, "exclude each other"),
			vendortest.Bad("unknown model", ollama.Options{Model: "m", Prefix: "auto"}, embedding.Invalid, "does not have the model m"),
			vendortest.Bad("no key", ollama.Options{Model: "m", KeyEnv: "NO_SUCH_KEY"}, embedding.Auth, "NO_SUCH_KEY"),
			vendortest.Bad("the whole URL", ollama.Options{Model: "m", BaseURL: "http://localhost:11434/api/embed"}, embedding.Invalid, "ends in /api/embed"),
			vendortest.Bad("key in the clear", ollama.Options{Model: "m", BaseURL: "http://gpu.example", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestHost(t *testing.T) {
	for variable, want := range map[string]string{
		"":                      "127.0.0.1:11434",
		"0.0.0.0":               "127.0.0.1:11434",
		":8080":                 "127.0.0.1:8080",
		"gpu.example":           "gpu.example:11434",
		"gpu.example:80":        "gpu.example:80",
		"http://gpu.example":    "gpu.example",
		"https://gpu.example/x": "gpu.example",
		"[::1]":                 "[::1]:11434",
		"[::]:9":                "[::1]:9",
		` "10.0.0.1:7" `:        "10.0.0.1:7",
	} {
		t.Setenv(ollama.HostVariable, variable)
		e, err := ollama.New(ollama.Options{Model: "m"})
		if err != nil {
			t.Errorf("%q: %v", variable, err)
		} else if got := e.Model().Endpoint; got != want {
			t.Errorf("%q: %q, want %q", variable, got, want)
		}
	}
}

func TestModel(t *testing.T) {
	_, e := emulate(t, ollama.Options{})
	m := e.Model()
	if m.ID != "nomic-embed-text:latest" || m.Space != embedding.Space("ollama@"+m.Endpoint+"/nomic-embed-text:latest@768") || m.Symmetric || !m.Normalized ||
		m.Limits != (embedding.Limits{TextTokens: 2048 - 7}) || !strings.Contains(m.Variant, `query="search_query: "`) {
		t.Errorf("got %+v, want ID nomic-embed-text:latest, Space ollama@{Endpoint}/nomic-embed-text:latest@768, Symmetric false, Normalized true, Limits %v, %q",
			m, embedding.Limits{TextTokens: 2048 - 7}, `query="search_query: "`)
	}
	_, e = emulate(t, ollama.Options{Plain: true})
	expect.Equal(t, "variant", e.Model().Variant, "")
	expect.Equal(t, "symmetric", e.Model().Symmetric, true)
	// Another tag is another model.
	e, err := ollama.New(ollama.Options{Model: "nomic-embed-text:v2"})
	if err != nil || e.Model().Dimensions != 0 || e.Model().Space != "" {
		t.Errorf("got %+v, %v, want Dimensions 0, Space none", e.Model(), err)
	}
	all := ollama.Catalog()
	all[0].Model = "edited"
	if slices.ContainsFunc(ollama.Catalog(), func(m catalog.Entry) bool { return m.Model == "edited" }) {
		t.Error("a caller's edit is seen by others")
	}
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, ollama.Options{Model: "nomic", NativeDimensions: 768})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "ollama pull nomic")
	long := strings.Repeat("word ", 3000)
	_, e = emulate(t, ollama.Options{})
	vendortest.Failure(t, e, []string{long}, embedding.Rejected, "Options.Truncate")
	_, e = emulate(t, ollama.Options{Truncate: true})
	_, err := embedding.Query(t.Context(), e, long)
	expect.NoError(t, err)
	// The server ignores dimensions beyond the model's own.
	_, e = emulate(t, ollama.Options{Model: "nomic-embed-text:latest", Dimensions: 0, NativeDimensions: 768})
	if v, err := embedding.Query(t.Context(), e, "hi"); err != nil || len(v) != 768 {
		t.Errorf("got %d dimensions, %v, want 768", len(v), err)
	}
	e = vendortest.Opened(t)(ollama.New(ollama.Options{Model: "m", BaseURL: "http://127.0.0.1:1"}))
	_, err = embedding.Query(t.Context(), e, "hi")
	vendortest.Refused(t, "no server", err, embedding.Unavailable, "is Ollama running")
}

// TestMoreDimensionsThanTheModelHas: the server gives the model's own vectors then, with status
// 200, as seen on 0.17.4. A listed model's length is known before.
func TestMoreDimensionsThanTheModelHas(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"embeddings":[[0.6,0.8]],"prompt_eval_count":1}`)
	}))
	defer srv.Close()
	e := vendortest.Opened(t)(ollama.New(ollama.Options{Model: "tiny", Dimensions: 4, BaseURL: srv.URL}))
	vendortest.Failure(t, e, []string{"hello"}, embedding.Invalid, "have 2 dimensions and 4 are asked for", "ask for fewer")
}
