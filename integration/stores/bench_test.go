package stores_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/servers"
)

// BenchmarkAddDocuments adds 2,000 documents of 384 dimensions to pgvector, in turns without and with the guard, each time to
// a collection of its own. The embedder answers at once, so that all that is measured is the store and the guard. It reports
// the median of the ratios of neighbouring runs: "first/raw" for the first add to a collection, which looks and measures, "next/raw" for
// another one of the same Store, and the same of the best runs, which other work on the machine disturbs least.
func BenchmarkAddDocuments(b *testing.B) {
	const n, dims = 2000, 384
	server := servers.Postgres(b)
	docs := guarded.Corpus(n)
	f := guarded.Model("m", dims)
	vectors := make(map[string][]float32, n)
	for _, d := range docs {
		vectors[d.PageContent] = f.Vector(embedding.TaskDocument, d.PageContent)
	}
	m := f.Model()
	m.Limits = embedding.Limits{}
	e := embedding.Wrap(f, m, func(_ context.Context, req embedding.Request) (embedding.Response, error) {
		res := embedding.Response{Vectors: make([][]float32, req.Len()), Usage: embedding.Usage{Requests: 1}}
		for i, text := range req.Texts {
			res.Vectors[i] = vectors[text]
		}
		return res, nil
	})
	open := openPGVector()
	var first, next, raws, ratios, ratios2 []float64
	run := 0
	timed := func(s vectorstores.VectorStore, docs []schema.Document) float64 {
		from := time.Now()
		if _, err := s.AddDocuments(b.Context(), docs); err != nil {
			b.Fatal(err)
		}
		return time.Since(from).Seconds()
	}
	one := func(guarded bool) {
		run++
		name := fmt.Sprintf("bench%d", run)
		if !guarded {
			s, err := open(server.URL, name)(langchaingo.New(e))
			if err != nil {
				b.Fatal(err)
			}
			raws = append(raws, timed(s, docs))
			return
		}
		s, err := store.New(b.Context(), e, open(server.URL, name), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		first = append(first, timed(s, docs))
		next = append(next, timed(s, docs))
	}
	one(false) // warm
	one(true)
	first, next, raws = nil, nil, nil
	for b.Loop() {
		if run%2 == 0 {
			one(false)
			one(true)
		} else {
			one(true)
			one(false)
		}
		i := len(raws) - 1
		ratios = append(ratios, first[i]/raws[i])
		ratios2 = append(ratios2, next[i]/raws[i])
	}
	median := func(x []float64) float64 {
		x = slices.Sorted(slices.Values(x))
		return x[len(x)/2]
	}
	b.ReportMetric(median(raws)*1e3, "ms/raw")
	b.ReportMetric(median(ratios), "first/raw")
	b.ReportMetric(slices.Min(first)/slices.Min(raws), "first/raw-of-best")
	b.ReportMetric(slices.Min(next)/slices.Min(raws), "next/raw-of-best")
	b.ReportMetric(median(ratios2), "next/raw")
}
