package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/voyage"
)

// wires has our provider for each wire, and where it finds the server.
var wires = []struct {
	name, model string
	bases       []string // below which it finds the server
	open        func(base string) (embedding.Embedder, error)
	dimensions  int
	tasks       bool // documents and queries differ on the wire
}{
	{name: "openai", model: "m", bases: []string{"/v1", "/openai/v1", ""}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return openai.New(openai.Options{Model: "m", BaseURL: base, Key: wireKey})
	}},
	{name: "azure", model: "m", bases: []string{"", "/azure"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return azure.New(azure.Options{Deployment: "m", Endpoint: base, Key: wireKey})
	}},
	{name: "bedrock", model: "cohere.embed-v4:0", bases: []string{"", "/bedrock"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return bedrock.New(bedrock.Options{Model: "cohere.embed-v4:0", BaseURL: base, Key: wireKey, Region: "us-east-1", Dimensions: 1024})
	}},
	{name: "cohere", model: "embed-v4.0", bases: []string{"/v2", "/cohere/v2"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return cohere.New(cohere.Options{Model: "embed-v4.0", BaseURL: base, Key: wireKey, Dimensions: 1024})
	}},
	{name: "dashscope", model: "text-embedding-v4", bases: []string{"/compatible-mode/v1", "/dashscope/compatible-mode/v1"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: base, Key: wireKey})
	}},
	{name: "dashscope native", model: "text-embedding-v4", bases: []string{"/api/v1", "/dashscope/api/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: base, Key: wireKey, Native: true, TextType: true})
	}},
	{name: "gemini", model: "gemini-embedding-001", bases: []string{"/v1beta", "/gemini/v1beta", "/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return gemini.New(gemini.Options{Model: "gemini-embedding-001", BaseURL: base, Key: wireKey, Dimensions: 1024})
	}},
	{name: "jina", model: "jina-embeddings-v3", bases: []string{"/jina/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return jina.New(jina.Options{Model: "jina-embeddings-v3", BaseURL: base, Key: wireKey})
	}},
	{name: "ollama", model: "m", bases: []string{"", "/ollama"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return ollama.New(ollama.Options{Model: "m", BaseURL: base})
	}},
	{name: "tei", model: "acme/m", bases: []string{"", "/tei", "/tei/acme/m"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return tei.New(tei.Options{Model: "acme/m", BaseURL: base, QueryPrompt: "query"})
	}},
	{name: "voyage", model: "voyage-3.5", bases: []string{"/voyage/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return voyage.New(voyage.Options{Model: "voyage-3.5", BaseURL: base, Key: wireKey})
	}},
}

// wireKey is what our providers send as their key.
const wireKey = "sk-of-a-wire-0123456789"

// dial opens a provider in front of a server that lasts as long as the test.
func dial(t *testing.T, open func(base string) (embedding.Embedder, error), s *Server, path string) embedding.Embedder {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	e, err := open(srv.URL + path)
	expect.NoError(t, err)
	return e
}

// Our provider for each wire gets the vectors of the model behind it, bit for bit, at each mount.
func TestWires(t *testing.T) {
	for _, w := range wires {
		e, f := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: w.dimensions}})
		srv := httptest.NewServer(open(t, e, Options{Models: map[string]Model{w.model: {Embedder: e}}}))
		defer srv.Close()
		for _, base := range w.bases {
			client, err := w.open(srv.URL + base)
			if err != nil {
				t.Errorf("%s at %q: %v", w.name, base, err)
				continue
			}
			for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
				req := embedding.Request{Texts: []string{"one", "two <&> wörds", "three \"quoted\""}, Task: task}
				got, err := client.Embed(t.Context(), req)
				if err != nil {
					t.Errorf("%s at %q: %v", w.name, base, err)
					continue
				}
				calls := f.Calls()
				last := calls[len(calls)-1].Request
				want, err := e.Embed(t.Context(), last)
				expect.NoError(t, err)
				for i, v := range got.Vectors {
					same := slices.EqualFunc(v, want.Vectors[i], sameBits)
					if w.name == "gemini" { // whose client normalizes what may not be
						same = embedding.Cosine(v, want.Vectors[i]) > 0.999999
					}
					if !strings.HasSuffix(last.Texts[i], req.Texts[i]) || !same {
						t.Errorf("%s at %q: text %q has a vector of another", w.name, base, last.Texts[i])
					}
				}
				if w.tasks && last.Task != task {
					t.Errorf("%s at %q: got the task %v, want %v", w.name, base, last.Task, task)
				}
			}
		}
	}
}

