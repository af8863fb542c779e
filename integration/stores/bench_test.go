package stores_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// BenchmarkAddDocuments adds 2,000 documents of 384 dimensions to pgvector, in turn without and
// with the guard, each time to a new collection. The embedder answers at once, so the benchmark
// measures the store and the guard only. It reports the median ratios of neighboring runs:
// "first/raw" for the first add to a collection, which looks and measures, and "next/raw" for the
// second. It also reports both for the best runs, which other work on the machine disturbs least.
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
		res := embedding.Response{Vectors: make([][]float32, len(req.Texts)), Usage: embedding.Usage{Requests: 1}}
		for i, text := range req.Texts {
			res.Vectors[i] = vectors[text]
		}
		return res, nil
	})
	open := openPGVector()
	var seconds [2][2][]float64 // without and with the guard; of the first add and the next
	var ratios [2][]float64
	run := 0
	one := func(guarded int) {
		run++
		name := fmt.Sprintf("bench%d", run)
		var s vectorstores.VectorStore
		var err error
		if guarded == 1 {
			s, err = store.New(b.Context(), e, open(server.URL, name), store.Options{})
		} else {
			s, err = open(server.URL, name)(langchaingo.New(e))
		}
		expect.NoError(b, err)
		for add := range 2 {
			from := time.Now()
			_, err := s.AddDocuments(b.Context(), docs)
			expect.NoError(b, err)
			seconds[guarded][add] = append(seconds[guarded][add], time.Since(from).Seconds())
		}
		if g, ok := s.(*store.Store); ok {
			s = g.Unwrap()
		}
		expect.NoError(b, s.(pgvector.Store).Close())
	}
	one(0) // warm
	one(1)
	seconds = [2][2][]float64{}
	for i := 0; b.Loop(); i++ {
		one(i % 2)
		one(1 - i%2)
		for add := range 2 {
			ratios[add] = append(ratios[add], seconds[1][add][i]/seconds[0][add][i])
		}
	}
	median := func(x []float64) float64 {
		x = slices.Sorted(slices.Values(x))
		return x[len(x)/2]
	}
	b.ReportMetric(median(seconds[0][0])*1e3, "ms/raw")
	for add, name := range []string{"first", "next"} {
		b.ReportMetric(median(ratios[add]), name+"/raw")
		b.ReportMetric(slices.Min(seconds[1][add])/slices.Min(seconds[0][add]), name+"/raw-of-best")
	}
}
