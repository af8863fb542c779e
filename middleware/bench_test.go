package middleware

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
)

// still answers at once with the same vectors and allocates nothing, so a benchmark around it
// measures the layers.
type still struct{ rows [][]float32 }

const stillDims, stillMost = 256, 64

func newStill() embedding.Embedder {
	s := &still{rows: make([][]float32, stillMost)}
	for i := range s.rows {
		s.rows[i] = make([]float32, stillDims)
		s.rows[i][0] = 1
	}
	return embedding.Chain(s)
}

func (s *still) Model() embedding.Model {
	return embedding.Model{Provider: "test", ID: "still", Dimensions: stillDims, Symmetric: true, Limits: embedding.Limits{Texts: stillMost}}
}

func (s *still) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	return embedding.Response{Vectors: s.rows[:len(req.Texts)], Usage: embedding.Usage{Requests: 1, Tokens: 1}}, nil
}

// longTexts are n different texts of 500 bytes.
func longTexts(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("%07d ", i) + strings.Repeat("five hundred bytes. ", 25)[:492]
	}
	return texts
}

// cost is a chain and the most objects that a call which succeeds may allocate in it.
type cost struct {
	name   string
	layers []embedding.Middleware
	most   float64 // with one text
	each   float64 // and this many for each further text
}

// costs are the layers as they come, each alone, the standard stack and all of them but the cache.
func costs() []cost {
	hear := func(Event) {}
	one := func(m ...embedding.Middleware) []embedding.Middleware { return m }
	shorts := func(e embedding.Embedder) embedding.Embedder { // no text is split, but each is estimated
		e, err := Pieces(e, PiecesOptions{Tokens: 512})
		if err != nil {
			panic(err)
		}
		return e
	}
	return []cost{
		{"guard", nil, 0, 0},
		{"Observe", one(Observe(hear)), 0, 0},
		{"Dimensions", one(Dimensions(stillDims)), 0, 0},
		{"Pieces", one(shorts), 0, 0},
		{"Coalesce", one(Coalesce(CoalesceOptions{})), 11, 1}, // its own call, context, goroutine
		{"Batch", one(Batch(BatchOptions{})), 1, 0},
		{"Retry", one(Retry(RetryOptions{})), 0, 0},
		{"Breaker", one(Breaker(BreakerOptions{})), 0, 0},
		{"Limit", one(Limit(LimitOptions{InFlight: 8, RPM: 1e9, TPM: 1e9})), 0, 0},
		{"Limit of Bulk", one(Limit(LimitOptions{InFlight: 8, RPM: 1e9, TPM: 1e9, Lane: Bulk})), 0, 0},
		{"Timeout", one(Timeout(time.Minute)), 4, 0},
		{"Attempts", one(Attempts(hear)), 0, 0},
		{"Standard", one(Standard(StandardOptions{})), 19, 1},
		{"Standard of Bulk", one(Standard(StandardOptions{Limit: LimitOptions{Lane: Bulk}})), 20, 1}, // its context
		{"Observe to Attempts", one(Observe(hear), Dimensions(stillDims), Standard(StandardOptions{Attempts: hear})), 19, 1},
	}
}

// BenchmarkLayer is a call of 1 and of 10 texts of 500 bytes that succeeds, through each layer.
func BenchmarkLayer(b *testing.B) {
	texts := longTexts(10)
	for _, c := range costs() {
		for _, n := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/texts=%d", c.name, n), func(b *testing.B) {
				e := embedding.Chain(newStill(), c.layers...)
				req := embedding.Request{Texts: texts[:n]}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.Embed(b.Context(), req); err != nil {
						b.Fatalf("got the error %v, want none", err)
					}
				}
			})
		}
	}
}

// BenchmarkBatch splits 1,000 texts into 100 requests, 8 at a time.
func BenchmarkBatch(b *testing.B) {
	e := embedding.Chain(newStill(), Batch(BatchOptions{Limits: embedding.Limits{Texts: 10}}))
	req := embedding.Request{Texts: longTexts(1000)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Embed(b.Context(), req); err != nil {
			b.Fatalf("got the error %v, want none", err)
		}
	}
}

// BenchmarkContended runs the standard stack under two concurrent callers, to show the cost of its
// locks (-cpu 1,2).
func BenchmarkContended(b *testing.B) {
	e := embedding.Chain(newStill(), Standard(StandardOptions{}))
	texts := longTexts(stillMost)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			k := i % len(texts)
			if _, err := e.Embed(b.Context(), embedding.Request{Texts: texts[k : k+1]}); err != nil {
				b.Errorf("got the error %v, want none", err)
			}
		}
	})
}
