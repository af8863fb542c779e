package index_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// Each answer is in the store before the next request is sent, also behind a cache, and each
// document is written once.
func TestAnswersAreWrittenAsTheyCome(t *testing.T) {
	vectors, err := cache.New(cache.Options{})
	expect.NoError(t, err)
	defer vectors.Close()
	for name, layers := range map[string][]embedding.Middleware{
		"Batch":    {tens(1)},
		"Standard": {middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: 1, Limits: embedding.Limits{Texts: 10}}})},
		"cache":    {vectors.Wrap, middleware.Coalesce(middleware.CoalesceOptions{}), tens(1)},
	} {
		t.Run(name, func(t *testing.T) {
			d := drawer{dir: t.TempDir()}
			calls := 0
			f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
				expect.Equal(t, fmt.Sprintf("documents in the store at request %d", calls), len(d.texts()), 10*calls)
				calls++
				return embedtest.Reply{}
			}})
			s, err := index.New(embedding.Chain(f, layers...), d, d)
			expect.NoError(t, err)
			docs := thousand()[:95]
			ids, err := s.AddDocuments(t.Context(), docs)
			expect.NoError(t, err)
			expect.Equal(t, "requests", calls, 10)
			expect.Equal(t, "documents", d.texts(), contents(docs))
			all, err := d.all()
			expect.NoError(t, err)
			for i, id := range ids {
				expect.Equal(t, fmt.Sprintf("text of ID %d", i), all[id].Text, docs[i].PageContent)
			}
		})
	}
}

// single is a store that takes one write at a time, each a while long.
type single struct {
	drawer
	t      *testing.T
	now    *atomic.Int32
	writes *atomic.Int32
}

func (s single) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	s.writes.Add(1)
	if n := s.now.Add(1); n > 1 {
		s.t.Errorf("%d writes at once, want one", n)
	}
	defer s.now.Add(-1)
	time.Sleep(time.Second)
	return s.drawer.AddDocuments(ctx, docs, options...)
}

// A store that is slower than the provider gets several answers in one write, and one write at a
// time.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := single{drawer{dir: t.TempDir()}, t, new(atomic.Int32), new(atomic.Int32)}
		s, err := index.New(embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}), tens(8)), d, d)
		expect.NoError(t, err)
		docs := thousand()[:200]
		_, err = s.AddDocuments(t.Context(), docs)
		expect.NoError(t, err)
		expect.Equal(t, "documents", d.texts(), contents(docs))
		if n := d.writes.Load(); n > 7 {
			t.Errorf("200 documents in 20 answers took %d writes, want 7 at most", n)
		}
	})
}

// When a store fails, the error names each document that is not stored and has its vector, so that
// the caller need not pay again.
func TestPaidVectorsAreHandedBack(t *testing.T) {
	broken := errors.New("disk full")
	for _, parallel := range []int{0, 1, 8} { // 0: one request
		t.Run(fmt.Sprint("parallel ", parallel), func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{})
			e := embedding.Chain(f)
			if parallel > 0 {
				e = embedding.Chain(f, tens(parallel))
			}
			d := drawer{dir: t.TempDir(), fail: func(doc schema.Document) error {
				if doc.PageContent == "text 15" {
					return broken
				}
				return nil
			}}
			s, err := index.New(e, d, d)
			expect.NoError(t, err)
			docs := thousand()[:30]
			ids, err := s.AddDocuments(t.Context(), docs)
			p, ok := errors.AsType[*embedding.PartialError](err)
			if !ok || !errors.Is(err, broken) {
				t.Fatalf("got the error %v, want a PartialError with %v", err, broken)
			}
			failed := map[int]bool{}
			for _, f := range p.Failed {
				failed[f.Index] = true
			}
			want, err := embedding.Documents(t.Context(), f, []string{"text 15", "text 29"})
			expect.NoError(t, err)
			expect.Equal(t, "vectors of text 15 and 29", [][]float32{p.Response.Vectors[15], p.Response.Vectors[29]}, want)
			for i := range docs {
				if p.Response.Vectors[i] == nil || failed[i] != (ids[i] == "") {
					t.Errorf("document %d has the ID %q, failed: %t, and a vector: %t, want an ID or a failure, and its vector",
						i, ids[i], failed[i], p.Response.Vectors[i] != nil)
				}
			}
			if !failed[15] {
				t.Error("document 15 did not fail")
			}
		})
	}
}

// An answer that comes for another caller after AddDocuments has returned is not written.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			time.Sleep(time.Second)
			return embedtest.Reply{}
		}})
		e := embedding.Chain(f, middleware.Coalesce(middleware.CoalesceOptions{}), tens(8))
		d := drawer{dir: t.TempDir()}
		s, err := index.New(e, d, d)
		expect.NoError(t, err)
		ctx, leave := context.WithTimeout(t.Context(), time.Second/2)
		defer leave()
		docs := thousand()[:20]
		done := make(chan error)
		go func() {
			time.Sleep(time.Second / 4)
			_, err := embedding.Documents(t.Context(), e, []string{docs[3].PageContent})
			done <- err
		}()
		if _, err := s.AddDocuments(ctx, docs); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want the deadline's", err)
		}
		expect.NoError(t, <-done)
		synctest.Wait()
		expect.Equal(t, "documents", len(d.texts()), 0)
	})
}

// BenchmarkSync adds 1,000 documents to a chromem folder by DashScope's requests of ten texts, each
// of 80 to 160 ms. Its answers are written as they come, or at the end of each block, as for an
// embedder that hides them.
func BenchmarkSync(b *testing.B) {
	service, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Latency: 80 * time.Millisecond, Jitter: 80 * time.Millisecond}}})
	expect.NoError(b, err)
	web := httptest.NewServer(service)
	defer web.Close()
	p, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 1024, BaseURL: web.URL + dashscopetest.BasePath, Key: emulator.DefaultKey})
	expect.NoError(b, err)
	shown := embedding.Chain(p, middleware.Standard(middleware.StandardOptions{}))
	hidden := embedding.Wrap(shown, shown.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		return shown.Embed(bare{ctx}, req)
	})
	for _, c := range []struct {
		name string
		e    embedding.Embedder
	}{{name: "as they come", e: shown}, {name: "at the end", e: hidden}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				store, err := chromem.New(c.e, chromem.Options{Dir: b.TempDir()})
				expect.NoError(b, err)
				s, err := index.New(c.e, store, store.Index())
				expect.NoError(b, err)
				_, err = index.Sync(b.Context(), s, "folder", thousand())
				expect.NoError(b, err)
			}
		})
	}
}

// bare is a context without values.
type bare struct{ context.Context }

func (bare) Value(any) any { return nil }
