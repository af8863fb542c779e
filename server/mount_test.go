package server

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
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
		return openai.New(openai.Options{Model: "m", BaseURL: base, Key: "k"})
	}},
	{name: "azure", model: "m", bases: []string{"", "/azure"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return azure.New(azure.Options{Deployment: "m", Endpoint: base, Key: "k"})
	}},
	{name: "bedrock", model: "cohere.embed-v4:0", bases: []string{"", "/bedrock"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return bedrock.New(bedrock.Options{Model: "cohere.embed-v4:0", BaseURL: base, Key: "k", Region: "us-east-1", Dimensions: 1024})
	}},
	{name: "cohere", model: "embed-v4.0", bases: []string{"/v2", "/cohere/v2"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return cohere.New(cohere.Options{Model: "embed-v4.0", BaseURL: base, Key: "k", Dimensions: 1024})
	}},
	{name: "dashscope", model: "text-embedding-v4", bases: []string{"/compatible-mode/v1", "/dashscope/compatible-mode/v1"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: base, Key: "k"})
	}},
	{name: "dashscope native", model: "text-embedding-v4", bases: []string{"/api/v1", "/dashscope/api/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return dashscope.New(dashscope.Options{Model: "text-embedding-v4", BaseURL: base, Key: "k", Native: true, TextType: true})
	}},
	{name: "gemini", model: "gemini-embedding-001", bases: []string{"/v1beta", "/gemini/v1beta", "/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return gemini.New(gemini.Options{Model: "gemini-embedding-001", BaseURL: base, Key: "k", Dimensions: 1024})
	}},
	{name: "jina", model: "jina-embeddings-v3", bases: []string{"/jina/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return jina.New(jina.Options{Model: "jina-embeddings-v3", BaseURL: base, Key: "k"})
	}},
	{name: "ollama", model: "m", bases: []string{"", "/ollama"}, dimensions: 1024, open: func(base string) (embedding.Embedder, error) {
		return ollama.New(ollama.Options{Model: "m", BaseURL: base})
	}},
	{name: "tei", model: "acme/m", bases: []string{"", "/tei", "/tei/acme/m"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return tei.New(tei.Options{Model: "acme/m", BaseURL: base, QueryPrompt: "query"})
	}},
	{name: "voyage", model: "voyage-3.5", bases: []string{"/voyage/v1"}, dimensions: 1024, tasks: true, open: func(base string) (embedding.Embedder, error) {
		return voyage.New(voyage.Options{Model: "voyage-3.5", BaseURL: base, Key: "k"})
	}},
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

// An error behind the server is what our provider for the wire reads.
func TestWiresSayErrors(t *testing.T) {
	for _, w := range wires {
		for kind, want := range map[embedding.Kind]embedding.Kind{
			embedding.Rejected: embedding.Rejected, embedding.RateLimited: embedding.RateLimited,
			embedding.Unavailable: embedding.Unavailable, embedding.Auth: embedding.Unavailable,
		} {
			e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: w.dimensions}, Script: func(embedtest.Call) embedtest.Reply {
				return embedtest.Reply{Err: &embedding.Error{Kind: kind}}
			}})
			srv := httptest.NewServer(open(t, e, Options{Models: map[string]Model{w.model: {Embedder: e}}}))
			client, err := w.open(srv.URL + w.bases[0])
			expect.NoError(t, err)
			_, err = client.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
			got := embedding.KindOf(err)
			if w.name == "openai" {
				want = kind // it has a code for each
			}
			if kind == embedding.Rejected && got == embedding.Invalid && strings.Contains(err.Error(), "input[0] was rejected") {
				got = want // the wire has words only for one reason
			}
			if w.name == "ollama" && kind == embedding.RateLimited {
				want = embedding.Unavailable // the server's status for it is 503
			}
			if got != want {
				t.Errorf("%s: %v is read as %v, want %v", w.name, kind, err, want)
			}
			srv.Close()
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
