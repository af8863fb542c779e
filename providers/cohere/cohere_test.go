package cohere_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func emulate(t *testing.T, o cohere.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(coheretest.New(emulator.Options{Keys: []string{vendortest.Key}}))
	o.Model, o.Key, o.BaseURL = cmp.Or(o.Model, "embed-v4.0"), cmp.Or(o.Key, vendortest.Key), s.URL+coheretest.BasePath+"/"
	return s, vendortest.Opened(t)(cohere.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]cohere.Options{
		"v4":       {Dimensions: 256},
		"v3":       {Model: "embed-english-v3.0", Truncate: true},
		"unlisted": {Model: "embed-v4.0", Unlisted: true},
	})
}

var wire = embedtest.Wire{
	Positional: true,
	Texts: func(r *http.Request, body []byte) ([]string, error) {
		var req struct{ Texts []string }
		if err := json.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/embed" {
			return nil, fmt.Errorf("%s: %s, %w", r.URL.Path, body, err)
		}
		return req.Texts, nil
	},
	Answer: func(items []embedtest.WireItem, tokens int) []byte {
		return fmt.Appendf(nil, `{"id":"1","embeddings":{"float":[%s]},"texts":["\"error\""],"meta":{"billed_units":{"input_tokens":%d}}}`, vendortest.Rows(items, "%s"), tokens)
	},
}

func TestWire(t *testing.T) {
	embedtest.TestHTTPWire(t, wire, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(cohere.New(cohere.Options{Model: "embed-v4.0", Dimensions: 256, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
	})
}

func open(base string) (embedding.Embedder, error) {
	return cohere.New(cohere.Options{Model: "embed-v4.0", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, map[string]string{
		"wrong region": "there is one address",
	})
}

func TestWhatIsSent(t *testing.T) {
	for _, tc := range []struct {
		o    cohere.Options
		task embedding.Task
		want string
	}{
		{cohere.Options{}, embedding.TaskDocument, `{"model":"embed-v4.0","texts":["hi"],"input_type":"search_document","embedding_types":["float"],"truncate":"NONE"}`},
		{cohere.Options{Dimensions: 256}, embedding.TaskQuery, `{"model":"embed-v4.0","texts":["hi"],"input_type":"search_query","embedding_types":["float"],"truncate":"NONE","output_dimension":256}`},
		{cohere.Options{Truncate: true}, embedding.TaskClustering, `{"model":"embed-v4.0","texts":["hi"],"input_type":"clustering","embedding_types":["float"],"truncate":"END"}`},
		{cohere.Options{Model: "embed-english-v3.0", Dimensions: 1024}, embedding.TaskClassification, `{"model":"embed-english-v3.0","texts":["hi"],"input_type":"classification","embedding_types":["float"],"truncate":"NONE"}`},
		{cohere.Options{}, embedding.TaskSimilarity, `{"model":"embed-v4.0","texts":["hi"],"input_type":"search_document","embedding_types":["float"],"truncate":"NONE"}`},
	} {
		s, e := emulate(t, tc.o)
		res := s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, tc.want)
		expect.Equal(t, "length of the id", len(res.ID), 36)
		expect.Equal(t, "usage", res.Usage, embedding.Usage{Requests: 1, Tokens: 2})
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(cohere.KeyVariable, "")
	t.Setenv("NO_SUCH_KEY", "")
	vendortest.BadOptions(t, func(o cohere.Options) (embedding.Embedder, error) { o.HTTPClient = client; return cohere.New(o) },
		[]vendortest.BadOption[cohere.Options]{
			vendortest.Bad("no model", cohere.Options{}, embedding.Invalid, "no model is named; there are embed-v4.0"),
			vendortest.Bad("unknown model", cohere.Options{Model: "embed-v9"}, embedding.Invalid, `no model "embed-v9" in the table; there are embed-v4.0, embed-english-v3.0`),
			vendortest.Bad("unknown dimensions", cohere.Options{Model: "embed-v4.0", Dimensions: 100}, embedding.Invalid, "it has 1536, 1024, 512, 256"),
			vendortest.Bad("fixed dimensions", cohere.Options{Model: "embed-english-v3.0", Dimensions: 256}, embedding.Invalid, "it has 1024 only"),
			vendortest.Bad("no key", cohere.Options{Model: "embed-v4.0"}, embedding.Auth, "set the variable COHERE_API_KEY"),
			vendortest.Bad("no key of that name", cohere.Options{Model: "embed-v4.0", KeyEnv: "NO_SUCH_KEY"}, embedding.Auth, "set the variable NO_SUCH_KEY"),
			vendortest.Bad("another's host", cohere.Options{Model: "embed-v4.0", BaseURL: "https://proxy.example/v2"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("the whole URL", cohere.Options{Model: "embed-v4.0", BaseURL: cohere.BaseURL + "/embed", Key: "k"}, embedding.Invalid, "ends in /embed"),
			vendortest.Bad("key in the clear", cohere.Options{Model: "embed-v4.0", BaseURL: "http://api.cohere.com/v2", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestModel(t *testing.T) {
	t.Setenv(cohere.KeyVariable, "k")
	e := vendortest.Opened(t)(cohere.New(cohere.Options{Model: "embed-v4.0", Dimensions: 512, Limits: embedding.Limits{Tokens: 9}}))
	m := e.Model()
	if m.Space != "cohere/embed-v4.0@512" || m.Symmetric || m.Variant != "input_type" || m.Price.Currency != "USD" ||
		m.Limits != (embedding.Limits{Texts: 96, Tokens: 9, TextTokens: 128_000}) {
		t.Errorf("got %+v, want Space cohere/embed-v4.0@512, Symmetric false, Variant input_type, Currency USD, Limits %v",
			m, embedding.Limits{Texts: 96, Tokens: 9, TextTokens: 128_000})
	}
	_, e = emulate(t, cohere.Options{})
	expect.Equal(t, "space", e.Model().Space, embedding.Space("cohere@"+e.Model().Endpoint+"/embed-v4.0@1536"))
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, cohere.Options{Limits: embedding.Limits{Texts: 1000}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 97), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 96})
	_, e = emulate(t, cohere.Options{Key: "another-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong")
	_, e = emulate(t, cohere.Options{Model: "embed-v9", Unlisted: true})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "has no access to the model")
	_, e = emulate(t, cohere.Options{Model: "embed-english-v3.0"})
	vendortest.Failure(t, e, []string{strings.Repeat("word ", 600)}, embedding.Rejected, "Options.Truncate")
}
