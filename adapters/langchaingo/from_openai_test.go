package langchaingo_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	lcopenai "github.com/tmc/langchaingo/llms/openai"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// theirOpenAI is langchaingo's own client for OpenAI as a provider, at an emulator.
func theirOpenAI(t *testing.T, key string) (string, embedding.Embedder) {
	t.Helper()
	s, err := openaitest.New(emulator.Options{})
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	base := srv.URL + openaitest.BasePath
	client, err := lcopenai.New(lcopenai.WithBaseURL(base), lcopenai.WithToken(key), lcopenai.WithEmbeddingModel("text-embedding-3-small"))
	expect.NoError(t, err)
	f, err := embeddings.NewEmbedder(client)
	expect.NoError(t, err)
	e, err := langchaingo.From(f, embedding.Model{
		Provider: "openai", ID: "text-embedding-3-small", Space: "openai/text-embedding-3-small@1536", Dimensions: 1536,
		Symmetric: true, Limits: embedding.Limits{Texts: 2048},
	})
	expect.NoError(t, err)
	return base, e
}

func TestFromTheirOpenAIKeepsTheLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		_, e := theirOpenAI(t, emulator.DefaultKey)
		return embedtest.Subject{Embedder: e}
	})
}

// TestFromTheirOpenAI: behind our interface their client gives what ours gives, under our
// middleware; its errors keep no key.
func TestFromTheirOpenAI(t *testing.T) {
	base, theirs := theirOpenAI(t, emulator.DefaultKey)
	ours, err := openai.New(openai.Options{Model: "text-embedding-3-small", BaseURL: base, Key: emulator.DefaultKey})
	expect.NoError(t, err)
	texts := slices.Repeat([]string{"a cat", "a dog", "line\nbreak"}, 20)
	got, err := embedding.Documents(t.Context(), embedding.Chain(theirs, middleware.Standard(middleware.StandardOptions{})), texts)
	expect.NoError(t, err)
	want, err := embedding.Documents(t.Context(), ours, texts)
	expect.NoError(t, err)
	for i := range texts {
		if strings.Contains(texts[i], "\n") {
			continue // theirs replaces line breaks
		}
		if embedding.Cosine(got[i], want[i]) < 0.9999 {
			t.Fatalf("text %d: another vector than ours", i)
		}
	}
	_, refused := theirOpenAI(t, "sk-wrong-key-0123456789")
	if _, err := embedding.Query(t.Context(), refused, "hi"); !errors.Is(err, embedding.Auth) || strings.Contains(err.Error(), "sk-wrong-key-0123456789") {
		t.Errorf("a wrong key: %v", err)
	}
}

// TestFromJudgesErrors: the status in the words decides, and an error without one stays unknown.
func TestFromJudgesErrors(t *testing.T) {
	for words, kind := range map[string]embedding.Kind{
		"API returned unexpected status code: 429: Rate limit reached":                          embedding.RateLimited,
		"API returned unexpected status code: 503":                                              embedding.Unavailable,
		"API returned unexpected status code: 401: Incorrect API key":                           embedding.Auth,
		"API returned unexpected status code: 400: This model's maximum context length is 8192": embedding.Rejected,
		"API returned unexpected status code: 400: unknown field":                               embedding.Invalid,
		"the status of 2024 was bad":                                                            embedding.Unknown,
		"no such host":                                                                          embedding.Unknown,
	} {
		fail := errors.New(words)
		e, err := langchaingo.From(broken{
			func(context.Context, []string) ([][]float32, error) { return nil, fail },
			func(context.Context, string) ([]float32, error) { return nil, fail },
		}, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}, Task: task})
			if got := embedding.KindOf(err); got != kind || !errors.Is(err, fail) {
				t.Errorf("%q: %v, want %v", words, err, kind)
			}
		}
	}
}
