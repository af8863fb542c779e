package main

import (
	"context"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// stack is a chain around a provider that answers at once from memory. Its time is what the layers
// add to a call.
type stack struct {
	name  string
	e     embedding.Embedder
	reset func()
	close func()
}

const (
	nameGuard         = "guard alone"
	nameStandardStack = "middleware.Standard"
	nameWithoutCache  = "whole chain without the cache"
	nameWholeStack    = "whole chain, cache missing"
)

func stacks(want [][]float32) ([]stack, error) {
	e := newInstant(want)
	standard := middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: window}})
	store, err := cache.New(cache.Options{})
	if err != nil {
		return nil, err
	}
	return []stack{
		{name: nameGuard, e: e},
		{name: nameStandardStack, e: embedding.Chain(e, standard)},
		{name: nameWithoutCache, e: embedding.Chain(e, middleware.Observe(heard), middleware.Dimensions(dimensions), standard)},
		{name: nameWholeStack, e: recommended(e, store, heard), reset: purge(store), close: store.Close},
	}, nil
}

// time returns the mean time of a call of n texts, measured for about d. No text occurs twice
// between resets.
func (s stack) time(ctx context.Context, all []string, n int, d time.Duration) (sample, error) {
	var sum sample
	for end := time.Now().Add(d); sum.Units == 0 || time.Now().Before(end); {
		if s.reset != nil {
			s.reset()
		}
		count := min(len(all)/n, 1000)
		m := start()
		for k := range count {
			if _, err := s.e.Embed(ctx, embedding.Request{Texts: all[k*n : (k+1)*n]}); err != nil {
				return sum, fmt.Errorf("%s: %w", s.name, err)
			}
		}
		got := m.stop(count)
		was, is := float64(sum.Units), float64(got.Units)
		mean := func(a, b float64) float64 { return (a*was + b*is) / (was + is) }
		sum = sample{Wall: mean(sum.Wall, got.Wall), CPU: mean(sum.CPU, got.CPU), Bytes: mean(sum.Bytes, got.Bytes),
			Allocs: mean(sum.Allocs, got.Allocs), Units: sum.Units + got.Units}
	}
	return sum, nil
}