// An error behind the server has the same status on every wire, and our provider for the wire reads
// its Kind, its wait and the text that is to blame.
func TestWiresSayErrors(t *testing.T) {
	for _, w := range wires {
		for kind, want := range map[embedding.Kind]struct {
			status int
			code   string
			read   embedding.Kind // Unknown: kind
		}{
			embedding.Unknown: {status: 500, read: embedding.Unavailable}, embedding.Invalid: {}, // the service's status
			embedding.Rejected: {status: 400, code: "text_rejected"}, embedding.TooLarge: {status: 413},
			embedding.Auth: {status: 502, code: "upstream_auth"}, embedding.RateLimited: {status: 429, code: "rate_limit_exceeded"},
			embedding.Exhausted: {status: 402, code: "insufficient_quota"}, embedding.Unavailable: {status: 503},
			embedding.Malformed: {status: 502, code: "upstream_malformed"},
		} {
			e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: w.dimensions}, Script: func(embedtest.Call) embedtest.Reply {
				return embedtest.Reply{Err: &embedding.Error{Kind: kind, RetryAfter: 1500 * time.Millisecond}}
			}})
			client := dial(t, w.open, open(t, e, Options{Models: map[string]Model{w.model: {Embedder: e}}}), w.bases[0])
			_, err := client.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
			if want.read == embedding.Unknown {
				want.read = kind
			}
			got, ok := errors.AsType[*embedding.Error](err)
			if !ok || got.Kind != want.read || want.status != 0 && got.Status != want.status || want.code != "" && got.Code != want.code {
				t.Errorf("%s: %v is read as %v, want %v with status %d and code %q", w.name, kind, err, want.read, want.status, want.code)
				continue
			}
			if waits := want.read == embedding.RateLimited || want.read == embedding.Unavailable; waits != (got.RetryAfter >= 1500*time.Millisecond) {
				t.Errorf("%s: %v is read with a wait of %v", w.name, kind, got.RetryAfter)
			}
		}
	}
}

// What the server itself refuses is read as what it is, on every wire: the texts to blame, a key, a
// budget and a model.
func TestWiresSayRefusals(t *testing.T) {
	for _, w := range wires {
		e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: w.dimensions, Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}})
		models := map[string]Model{w.model: {Embedder: e}}
		file, _ := keyed(t, "", "budget=1USD/day")
		keys := openKeys(t, file, "")
		keys.all[1].hash = sha256.Sum256([]byte(wireKey))
		for name, tc := range map[string]struct {
			s    *Server
			want embedding.Kind
			code string
		}{
			"no such model": {s: open(t, e, Options{Default: "other", Models: map[string]Model{"other": {Embedder: e}}}), want: embedding.Invalid, code: "model_not_found"},
			"wrong key":     {s: open(t, e, Options{Keys: openKeys(t, file, ""), Models: models}), want: embedding.Auth, code: "invalid_api_key"},
			"no money":      {s: open(t, e, Options{Keys: keys, Models: models}), want: embedding.Exhausted, code: "insufficient_quota"},
		} {
			if name != "no such model" && (w.name == "ollama" || w.name == "tei") {
				tc.want, tc.code = embedding.Auth, "invalid_api_key" // here they send no key
			}
			_, err := dial(t, w.open, tc.s, w.bases[0]).Embed(t.Context(), embedding.Request{Texts: []string{"some words"}})
			got, ok := errors.AsType[*embedding.Error](err)
			if unnamed := w.name == "tei" && err == nil; unnamed && name == "no such model" {
				continue
			}
			if !ok || got.Kind != tc.want || got.Code != tc.code {
				t.Errorf("%s, %s: got %v, want %v and the code %s", w.name, name, err, tc.want, tc.code)
			}
		}
		picky, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: w.dimensions}, Script: func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Each: func(text string) error {
				if strings.HasSuffix(text, "bad") {
					return embedding.Rejected
				}
				return nil
			}}
		}})
		client := embedding.Chain(dial(t, w.open, open(t, picky, Options{Models: map[string]Model{w.model: {Embedder: picky}}}), w.bases[0]), middleware.Batch(middleware.BatchOptions{}))
		_, err := client.Embed(t.Context(), embedding.Request{Texts: []string{"a longer text", "bad", "c"}})
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 1 || embedding.KindOf(p.Failed[0].Err) != embedding.Rejected {
			t.Errorf("%s: got %v, want text 1 rejected", w.name, err)
		}
	}
}

