package foreign_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/foreign"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

// TestLaws: without a Query, queries go to Documents. The tests of adapters/langchaingo have both.
func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e, err := static.New(static.Options{})
		expect.NoError(t, err)
		got, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: func(ctx context.Context, texts []string) ([][]float32, error) {
			return embedding.Documents(ctx, e, texts)
		}}, embedding.Model{Space: "acme/minilm@256", Dimensions: 256})
		expect.NoError(t, err)
		return embedtest.Subject{Embedder: got}
	})
}

func TestKinds(t *testing.T) {
	for words, want := range map[string]embedding.Kind{
		"error, status code: 429, message: slow down":                         embedding.RateLimited,
		"request failed with status 503":                                      embedding.Unavailable,
		"API returned unexpected status code: 401: no such key":               embedding.Auth,
		"status code: 400, message: This model's maximum context length is 8": embedding.Rejected,
		"there are 429 texts":                                                 embedding.Unknown,
	} {
		e, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: func(context.Context, []string) ([][]float32, error) {
			return nil, errors.New(words)
		}}, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != want {
			t.Errorf("%q is %v, want %v", words, embedding.KindOf(err), want)
		}
	}
}

// opened is an embedder of a framework, by its two calls.
func opened(t *testing.T, f foreign.Embedder, m embedding.Model) embedding.Embedder {
	t.Helper()
	f.Framework = "acme"
	if f.Documents == nil {
		f.Documents = func(context.Context, []string) ([][]float32, error) { return nil, errors.New("a query came here") }
	}
	e, err := foreign.New(f, m)
	expect.NoError(t, err)
	return e
}

func TestModel(t *testing.T) {
	query := func(context.Context, string) ([]float32, error) { return []float32{1}, nil }
	for name, c := range map[string]struct {
		f        foreign.Embedder
		m        embedding.Model
		provider string
		id       string
		same     bool // queries are documents
	}{
		"defaults":            {m: embedding.Model{Space: "s", Normalized: true}, provider: "acme", id: "unknown", same: true},
		"stated":              {f: foreign.Embedder{Query: query}, m: embedding.Model{Space: "s", Provider: "p", ID: "m"}, provider: "p", id: "m"},
		"symmetric, as it is": {f: foreign.Embedder{Query: query}, m: embedding.Model{Space: "s", Symmetric: true}, provider: "acme", id: "unknown", same: true},
	} {
		m := opened(t, c.f, c.m).Model()
		expect.Equal(t, name, []any{m.Provider, m.ID, m.Symmetric, m.Normalized, m.Space}, []any{c.provider, c.id, c.same, false, embedding.Space("s")})
	}
}

func TestRefusals(t *testing.T) {
	all := func(context.Context, []string) ([][]float32, error) { return nil, nil }
	for want, c := range map[string]struct {
		f foreign.Embedder
		m embedding.Model
	}{
		"acme: From: the embedder is nil":        {foreign.Embedder{Framework: "acme"}, embedding.Model{Space: "s"}},
		"acme: From: the Model has no Space: na": {foreign.Embedder{Framework: "acme", Documents: all}, embedding.Model{}},
	} {
		if _, err := foreign.New(c.f, c.m); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got the error %v, want %q", err, want)
		}
	}
}

// A framework that edits its argument does not edit the caller's.
func TestTextsAreCopied(t *testing.T) {
	e := opened(t, foreign.Embedder{Documents: func(_ context.Context, texts []string) ([][]float32, error) {
		texts[0] = "edited"
		return [][]float32{{1}}, nil
	}}, embedding.Model{Space: "s"})
	texts := []string{"a"}
	_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	expect.Equal(t, "the caller's texts", texts, []string{"a"})
}

