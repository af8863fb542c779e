package tei_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teitest"
)

const model = teitest.DefaultModel

// serve serves a server that takes 4 texts.
func serve(t *testing.T) *vendortest.Emulator {
	t.Helper()
	return vendortest.Serve(t)(teitest.New(emulator.Options{Settings: emulator.Settings{Limits: map[string]embedding.Limits{model: {Texts: 4}}}}))
}

func emulate(t *testing.T, o tei.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := serve(t)
	o.Model, o.BaseURL = model, s.URL
	return s, vendortest.Opened(t)(tei.New(o))
}

func TestLaws(t *testing.T) {
	four := embedding.Limits{Texts: 4}
	vendortest.Laws(t, emulate, map[string]tei.Options{
		"prefixes": {Limits: four},
		"plain":    {Plain: true, Truncate: true, Limits: four},
		"prompts":  {QueryPrompt: "query", Dimensions: 64, Limits: four},
	})
}

var wire = embedtest.Wire{
	Positional: true,
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		var req struct{ Inputs []string }
		if err := json.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/embed" {
			return nil, fmt.Errorf("%s: %s, %w", r.URL.Path, body, err)
		}
		return req.Inputs, nil
	},
	// The tokens are in a header that the suite does not write: the usage is unmetered.
	Answer: func(items []embedtest.WireItem, _ int) []byte {
		return []byte("[" + vendortest.Rows(items, "%s") + "]")
	},
}

func TestWire(t *testing.T) {
	for name, dims := range map[string]int{"unknown dimensions": 0, "known dimensions": 16} {
		t.Run(name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
				return vendortest.Opened(t)(tei.New(tei.Options{Model: "m", NativeDimensions: dims, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
			})
		})
	}
}

func open(base string) (embedding.Embedder, error) {
	return tei.New(tei.Options{Model: "m", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, map[string]string{
		"wrong region":          "a server of one's own",
		"unknown model":         "a server has one model, and is told none",
		"dimension not offered": "the server cuts what it has, and the guard finds answers of another length",
		"quota gone":            "it costs nothing",
	})
}

func TestWhatIsSent(t *testing.T) {
	const represent = "Represent this sentence for searching relevant passages: "
	for _, tc := range []struct {
		o    tei.Options
		task embedding.Task
		want string
	}{
		{tei.Options{}, embedding.TaskDocument, `{"inputs":["hi"],"normalize":true,"truncate":false}`},
		{tei.Options{}, embedding.TaskQuery, `{"inputs":["` + represent + `hi"],"normalize":true,"truncate":false}`},
		{tei.Options{Plain: true, Truncate: true, Dimensions: 64}, embedding.TaskQuery, `{"inputs":["hi"],"normalize":true,"truncate":true,"dimensions":64}`},
		{tei.Options{QueryPrompt: "query"}, embedding.TaskQuery, `{"inputs":["hi"],"normalize":true,"truncate":false,"prompt_name":"query"}`},
		{tei.Options{QueryPrompt: "query"}, embedding.TaskDocument, `{"inputs":["hi"],"normalize":true,"truncate":false}`},
		{tei.Options{Prefix: "none"}, embedding.TaskQuery, `{"inputs":["hi"],"normalize":true,"truncate":false}`},
		{tei.Options{Prefix: "auto"}, embedding.TaskQuery, `{"inputs":["` + represent + `hi"],"normalize":true,"truncate":false}`},
		{tei.Options{Prefix: "e5"}, embedding.TaskDocument, `{"inputs":["passage: hi"],"normalize":true,"truncate":false}`},
		{tei.Options{DocumentPrefix: "d: "}, embedding.TaskClustering, `{"inputs":["d: hi"],"normalize":true,"truncate":false}`},
	} {
		s, e := emulate(t, tc.o)
		s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, tc.want)
	}
}

