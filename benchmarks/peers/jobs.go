package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

const (
	jobTexts = 10000
	perCall  = 10 // texts per request: DashScope's limit
	window   = 8  // requests in flight
)

// job is one way to embed many texts.
type job struct {
	client
	how string // who splits, and how many requests are in flight
}

// windowed puts a sliding window around a client that has none: the best that its user can write.
func windowed(c client) job {
	one := c.embed
	c.embed = func(ctx context.Context, texts []string) (answered, error) {
		parts := make([]answered, (len(texts)+perCall-1)/perCall)
		var (
			next  atomic.Int64
			wg    sync.WaitGroup
			once  sync.Once
			first error
		)
		for range window {
			wg.Go(func() {
				for {
					k := int(next.Add(1)) - 1
					if k >= len(parts) {
						return
					}
					got, err := one(ctx, texts[k*perCall:min((k+1)*perCall, len(texts))])
					if err != nil {
						once.Do(func() { first = err })
						return
					}
					parts[k] = got
				}
			})
		}
		wg.Wait()
		var all answered
		for _, p := range parts {
			all.f32, all.f64, all.raw = append(all.f32, p.f32...), append(all.f64, p.f64...), all.raw+p.raw
		}
		return all, first
	}
	return job{c, fmt.Sprintf("a window of %d, written around it", window)}
}

// ourJobs returns jobs that split requests themselves: the standard stack, and the whole chain,
// which also caches 10,000 vectors.
func ourJobs(base string) ([]job, error) {
	e, err := provider(base, false, perCall)
	if err != nil {
		return nil, err
	}
	standard := embedding.Chain(e, middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: window}}))
	store, err := cache.New(cache.Options{})
	if err != nil {
		return nil, err
	}
	chain := as(nameChain, false, recommended(e, store, heard))
	chain.reset, chain.close = purge(store), store.Close
	how := fmt.Sprintf("its own, a window of %d", window)
	return []job{{as(nameStandard, false, standard), how}, {chain, how}}, nil
}

const nameStandard = "embedding, middleware.Standard"

// rivalJobs returns langchaingo with its own batches, and the other clients with a window around
// them.
func rivalJobs(base string) ([]job, error) {
	all, err := rivals(base, false)
	if err != nil {
		return nil, err
	}
	batched, err := langchaingo(base, perCall)
	if err != nil {
		return nil, err
	}
	jobs := []job{{batched, sequential}}
	for _, c := range all {
		jobs = append(jobs, windowed(c))
	}
	return jobs, nil
}

// run does a job once and returns its total wall and processor time in nanoseconds.
func (j job) run(ctx context.Context, server *child, all []string, want [][]float32) (sample, error) {
	if j.reset != nil {
		j.reset()
	}
	before, err := server.counts()
	if err != nil {
		return sample{}, err
	}
	m := start()
	got, err := j.embed(ctx, all)
	s := m.stop(1)
	if err == nil {
		err = check(got, 0, len(all), want)
	}
	if err != nil {
		return s, fmt.Errorf("%s, %d texts: %w", j.name, len(all), err)
	}
	after, err := server.counts()
	s.Dials = after.Dials - before.Dials
	if want := int64((len(all) + perCall - 1) / perCall); err == nil && !j.single && after.Calls-before.Calls != want {
		err = fmt.Errorf("%s sent %d requests, %d were expected", j.name, after.Calls-before.Calls, want)
	}
	return s, err
}

// ideal returns the least time for n texts: every request's latency, a window of them at a time.
func ideal(n int, tenth bool) time.Duration {
	waits := (n + perCall - 1) / perCall
	if tenth {
		waits += waits / 10 * (slower - 1)
	}
	return time.Duration(waits) * latency / window
}
