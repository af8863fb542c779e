package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
)

func TestSomeTextsFail(t *testing.T) {
	e := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return embedding.Rejected
			}
			return nil
		}}
	}})
	f := &fake{}
	s := open(t, e, f, cosine)
	skip := vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.PageContent == "known" })
	ids, err := s.AddDocuments(t.Context(), docs("known", "a", "bad", "b"), skip)
	says(t, err, "2 of 3 documents are stored")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 2 || !errors.Is(err, embedding.Rejected) || len(p.Response.Vectors) != 4 || p.Response.Vectors[1] == nil {
		t.Errorf("got %+v, want a PartialError of text 2 with the vectors of the others", p)
	}
	if !slices.Equal(ids, []string{"id of a", "", "id of b"}) || len(f.rows) != 2 {
		t.Error(ids, len(f.rows))
	}
	ids, err = s.AddDocuments(t.Context(), docs("bad"))
	says(t, err, "nothing was written")
	if len(ids) != 0 || !errors.Is(err, embedding.Rejected) {
		t.Error(ids, err)
	}
}

// A provider that fails in the middle of a long add: what was paid for is stored, and the error
// says so.
func TestTheProviderFailsInTheMiddle(t *testing.T) {
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 2}}, Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number > 1 {
			return embedtest.Reply{Err: embedding.Auth}
		}
		return embedtest.Reply{}
	}})
	f := &fake{}
	s := open(t, embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 1})), f, cosine)
	ids, err := s.AddDocuments(t.Context(), docs("a", "b", "c", "d", "e"))
	says(t, err, "2 of 5 documents are stored")
	if !errors.Is(err, embedding.Auth) || !slices.Equal(ids, []string{"id of a", "id of b", "", "", ""}) || len(f.rows) != 2 {
		t.Error(ids, err, len(f.rows))
	}
}

func TestTheStoreFails(t *testing.T) {
	f := &fake{failsAfter: 1}
	ids, err := open(t, model("m", 8), f, cosine).AddDocuments(t.Context(), docs("a", "b"))
	says(t, err, "connection lost", "2 documents", "may hold some")
	if ids != nil {
		t.Error(ids)
	}
	_, err = open(t, model("m", 8), &fake{loses: true}, cosine).AddDocuments(t.Context(), docs("a", "b"))
	says(t, err, "accepted documents that it does not serve")
	if _, err = open(t, model("m", 8), &fake{noIDs: true}, cosine).AddDocuments(t.Context(), docs("a")); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 1}}, Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number == 2 {
			cancel()
		}
		return embedtest.Reply{}
	}})
	f := &fake{}
	s := open(t, embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 1})), f, cosine)
	_, err := s.AddDocuments(ctx, docs("a", "b", "c"))
	says(t, err, "nothing was written")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !errors.Is(err, context.Canceled) || !ok || p.Response.Vectors[0] == nil || len(f.rows) != 0 {
		t.Errorf("%v, %d documents", err, len(f.rows))
	}
	if _, err = s.AddDocuments(ctx, docs("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want context.Canceled", err)
	}
	if _, err = s.SimilaritySearch(ctx, "q", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want context.Canceled", err)
	}
}

// Nobody waits for the first add longer than the context allows.
func TestWaitsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go1, release := make(chan struct{}), make(chan struct{})
		f := &fake{before: func(*fake) { close(go1); <-release }}
		s := open(t, model("m", 8), f, cosine)
		done := make(chan error)
		go func() {
			_, err := s.AddDocuments(t.Context(), docs("a"))
			done <- err
		}()
		<-go1
		f.before = nil
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := s.SimilaritySearch(ctx, "q", 1)
			done <- err
		}()
		go func() {
			_, err := s.AddDocuments(ctx, docs("b"))
			done <- err
		}()
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got the error %v, want context.Canceled", err)
			}
		}
		close(release)
		if err := <-done; err != nil {
			t.Errorf("got the error %v, want none", err)
		}
		if len(f.rows) != 1 {
			t.Errorf("%d documents", len(f.rows))
		}
		add(t, s, "c")
	})
}

func TestZeroVectors(t *testing.T) {
	e := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(res *embedding.Response) { res.Vectors[0] = make([]float32, 8) }}
	}})
	f := &fake{}
	s := open(t, e, f, cosine)
	_, err := s.AddDocuments(t.Context(), docs("zero", "a"))
	says(t, err, "document 0 is zero", "1 of 2 documents are stored")
	_, err = s.SimilaritySearch(t.Context(), "q", 1)
	says(t, err, "the vector of the query is zero")
	if !errors.Is(err, embedding.Malformed) || len(f.rows) != 1 {
		t.Error(err, len(f.rows))
	}
	_, err = open(t, e, &fake{score: func(c float64) float64 { return 2*c - 1 }}, store.Options{Score: store.OneMinusL2}).AddDocuments(t.Context(), docs("zero", "a"))
	says(t, err, "nothing was written", "has the length 0 and not 1", "cosine as its metric")
}
