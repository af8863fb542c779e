package embedtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/vecspace/embedding"
)

func canceledBefore(t tb, s Subject) {
	var before embedding.Usage
	if s.Ledger != nil {
		before = s.Ledger()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := s.Embedder.Embed(ctx, embedding.Request{Texts: words[:1]})
	if !errors.Is(err, context.Canceled) || res.Vectors != nil {
		t.Errorf("a request whose context had ended: %d vectors, %v; want context.Canceled", len(res.Vectors), err)
	}
	if s.Ledger != nil && s.Ledger() != before {
		t.Errorf("a request whose context had ended was billed")
	}
}

// canceledMidway is the law that the end of the caller's context ends the call with the context's
// error, and does no other harm.
func canceledMidway(t tb, s Subject) {
	n := s.size(8)
	for round := range 10 {
		texts := numbered((round + 1) * n)[round*n:]
		ctx, cancel := context.WithCancel(t.Context())
		res, err := s.Embedder.Embed(&fuse{Context: ctx, looks: int64(round + 1), cancel: cancel}, embedding.Request{Texts: texts})
		cancel()
		switch {
		case err == nil && len(res.Vectors) != n:
			t.Errorf("%d vectors for %d texts", len(res.Vectors), n)
		case err != nil && !errors.Is(err, context.Canceled):
			t.Errorf("a request whose context ended midway: got %v, want context.Canceled", err)
		case err != nil && res.Vectors != nil:
			t.Errorf("a request whose context ended midway has vectors beside its error")
		}
		if p, ok := errors.AsType[*embedding.PartialError](err); ok {
			s.same(t, "canceled midway", texts, p.Response.Vectors)
		}
		s.same(t, "after a cancel", texts[:1], s.embed(t, embedding.TaskDocument, texts[0]))
	}
}

// fuse is a context that ends after a given number of looks at it: midway, and always at the same
// place.
type fuse struct {
	context.Context
	looks  int64
	seen   atomic.Int64
	cancel func()
}

func (f *fuse) look() {
	if f.seen.Add(1) == f.looks {
		f.cancel()
	}
}

func (f *fuse) Done() <-chan struct{} {
	f.look()
	return f.Context.Done()
}

func (f *fuse) Err() error {
	f.look()
	return f.Context.Err()
}

func concurrent(t tb, s Subject) {
	n := s.size(6)
	const callers = 8
	want := make([][]float32, len(words))
	for i, v := range s.embed(t, embedding.TaskDocument, words...) {
		want[i] = v
	}
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(c)))
			for range 4 {
				at := rng.IntN(len(words) - n)
				res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: words[at : at+n : at+n]})
				if err != nil || len(res.Vectors) != n {
					t.Errorf("%d vectors for %d texts, %v", len(res.Vectors), n, err)
					return
				}
				for i, v := range res.Vectors {
					if !s.equal(v, want[at+i]) {
						t.Errorf("text %d has another vector while other requests run", i)
					}
				}
				if m := s.Embedder.Model(); m.ID == "" {
					t.Errorf("Model() names no ID while other requests run")
				}
			}
		})
	}
	wg.Wait()
}

// usage is the law that the usage of the responses adds up to what the provider counted.
func usage(t tb, s Subject) {
	if s.Ledger == nil {
		return // what was billed is unknown
	}
	before := s.Ledger()
	var sum embedding.Usage
	given := 0
	rng := rand.New(rand.NewPCG(7, 11))
	for range 25 {
		texts := make([]string, 1+rng.IntN(s.size(12)))
		for i := range texts {
			texts[i] = words[rng.IntN(len(words))]
			if rng.IntN(12) == 0 {
				texts[i] = " "
			}
		}
		res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: texts, Task: embedding.Task(rng.IntN(2))})
		got := embedding.Salvage(res, err)
		sum = sum.Add(got.Usage)
		for _, v := range got.Vectors {
			if v != nil {
				given++
			}
		}
	}
	billed := s.Ledger()
	billed.Requests -= before.Requests
	billed.Tokens -= before.Tokens
	billed.Unmetered -= before.Unmetered
	if sum.Requests != billed.Requests || sum.Tokens != billed.Tokens || sum.Unmetered != billed.Unmetered {
		t.Errorf("the responses' usage adds up to %+v, the provider counted %+v", sum, billed)
	}
	if sum.Reused < 0 || sum.Reused > given {
		t.Errorf("%d texts are said to have cost nothing, of %d", sum.Reused, given)
	}
}