func TestAsk(t *testing.T) {
	base := serve(t).URL
	m := vendortest.Opened(t)(tei.Ask(t.Context(), tei.Options{BaseURL: base})).Model()
	if m.ID != model || m.Dimensions != 768 || m.Space != embedding.Space("tei@"+m.Endpoint+"/BAAI/bge-base-en-v1.5@768") || m.Limits != (embedding.Limits{Texts: 4, Bytes: 1_800_000, TextTokens: 512 - 17}) {
		t.Errorf("got %+v, want ID %v, Dimensions 768, Space tei@{Endpoint}/BAAI/bge-base-en-v1.5@768, Limits %v",
			m, model, embedding.Limits{Texts: 4, Bytes: 1_800_000, TextTokens: 512 - 17})
	}
	_, err := tei.Ask(t.Context(), tei.Options{BaseURL: base, Model: "BAAI/bge-m3"})
	vendortest.Refused(t, "another model", err, embedding.Invalid, "has "+model)
	for said, want := range map[string]embedding.Kind{
		`{"model_id":"BAAI/bge-reranker-base","model_type":{"reranker":{"id2label":{"0":"LABEL_0"}}},"max_input_length":512,"max_client_batch_size":32}`: embedding.Invalid,
		`{"hello":"world"}`: embedding.Malformed,
		`<html>`:            embedding.Malformed,
	} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, said) }))
		defer other.Close()
		_, err := tei.Ask(t.Context(), tei.Options{BaseURL: other.URL})
		vendortest.Refused(t, said, err, want)
	}
	_, err = tei.Ask(t.Context(), tei.Options{BaseURL: "http://127.0.0.1:1"})
	vendortest.Refused(t, "no server", err, embedding.Unavailable, "is the server running")
}

// A server with --default-prompt would double the prefixes. Its tokens show the prompt: the answers
// are those of router/src/http/server.rs, tokenize, and core/src/tokenization.rs, into_tokens.
func TestAskFindsThePrompt(t *testing.T) {
	const (
		plain = `[[{"id":1060,"text":"x","special":false,"start":0,"stop":1}]]`
		query = `[[{"id":23032,"text":"query","special":false,"start":0,"stop":5},{"id":1024,"text":":","special":false,"start":5,"stop":6},` +
			`{"id":1060,"text":"x","special":false,"start":7,"stop":8}]]`
	)
	for name, c := range map[string]struct {
		o      tei.Options
		tokens string
		status int
		want   string // in the error; "" for none
		asked  bool
	}{
		"a prompt and the table's prefixes": {tokens: query, asked: true, want: `puts a prompt of its own before every text ("query: "), and prefixes would double it`},
		"a prompt and prefixes of one's own": {o: tei.Options{QueryPrefix: "q: "}, tokens: query, asked: true,
			want: "leave them out (Plain, plain=true in a reference), or start the server without --default-prompt"},
		"a prompt and a row":      {o: tei.Options{Prefix: "auto"}, tokens: query, asked: true, want: `("query: ")`},
		"a prompt and plain":      {o: tei.Options{Plain: true}, tokens: query},
		"a prompt by name":        {o: tei.Options{QueryPrompt: "query"}, tokens: query},
		"no prompt":               {tokens: plain, asked: true},
		"special tokens":          {tokens: `[[{"id":101,"text":"[CLS]","special":true,"start":null,"stop":null},` + plain[2:], asked: true},
		"an older server":         {tokens: `{"error":"not found"}`, status: 404, asked: true},
		"an answer of other form": {tokens: `[[{"text":"x","start":9,"stop":2},{"text":"x","start":-1,"stop":99999999}]]`, asked: true},
		"no answer of its form":   {tokens: `{"tokens":[1,2]}`, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/info" {
					io.WriteString(w, `{"model_id":"`+model+`","model_type":{"embedding":{"pooling":"cls"}},"max_input_length":512,"max_client_batch_size":32}`)
					return
				}
				body, _ := io.ReadAll(r.Body)
				expect.Equal(t, "request", r.Method+" "+r.URL.Path+" "+string(body), `POST /tokenize {"inputs":"x","add_special_tokens":false}`)
				asked = true
				w.WriteHeader(cmp.Or(c.status, 200))
				io.WriteString(w, c.tokens)
			}))
			defer server.Close()
			c.o.BaseURL = server.URL
			_, err := tei.Ask(t.Context(), c.o)
			expect.Equal(t, "the tokens were asked for", asked, c.asked)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got the error %v, want none", err)
			case c.want != "" && (!errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got the error %v, want %v, %q", err, embedding.Invalid, c.want)
			}
		})
	}
}

