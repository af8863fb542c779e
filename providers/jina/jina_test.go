package jina_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/jina/jinatest"
)

func emulate(t *testing.T, o jina.Options) (*vendortest.Emulator, embedding.Embedder) {
	t.Helper()
	s := vendortest.Serve(t)(jinatest.New(emulator.Options{Keys: []string{vendortest.Key}}))
	o.Model, o.Key, o.BaseURL = cmp.Or(o.Model, "jina-embeddings-v3"), cmp.Or(o.Key, vendortest.Key), s.URL+jinatest.BasePath
	return s, vendortest.Opened(t)(jina.New(o))
}

func TestLaws(t *testing.T) {
	vendortest.Laws(t, emulate, map[string]jina.Options{
		"tasks":    {Dimensions: 256},
		"plain":    {Plain: true, Truncate: true},
		"unlisted": {Unlisted: true},
	})
}

func TestHTTP(t *testing.T) {
	embedtest.TestHTTP(t, func(t *testing.T, base string, client *http.Client) embedding.Embedder {
		return vendortest.Opened(t)(jina.New(jina.Options{Model: "jina-embeddings-v3", Dimensions: 256, Key: embedtest.TestKey, BaseURL: base, HTTPClient: client, AllowHTTP: true}))
	})
}

func open(base string) (embedding.Embedder, error) {
	return jina.New(jina.Options{Model: "jina-embeddings-v3", BaseURL: base, Key: vendortest.Key})
}

func FuzzAnswers(f *testing.F) { vendortest.FuzzAnswers(f, open) }

func TestRefusals(t *testing.T) {
	vendortest.Refusals(t, open, map[string]string{
		"wrong region": "there is one address",
	})
}

func TestWhatIsSent(t *testing.T) {
	const rest = `"normalized":true,"embedding_type":"base64","truncate":`
	for _, tc := range []struct {
		o    jina.Options
		task embedding.Task
		want string
	}{
		{jina.Options{}, embedding.TaskDocument, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"task":"retrieval.passage"}`},
		{jina.Options{Dimensions: 512}, embedding.TaskQuery, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"dimensions":512,"task":"retrieval.query"}`},
		{jina.Options{Truncate: true}, embedding.TaskClustering, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `true,"task":"separation"}`},
		{jina.Options{}, embedding.TaskSimilarity, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false,"task":"text-matching"}`},
		{jina.Options{Plain: true}, embedding.TaskQuery, `{"model":"jina-embeddings-v3","input":["hi"],` + rest + `false}`},
	} {
		s, e := emulate(t, tc.o)
		s.Receives(t, e, embedding.Request{Texts: []string{"hi"}, Task: tc.task}, tc.want)
	}
}

func TestBadOptions(t *testing.T) {
	client := vendortest.NoNetwork(t)
	t.Setenv(jina.KeyVariable, "")
	vendortest.BadOptions(t, func(o jina.Options) (embedding.Embedder, error) { o.HTTPClient = client; return jina.New(o) },
		[]vendortest.BadOption[jina.Options]{
			vendortest.Bad("no model", jina.Options{}, embedding.Invalid, "no model is named; there are jina-embeddings-v5-text-small"),
			vendortest.Bad("unknown model", jina.Options{Model: "jina-embeddings-v9"}, embedding.Invalid, `no model "jina-embeddings-v9" in the table; there are jina-embeddings-v5`),
			vendortest.Bad("unknown dimensions", jina.Options{Model: "jina-embeddings-v4", Dimensions: 100}, embedding.Invalid, "it has 2048, 1024, 512, 256, 128"),
			vendortest.Bad("fixed dimensions", jina.Options{Model: "jina-embeddings-v2-base-en", Dimensions: 256}, embedding.Invalid, "it has 768 only"),
			vendortest.Bad("no key", jina.Options{Model: "jina-embeddings-v3"}, embedding.Auth, "set the variable JINA_API_KEY"),
			vendortest.Bad("another's host", jina.Options{Model: "jina-embeddings-v3", BaseURL: "https://proxy.example/v1"}, embedding.Auth, "Options.KeyEnv"),
			vendortest.Bad("the whole URL", jina.Options{Model: "jina-embeddings-v3", BaseURL: jina.BaseURL + "/embeddings", Key: "k"}, embedding.Invalid, "ends in /embeddings"),
			vendortest.Bad("key in the clear", jina.Options{Model: "jina-embeddings-v3", BaseURL: "http://api.jina.ai/v1", Key: vendortest.Key}, embedding.Invalid, "in the clear"),
		})
}

func TestModel(t *testing.T) {
	for _, tc := range []struct {
		id        string
		space     embedding.Space
		symmetric bool
		variant   string
	}{
		{"jina-embeddings-v5-text-nano", "jina/jina-embeddings-v5-text-nano@768", false, "task"},
		{"jina-embeddings-v4", "jina/jina-embeddings-v4@2048", false, "task"},
		{"jina-embeddings-v2-base-zh", "jina/jina-embeddings-v2-base-zh@768", true, ""},
	} {
		e := vendortest.Opened(t)(jina.New(jina.Options{Model: tc.id, Key: "jina_0123456789"}))
		if m := e.Model(); m.Space != tc.space || m.Symmetric != tc.symmetric || m.Variant != tc.variant || m.Limits.Texts != 512 || m.Endpoint != "api.jina.ai" {
			t.Errorf("got %+v, want Space %v, Symmetric %v, Variant %v, Texts 512, Endpoint api.jina.ai",
				m, tc.space, tc.symmetric, tc.variant)
		}
	}
}

func TestBadInput(t *testing.T) {
	_, e := emulate(t, jina.Options{Limits: embedding.Limits{Texts: 5000}})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, slices.Repeat([]string{"hi"}, 2049), embedding.TooLarge, "middleware.Batch").Allowed, embedding.Limits{Texts: 2048})
	expect.Equal(t, "allowed", vendortest.Failure(t, e, []string{strings.Repeat("a ", 9000)}, embedding.Rejected, "Options.Truncate").Allowed, embedding.Limits{TextTokens: 8192})
	_, e = emulate(t, jina.Options{Key: "another-key-0123456789"})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Auth, "the key in Options.Key is wrong")
	_, e = emulate(t, jina.Options{Model: "jina-embeddings-v9", Unlisted: true})
	vendortest.Failure(t, e, []string{"hi"}, embedding.Invalid, "not found")
}