// Queries go one by one: a refused text costs itself, any other failure ends the call, and what
// came before it is kept.
func TestQueries(t *testing.T) {
	var asked []string
	e := opened(t, foreign.Embedder{Query: func(_ context.Context, text string) ([]float32, error) {
		asked = append(asked, text)
		switch text {
		case "long":
			return nil, errors.New("status code: 400, too many tokens")
		case "down":
			return nil, errors.New("status code: 503")
		case "empty":
			return []float32{}, nil
		}
		return []float32{float32(len(text)), 1}, nil
	}}, embedding.Model{Space: "s"})
	for _, c := range []struct {
		texts, asked []string
		kinds        []embedding.Kind
	}{
		{[]string{"a", "long", "bb"}, []string{"a", "long", "bb"}, []embedding.Kind{0, embedding.Rejected, 0}},
		{[]string{"a", "down", "bb", "c"}, []string{"a", "down"}, []embedding.Kind{0, embedding.Unavailable, embedding.Unavailable, embedding.Unavailable}},
		{[]string{"a", "empty"}, []string{"a", "empty"}, []embedding.Kind{0, embedding.Malformed}},
	} {
		asked = nil
		res, err := e.Embed(t.Context(), embedding.Request{Texts: c.texts, Task: embedding.TaskQuery})
		kinds := make([]embedding.Kind, len(c.texts))
		partial, ok := errors.AsType[*embedding.PartialError](err)
		if !ok {
			t.Fatalf("%v: the error is %v, want a PartialError", c.texts, err)
		}
		for _, failed := range partial.Failed {
			kinds[failed.Index] = embedding.KindOf(failed.Err)
		}
		expect.Equal(t, "asked", asked, c.asked)
		expect.Equal(t, "kinds", kinds, c.kinds)
		got := embedding.Salvage(res, err)
		expect.Equal(t, "the vector of a", got.Vectors[0], []float32{1, 1})
		expect.Equal(t, "requests", got.Usage.Requests, len(c.texts)-len(partial.Failed))
		expect.Equal(t, "unmetered texts", got.Usage.Unmetered, got.Usage.Requests)
	}
	asked = nil
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); err == nil || asked != nil {
		t.Errorf("the query was asked for the document %v, and the error is %v; want what Documents returns", asked, err)
	}
}

// After the end of the context no query is asked.
func TestQueriesEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	e := opened(t, foreign.Embedder{Query: func(context.Context, string) ([]float32, error) {
		asked++
		cancel()
		return []float32{1}, nil
	}}, embedding.Model{Space: "s"})
	_, err := e.Embed(ctx, embedding.Request{Texts: []string{"a", "b"}, Task: embedding.TaskQuery})
	if !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("got %d queries and the error %v, want one and a cancel", asked, err)
	}
}

// A panic is an error with the kind of a wrong answer. A value that is not the runtime's may hold a
// text, and is not quoted.
func TestPanics(t *testing.T) {
	for name, c := range map[string]struct {
		panics func()
		want   string
	}{
		"a short answer": {func() { _ = []int{}[len(name(t))] }, "index out of range"},
		"words":          {func() { panic("secret") }, "panicked (string)"},
	} {
		e := opened(t, foreign.Embedder{
			Documents: func(context.Context, []string) ([][]float32, error) { c.panics(); return nil, nil },
			Query:     func(context.Context, string) ([]float32, error) { c.panics(); return nil, nil },
		}, embedding.Model{Space: "s"})
		for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}, Task: task})
			if embedding.KindOf(err) != embedding.Malformed || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, %v: got the error %v, want Malformed with %q", name, task, err, c.want)
			}
		}
	}
}

func name(t *testing.T) string { return t.Name() }

// An error that has a Kind keeps it, and a status of its own is in the error.
func TestErrorsKeepTheirKind(t *testing.T) {
	exhausted := errors.New("status code: 429")
	for _, c := range []struct {
		err    error
		kind   embedding.Kind
		status int
	}{
		{&embedding.Error{Kind: embedding.Exhausted, Err: exhausted}, embedding.Exhausted, 0},
		{errors.New("Status: 429"), embedding.RateLimited, 429},
		{errors.New("status code: 503, maximum context length"), embedding.Unavailable, 503},
		{errors.New("status code: 4290"), embedding.Unknown, 0},
		{errors.New("thestatus 429"), embedding.Unknown, 0},
	} {
		e := opened(t, foreign.Embedder{Documents: func(context.Context, []string) ([][]float32, error) { return nil, c.err }}, embedding.Model{Space: "s"})
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
		got, _ := errors.AsType[*embedding.Error](err)
		if got == nil {
			got = &embedding.Error{}
		}
		if !errors.Is(err, c.err) && !errors.Is(err, exhausted) {
			t.Errorf("%v: the error is %v, want that it holds the framework's", c.err, err)
		}
		expect.Equal(t, c.err.Error(), []any{embedding.KindOf(err), got.Status}, []any{c.kind, c.status})
	}
}

func ExampleNew() {
	// theirs stands for the method of another framework's embedder.
	theirs := func(_ context.Context, texts []string) ([][]float32, error) {
		vectors := make([][]float32, len(texts))
		for i, text := range texts {
			vectors[i] = []float32{float32(len(text)), 1}
		}
		return vectors, nil
	}
	e, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: theirs}, embedding.Model{Space: "acme/length@2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"one", "three"})
	fmt.Println(vectors, err)
	// Output: [[3 1] [5 1]] <nil>
}