// prefix=auto goes by the name that the server says.
func TestAskChoosesThePrefix(t *testing.T) {
	base := serve(t).URL
	e := vendortest.Opened(t)(tei.Ask(t.Context(), tei.Options{BaseURL: base, Prefix: "auto"}))
	expect.Equal(t, "variant", e.Model().Variant, `query="Represent this sentence for searching relevant passages: "`)
	_, err := tei.Ask(t.Context(), tei.Options{BaseURL: base, Prefix: "e6"})
	vendortest.Refused(t, "no such row", err, embedding.Invalid, "there is no prefix")
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv("NO_SUCH_KEY", "")
	vendortest.BadOptions(t, func(o tei.Options) (embedding.Embedder, error) { o.HTTPClient = client; return tei.New(o) },
		[]vendortest.BadOption[tei.Options]{
			vendortest.Bad("no model", tei.Options{}, embedding.Invalid, "Ask asks the server"),
			vendortest.Bad("negative dimensions", tei.Options{Model: "m", Dimensions: -1}, embedding.Invalid, "at least 1"),
			vendortest.Bad("too many dimensions", tei.Options{Model: model, Dimensions: 1024}, embedding.Invalid, "it has 1 to 768"),
			vendortest.Bad("wrong native dimensions", tei.Options{Model: model, NativeDimensions: 3}, embedding.Invalid, "has 768 dimensions, not 3"),
			vendortest.Bad("prompt and prefix", tei.Options{Model: "m", QueryPrompt: "q", DocumentPrefix: "d"}, embedding.Invalid, "exclude each other"),
			vendortest.Bad("prompt and row", tei.Options{Model: "m", QueryPrompt: "q", Prefix: "e5"}, embedding.Invalid, "exclude each other"),
			vendortest.Bad("plain and row", tei.Options{Model: "m", Plain: true, Prefix: "e5"}, embedding.Invalid, "leave one out"),
			vendortest.Bad("row and own prefix", tei.Options{Model: "m", QueryPrefix: "q", Prefix: "e5"}, embedding.Invalid, "exclude each other"),
			vendortest.Bad("unknown row", tei.Options{Model: "m", Prefix: "e6"}, embedding.Invalid, "there are auto, e5, "),
			vendortest.Bad("unknown model", tei.Options{Model: "m", Prefix: "auto"}, embedding.Invalid, "does not have the model m"),
			vendortest.Bad("no key", tei.Options{Model: "m", KeyEnv: "NO_SUCH_KEY"}, embedding.Auth, "NO_SUCH_KEY"),
			vendortest.Bad("the whole URL", tei.Options{Model: "m", BaseURL: "http://localhost/embed"}, embedding.Invalid, "ends in /embed"),
			vendortest.Bad("key in the clear", tei.Options{Model: "m", BaseURL: "http://gpu.example", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

// header is what a request to base carries as its key.
func header(t *testing.T, o tei.Options) string {
	got := "none"
	o.Model = "m"
	o.HTTPClient = &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Get("Authorization")
		return nil, errors.New("no network here")
	})}
	e := vendortest.Opened(t)(tei.New(o))
	_, _ = embedding.Query(t.Context(), e, "hi")
	return got
}

func TestTheTokenStaysAtHome(t *testing.T) {
	t.Setenv(tei.KeyVariable, "hf-token")
	expect.Equal(t, "header for Hugging Face", header(t, tei.Options{BaseURL: "https://x.us-east-1.aws.endpoints.huggingface.cloud"}), "Bearer hf-token")
	for _, base := range []string{"https://tei.example", "https://huggingface.cloud.evil.example", "http://127.0.0.1:8080"} {
		expect.Equal(t, "header for "+base, header(t, tei.Options{BaseURL: base}), "")
	}
	expect.Equal(t, "header for a named variable", header(t, tei.Options{BaseURL: "https://tei.example", KeyEnv: tei.KeyVariable}), "Bearer hf-token")
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, tei.Options{Limits: embedding.Limits{Texts: 10}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, make5(), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 4})
	long := strings.Repeat("word ", 600)
	expect.Equal(t, "allowed", vendortest.Failure(t, e, []string{long}, embedding.Rejected, "Options.Truncate").Allowed, embedding.Limits{TextTokens: 512})
	vendortest.Failure(t, e, []string{strings.Repeat("x", 2<<20)}, embedding.TooLarge)
	_, e = emulate(t, tei.Options{Truncate: true})
	_, err := embedding.Query(t.Context(), e, long)
	expect.NoError(t, err)
	_, e = emulate(t, tei.Options{DocumentPrompt: "nothing"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "Available prompts")
}

func make5() []string { return []string{"a", "b", "c", "d", "e"} }
