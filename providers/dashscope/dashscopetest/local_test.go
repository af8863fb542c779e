package dashscopetest_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/static"
)

func local(t testing.TB) embedding.Embedder {
	t.Helper()
	return vendortest.Opened(t)(static.New(static.Options{}))
}

// Search through the emulator finds what the local model finds, with vectors of every length and
// every model.
func TestSearchHasMeaning(t *testing.T) {
	documents := []string{
		"how to bake bread with yeast and flour", "the stock market fell sharply today", "parsing command line flags in a program",
		"a guide to growing tomatoes in the garden", "compressing files with gzip", "如何学习游泳",
	}
	questions := map[string]int{
		"baking a loaf": 0, "share prices dropped": 1, "read program arguments": 2, "planting vegetables": 3, "make an archive smaller": 4, "学游泳的方法": 5,
	}
	s := open(t, dashscopetest.Options{Options: emulator.Options{Embedder: local(t)}})
	base, err := embedding.Documents(t.Context(), local(t), documents)
	expect.NoError(t, err)
	for _, model := range []string{"text-embedding-v4", "qwen3.7-text-embedding"} {
		for _, dims := range []int{256, 512, 768, 1024, 2048} {
			at := func(texts any) [][]float32 {
				return vectors(t, s, fmt.Sprintf(`{"model":%q,"input":%s,"dimensions":%d}`, model, asJSON(texts), dims))
			}
			rows := at(documents)
			for question, want := range questions {
				q := at(question)[0]
				scores := make([]float32, len(rows))
				for i, row := range rows {
					scores[i] = embedding.Cosine(q, row)
				}
				expect.Equal(t, fmt.Sprintf("%s at %d: document for %q", model, dims, question), slices.Index(scores, slices.Max(scores)), want)
			}
			if got, want := embedding.Cosine(rows[0], rows[3]), embedding.Cosine(base[0], base[3]); got-want > 1e-5 || want-got > 1e-5 {
				t.Errorf("%s at %d: cosine %v, the local model's is %v", model, dims, got, want)
			}
		}
	}
}

// One op embeds 50,000 different texts at 64 dimensions over a real connection, as an indexing run
// does.
func BenchmarkIndexing(b *testing.B) {
	texts := make([]string, 50_000)
	for i := range texts {
		texts[i] = fmt.Sprintf("document %d is about the %d-th thing that somebody wanted to find again", i, i%977)
	}
	for b.Loop() {
		s := open(b, dashscopetest.Options{Options: emulator.Options{Embedder: local(b)}})
		server := httptest.NewServer(s)
		e, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, Region: "intl",
			BaseURL: server.URL + dashscopetest.BasePath, Key: emulator.DefaultKey})
		expect.NoError(b, err)
		if _, err := embedding.Documents(b.Context(), embedding.Chain(e, middleware.Batch(middleware.BatchOptions{})), texts); err != nil {
			b.Fatalf("got the error %v, want none", err)
		}
		server.Close()
		if l := s.Ledger(); l.Requests != 5_000 || l.Texts != 50_000 || l.Twice != 0 {
			b.Fatalf("%+v", l)
		}
	}
}

// The emulator's own share of the above.
func BenchmarkServe(b *testing.B) {
	s := open(b, dashscopetest.Options{Options: emulator.Options{Embedder: local(b)}})
	n := 0
	for b.Loop() {
		texts := make([]string, 10)
		for i := range texts {
			n++
			texts[i] = fmt.Sprintf("document %d is about something that somebody wanted to find again", n)
		}
		if w := do(b, s, call{body: `{"model":"text-embedding-v4","dimensions":64,"input":` + asJSON(texts) + `}`}); w.Code != 200 {
			b.Fatalf("got status %d, want 200", w.Code)
		}
	}
}
