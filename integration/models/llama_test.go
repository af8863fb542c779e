package models

import (
	"errors"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/openai"
)

// llama.cpp refuses a text that is too long with status 500. The text is Rejected and not retried,
// and the other texts of the request are embedded.
func TestLlamaTextTooLong(t *testing.T) {
	p := watch(t, servers.Llama(t), 0)
	e := open(t, openai.Options{Model: "tiny", BaseURL: p.url, NativeDimensions: servers.LlamaDimensions})
	for _, n := range []int{600, 3000, 40_000} { // more than a batch of the server, than its context, than anything
		_, err := embedding.Query(t.Context(), e, tokens(n))
		wantKind(t, err, embedding.Rejected, "shorten or split the text")
		t.Log(err)
	}
	job := embedding.Chain(e, standard(8, 2))
	texts := numbered(16)
	texts[5], texts[11] = tokens(600), tokens(3000)
	before := p.requests()
	_, err := embedding.Documents(t.Context(), job, texts)
	if failed := wantKind(t, err, embedding.Rejected, "shorten or split the text"); failed != 2 {
		t.Errorf("%d texts failed: %v", failed, err)
	}
	partial, ok := errors.AsType[*embedding.PartialError](err)
	if !ok {
		t.Fatalf("got the error %v, want a PartialError", err)
	}
	for i, v := range partial.Response.Vectors {
		if bad := i == 5 || i == 11; bad != (v == nil) {
			t.Errorf("text %d: %d dimensions", i, len(v))
		}
	}
	// Two requests of 8 with one bad text: each is halved three times, which is 7 requests.
	expect.Equal(t, "requests, of which none is made twice", p.requests()-before, 14)
}

func TestLlamaKey(t *testing.T) {
	const secret = "sk-of-this-test"
	s := servers.LlamaWithKey(t, secret)
	for key, words := range map[string]string{"": "no key was sent", "sk-another": "Options.Key"} {
		_, err := embedding.Query(t.Context(), open(t, openai.Options{Model: "tiny", BaseURL: s.URL, Key: key}), "hello")
		wantKind(t, err, embedding.Auth, words)
		t.Log(err)
	}
	_, err := embedding.Query(t.Context(), open(t, openai.Options{Model: "tiny", BaseURL: s.URL, Key: secret}), "hello")
	expect.NoError(t, err)
}

// Whoever gives a base URL without /v1, or the path of something else, is told.
func TestLlamaWrongPath(t *testing.T) {
	s := servers.Llama(t)
	_, err := embedding.Query(t.Context(), open(t, openai.Options{Model: "tiny", BaseURL: "http://" + s.Addr + "/v2"}), "hello")
	wantKind(t, err, embedding.Invalid, "base URL")
	t.Log(err)
}
