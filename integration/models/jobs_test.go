package models

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/openai"
)

// standard is an application's stack, with requests of n texts, some of them concurrent, and short
// waits.
func standard(n, parallel int) embedding.Middleware {
	return middleware.Standard(middleware.StandardOptions{
		Batch:   middleware.BatchOptions{Parallel: parallel, Limits: embedding.Limits{Texts: n}},
		Retry:   middleware.RetryOptions{Pause: 50 * time.Millisecond, MaxPause: 500 * time.Millisecond},
		Breaker: middleware.BreakerOptions{Cooldown: 200 * time.Millisecond},
	})
}

// wantKind checks the error of each text that failed and returns how many did, or 1 if the whole
// call failed.
func wantKind(t *testing.T, err error, kind embedding.Kind, words ...string) int {
	t.Helper()
	all := []error{err}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		all = nil
		for _, f := range p.Failed {
			all = append(all, f.Err)
		}
	}
	for _, err := range all {
		if embedding.KindOf(err) != kind {
			t.Errorf("%v: kind %v, want %v", err, embedding.KindOf(err), kind)
		}
		expect.Says(t, "the error", err, words...)
	}
	return len(all)
}

// A server is killed in the middle of a batch and started again. The job completes, and the server
// computes no text twice except those in flight at the kill.
func TestKilledInMidBatch(t *testing.T) {
	for _, c := range []struct {
		model
		texts, batch, parallel, kill int
	}{
		{models[0], 4000, 20, 4, 60},
		{models[1], 96, 4, 2, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t)
			p := watch(t, s, 0)
			job := embedding.Chain(open(t, openai.Options{Model: c.name, BaseURL: p.url, NativeDimensions: c.dimensions}), standard(c.batch, c.parallel))
			texts := numbered(c.texts)
			rows := killMidway(t, s, p, c.kill, job, texts)
			p.mustHavePaidOnce(t, texts, c.batch, c.parallel)
			fresh := open(t, openai.Options{Model: c.name, BaseURL: s.URL, NativeDimensions: c.dimensions})
			for i := 0; i < len(texts); i += len(texts) / 16 {
				v, err := embedding.Documents(t.Context(), fresh, texts[i:i+1])
				expect.NoError(t, err)
				if cos := embedding.Cosine(v[0], rows[i]); math.Abs(1-float64(cos)) > tolerance {
					t.Errorf("text %d: cosine %v with its vector from the job", i, cos)
				}
			}
		})
	}
}

// killMidway embeds texts, and kills and restarts the server when it has answered so many requests.
func killMidway(t *testing.T, s *servers.Server, p *proxy, after int, job embedding.Embedder, texts []string) [][]float32 {
	t.Helper()
	now := make(chan struct{})
	p.notify = func(answered int) {
		if answered == after {
			close(now)
		}
	}
	type result struct {
		rows [][]float32
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		rows, err := embedding.Documents(t.Context(), job, texts)
		ended <- result{rows, err}
	}()
	select {
	case <-now:
	case r := <-ended:
		t.Fatalf("the job ended before the server was killed: %v", r.err)
	}
	p.restarting(true)
	s.Kill(t)
	s.Start(t)
	p.restarting(false)
	r := <-ended
	if r.err != nil {
		t.Fatalf("got the error %v, want none", r.err)
	}
	return r.rows
}

// mustHavePaidOnce checks that every text reached the server, and none twice except those in flight
// at the kill.
func (p *proxy) mustHavePaidOnce(t *testing.T, texts []string, batch, parallel int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	twice := 0
	for _, text := range texts {
		switch n := p.computed[text]; {
		case n == 0:
			t.Errorf("%q never reached the server", text)
		case n > 2:
			t.Errorf("%q reached the server %d times", text, n)
		case n == 2:
			twice++
		}
	}
	t.Logf("%d requests answered, %d broke off, %d found no server; at most %d under way; %d of %d texts computed twice",
		p.answered, p.broke, p.unserved, p.most, twice, len(texts))
	if p.broke+p.unserved == 0 {
		t.Error("the kill disturbed nothing")
	}
	if twice > p.broke*batch || p.broke > parallel {
		t.Errorf("%d texts computed twice, where %d requests of %d texts could be under way", twice, parallel, batch)
	}
}

// A server that is not there, or not yet, is Unavailable within the time that the caller gives.
func TestServerThatIsDown(t *testing.T) {
	s := servers.Llama(t)
	s.Kill(t)
	e := open(t, openai.Options{Model: "tiny", BaseURL: s.URL})
	_, err := embedding.Query(t.Context(), e, "hello")
	wantKind(t, err, embedding.Unavailable, "connection refused")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = embedding.Query(ctx, embedding.Chain(e, standard(1, 1)), "hello")
	if kind := embedding.KindOf(err); kind != embedding.Unavailable && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	s.Start(t)
	_, err = embedding.Query(t.Context(), e, "hello")
	expect.NoError(t, err)
}