// What the wires have besides vectors, and what they lack a model for.
func TestWiresTell(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{TextTokens: 512}}})
	two := open(t, e, Options{Models: map[string]Model{"a": {Embedder: e}, "b/c": {Embedder: e}}})
	for _, tc := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{method: "POST", path: "/embed", body: `{"inputs":"x"}`, status: 422, says: "names no model, and there is no default: there are a, b/c"},
		{method: "GET", path: "/info", status: 422, says: "names no model"},
		{method: "GET", path: "/tei/b/c/info", status: 200, says: `"max_input_length":512,"max_batch_tokens":16384,"max_batch_requests":null,"max_client_batch_size":2048`},
		{method: "POST", path: "/tei/x/embed", body: `{"inputs":"x"}`, status: 424, says: `no model \"x\"`},
		{method: "GET", path: "/health", status: 200},
		{method: "GET", path: "/api/tags", status: 200, says: `{"models":[{"name":"a","model":"a",`},
		{method: "GET", path: "/ollama/", status: 200, says: "Ollama is running"},
		{method: "POST", path: "/api/embed", body: `{"model":"a","input":""}`, status: 400, says: "no texts"},
		{method: "POST", path: "/api/embed", body: `{"model":"a","input":[]}`, status: 400, says: "no texts"},
		{method: "POST", path: "/api/embed", body: `{"model":"a","input":["x",""]}`, status: 400, says: "input[1] is empty"},
		{method: "POST", path: "/api/embed", body: `{"model":"a","input":"x","dimensions":4}`, status: 400, says: "4 is not on offer"},
		{method: "POST", path: "/v2/embed", body: `{"model":"a","texts":["x"],"input_type":"search_query","embedding_types":["int8","ubinary"]}`, status: 200, says: `"ubinary":[[`},
		{method: "POST", path: "/v2/embed", body: `{"model":"a","texts":["x"],"input_type":"title"}`, status: 400, says: "valid input_type"},
		{method: "POST", path: "/voyage/v1/embeddings", body: `{"model":"a","input":[" "]}`, status: 400, says: "input[0] is blank"},
		{method: "POST", path: "/jina/v1/embeddings", body: `{"model":"x","input":["x"]}`, status: 400, says: `no model \"x\": there are a, b/c`},
		{method: "GET", path: "/v2/embed", status: 405, says: ""},
	} {
		w := ask(two, tc.method, tc.path, tc.body)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s %s %s: got %d and %s, want %d and %q", tc.method, tc.path, tc.body, w.Code, w.Body, tc.status, tc.says)
		}
	}
}

// embedRoutes are the paths at which the mounts embed, with the model m in those that name one.
func embedRoutes() (all []string) {
	for _, m := range mounts() {
		for _, r := range m.routes {
			if r.Info == nil {
				all = append(all, m.prefix+strings.NewReplacer("{model}", "m", "{deployment}", "m").Replace(r.Path))
			}
		}
	}
	return all
}

// FuzzBody: no body makes the decoder of any wire panic, or the server answer with anything but
// JSON and a known status. The seeds are what our providers send, at each route.
func FuzzBody(f *testing.F) {
	bodies := [][]byte{[]byte(`{"model":"m","input":["a",""]}`), []byte(`{"input":[[1]],"dimensions":1e3}`), []byte(`{"input":"\ud800"}`), []byte(`{"model":{},"input":{"a":1},"encoding_format":[]}`)}
	for _, w := range wires {
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err == nil {
				bodies = append(bodies, bytes.ReplaceAll(body, []byte(w.model), []byte("m")))
			}
			panic(http.ErrAbortHandler)
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		client, err := w.open(srv.URL)
		expect.NoError(f, err)
		_, _ = client.Embed(f.Context(), embedding.Request{Texts: []string{"a text", "wörds"}, Task: embedding.TaskQuery}) // it gets no answer
		srv.Close()
	}
	routes := embedRoutes()
	for i := range routes {
		for _, body := range bodies {
			f.Add(uint8(i), body)
		}
	}
	e, _ := fake(embedtest.FakeOptions{})
	s := open(f, e, Options{})
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		path := routes[int(route)%len(routes)]
		w := ask(s, http.MethodPost, path, string(body))
		if isJSON := w.Header().Get("Content-Type") == jsonType; w.Code < 200 || w.Code >= 500 || isJSON && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %q: got %d and %q", path, body, w.Code, w.Body)
		}
	})
}

// FuzzPath: no path makes the server panic, or answer with anything but JSON and a known status.
func FuzzPath(f *testing.F) {
	for _, path := range append(embedRoutes(), "/", "/v1/models/m", "/tei/m/info", "/tei//embed", "/voyage", "/model/%2e%2e/invoke") {
		f.Add(path)
	}
	e, _ := fake(embedtest.FakeOptions{})
	s := open(f, e, Options{})
	f.Fuzz(func(t *testing.T, path string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n\x00%?#") {
			return
		}
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			r := httptest.NewRequest(method, "http://localhost/", strings.NewReader(`{"model":"m","input":"a"}`))
			r.URL.Path = path
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if isJSON := w.Header().Get("Content-Type") == jsonType; w.Code < 200 || w.Code >= 500 || isJSON && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %s: got %d and %q", method, path, w.Code, w.Body)
			}
		}
	})
}
