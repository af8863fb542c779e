package guarded

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/internal/expect"
)

func outcome(found []schema.Document, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case len(found) == 0:
		return "finds nothing, no error"
	}
	return "finds some"
}

// flat is an embedder of two dimensions for scores that are known.
type flat struct{ by map[string][]float32 }

func (f flat) EmbedDocuments(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = slices.Clone(f.by[text])
	}
	return out, nil
}

func (f flat) EmbedQuery(_ context.Context, text string) ([]float32, error) {
	return slices.Clone(f.by[text]), nil
}

// SameAsItIs compares what a store does without the guard with what it did: each property's outcome
// has to hold want's words.
func SameAsItIs(t *testing.T, k Kind, want map[string]string) {
	got := asItIs(t, k, k.Serve(t).URL)
	for what, is := range got {
		if w, ok := want[what]; !ok || !strings.Contains(is, w) {
			t.Errorf("%s: %q, want %q", what, is, w)
		}
	}
	expect.Equal(t, "properties", len(got), len(want))
}

func asItIs(t *testing.T, k Kind, url string) map[string]string {
	got := map[string]string{}
	must := func(v vectorstores.VectorStore, err error) vectorstores.VectorStore {
		t.Helper()
		expect.NoError(t, err)
		return v
	}
	ctx := t.Context()

	known := must(k.Open(url, "Known", embedding.Model{})(flat{map[string][]float32{"doc": {.6, .8}, "q": {1, 0}}}))
	if _, err := known.AddDocuments(ctx, []schema.Document{{PageContent: "doc", Metadata: map[string]any{"lang": "en", "n": 1}}}); err != nil {
		t.Fatal(err)
	}
	found, err := known.SimilaritySearch(ctx, "q", 1)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	got["score of the cosine 0.6"] = fmt.Sprint(math.Round(float64(found[0].Score)*1e4) / 1e4)
	got["threshold over all"] = outcome(known.SimilaritySearch(ctx, "q", 1, vectorstores.WithScoreThreshold(.7)))

	e := Model("m", Dimensions)
	s := must(k.Open(url, "Main", embedding.Model{})(langchaingo.New(Batched(e))))
	docs := Corpus(20)
	_, err = s.AddDocuments(ctx, docs)
	expect.NoError(t, err)
	got["edits metadata"] = map[bool]string{true: "no", false: "yes"}[len(docs[0].Metadata) == 2]
	before := len(e.Calls())
	_, err = s.SimilaritySearch(ctx, "q", 3)
	expect.NoError(t, err)
	got["query embedded as"] = e.Calls()[before].Request.Task.String()
	got["adds nothing"] = nothingAdded(s)
	got["searches another model"] = outcome(must(k.Open(url, "Main", embedding.Model{})(langchaingo.New(Model("other", Dimensions)))).SimilaritySearch(ctx, "q", 20))

	short := must(k.Open(url, "Main", embedding.Model{})(langchaingo.New(Model("m", 32))))
	_, err = short.AddDocuments(ctx, []schema.Document{{PageContent: "short", Metadata: map[string]any{"lang": "en", "n": 1}}})
	if got["adds other dimensions"] = "no error"; err != nil {
		got["adds other dimensions"] = err.Error()
	}
	_, stored := k.Read(t, url, "Main")["short"]
	got["stores other dimensions"] = map[bool]string{true: "yes", false: "no"}[stored]
	third := must(k.Open(url, "Main", embedding.Model{})(langchaingo.New(Model("m", 16))))
	got["searches other dimensions"] = strings.Replace(outcome(third.SimilaritySearch(ctx, "q", 3)), "finds nothing", "nothing", 1)

	same := Model("m", Dimensions)
	per := vectorstores.WithEmbedder(langchaingo.New(same))
	got["embedder of the add"], got["embedder of the search"] = "ignored", "ignored"
	if _, err := s.AddDocuments(ctx, []schema.Document{{PageContent: "per call", Metadata: map[string]any{"lang": "en", "n": 1}}}, per); err != nil {
		got["embedder of the add"] = err.Error()
	} else if same.Billed("per call") > 0 {
		got["embedder of the add"] = "used"
	}
	if _, err := s.SimilaritySearch(ctx, "per call query", 1, per); err != nil {
		got["embedder of the search"] = err.Error()
	} else if same.Billed("per call query") > 0 {
		got["embedder of the search"] = "used"
	}
	asked := false
	_, err = s.AddDocuments(ctx, []schema.Document{{PageContent: "dedup", Metadata: map[string]any{"lang": "en", "n": 1}}},
		vectorstores.WithDeduplicater(func(context.Context, schema.Document) bool { asked = true; return false }))
	expect.NoError(t, err)
	got["deduplicater"] = map[bool]string{true: "used", false: "ignored"}[asked]
	return got
}

func nothingAdded(s vectorstores.VectorStore) (what string) {
	defer func() {
		if p := recover(); p != nil {
			what = fmt.Sprint("panic: ", p)
		}
	}()
	if _, err := s.AddDocuments(context.Background(), nil); err != nil {
		return err.Error()
	}
	return "no error"
}
