package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func texts(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text %d", i)
	}
	return out
}

// right fails the test unless each vector is its text's own, and returns how many there are.
func right(t *testing.T, f *embedtest.Fake, req embedding.Request, got embedding.Response) int {
	t.Helper()
	n := 0
	for i, v := range got.Vectors {
		if v == nil {
			continue
		}
		n++
		if !slices.Equal(v, f.Vector(req.Task, req.Texts[i])) {
			t.Fatalf("text %d has another text's vector", i)
		}
	}
	return n
}

// sizes of the requests that a fake was sent.
func sizes(f *embedtest.Fake) (out []int) {
	for _, c := range f.Calls() {
		out = append(out, len(c.Request.Texts))
	}
	return out
}

func TestBatchSplits(t *testing.T) {
	long := strings.Repeat("12345", 20) // 100 tokens, 100 bytes
	for name, c := range map[string]struct {
		model embedding.Limits
		o     embedding.Limits
		texts []string
		want  []int
	}{
		"by the model's count":       {embedding.Limits{Texts: 10}, embedding.Limits{}, texts(25), []int{10, 10, 5}},
		"by its own, stricter count": {embedding.Limits{Texts: 10}, embedding.Limits{Texts: 4}, texts(10), []int{4, 4, 2}},
		"never by a looser one":      {embedding.Limits{Texts: 10}, embedding.Limits{Texts: 40}, texts(20), []int{10, 10}},
		"unknown":                    {embedding.Limits{}, embedding.Limits{}, texts(130), []int{64, 64, 2}},
		"by tokens":                  {embedding.Limits{Tokens: 300}, embedding.Limits{}, []string{long, long, long, long, "a"}, []int{3, 2}},
		"by bytes":                   {embedding.Limits{}, embedding.Limits{Bytes: 199}, []string{long, long, "a", "b"}, []int{1, 3}},
		"a text over the limit":      {embedding.Limits{}, embedding.Limits{Bytes: 50}, []string{"a", long, "b"}, []int{1, 1, 1}},
		"one request":                {embedding.Limits{Texts: 10}, embedding.Limits{}, texts(10), []int{10}},
	} {
		t.Run(name, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: c.model}})
			e := embedding.Chain(f, Batch(BatchOptions{Parallel: 1, Limits: c.o}))
			req := embedding.Request{Texts: c.texts}
			res, err := e.Embed(t.Context(), req)
			if err != nil || right(t, f, req, res) != len(c.texts) {
				t.Fatalf("%d vectors, %v", len(res.Vectors), err)
			}
			expect.Equal(t, "texts of the requests", sizes(f), c.want)
			expect.Equal(t, "usage", res.Usage, f.Ledger())
		})
	}
}

func TestBatchHalvesWhatIsTooLarge(t *testing.T) {
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprintf("silent %v", silent), func(t *testing.T) {
			// The server takes 10 texts, and nobody knows.
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 10}}, Silent: silent})
			unknown := f.Model()
			unknown.Limits = embedding.Limits{}
			e := embedding.Chain(embedding.Wrap(f, unknown, f.Embed), Batch(BatchOptions{Parallel: 1}))
			req := embedding.Request{Texts: texts(64)}
			for range 2 {
				res, err := e.Embed(t.Context(), req)
				if err != nil || right(t, f, req, res) != 64 {
					t.Fatalf("%d vectors, %v", len(res.Vectors), err)
				}
			}
			refused, small := 0, 0
			for _, c := range f.Calls() {
				if c.Err != nil {
					refused++
				} else if len(c.Request.Texts) < 4 {
					small++
				}
			}
			if most := map[bool]int{false: 1, true: 5}[silent]; refused > most {
				t.Errorf("%d requests were refused, want at most %d: the limit is to be learned: %v", refused, most, sizes(f))
			}
			for _, text := range req.Texts {
				if f.Billed(text) != 2 {
					t.Fatalf("%q was billed %d times in two calls", text, f.Billed(text))
				}
			}
		})
	}
}

func TestBatchLearnsNothingFromOneLargeText(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Bytes: 1000}}, Silent: true})
	unknown := f.Model()
	unknown.Limits = embedding.Limits{}
	e := embedding.Chain(embedding.Wrap(f, unknown, f.Embed), Batch(BatchOptions{Parallel: 1}))
	req := embedding.Request{Texts: append(texts(16), strings.Repeat("x", 2000))}
	_, err := e.Embed(t.Context(), req)
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 16 || embedding.KindOf(p.Failed[0].Err) != embedding.Rejected {
		t.Fatalf("got %v, want text 16 alone Rejected", err)
	}
	expect.Equal(t, "vectors of the other texts", right(t, f, req, p.Response), 16)
	before := len(f.Calls())
	_, err = e.Embed(t.Context(), embedding.Request{Texts: texts(17)})
	expect.NoError(t, err)
	expect.Equal(t, "requests for 17 small texts after a large one", len(f.Calls())-before, 1)
}

func TestBatchIsolatesRejectedTexts(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{
		Model:  embedding.Model{Limits: embedding.Limits{Texts: 10}},
		Poison: func(text string) bool { return strings.HasPrefix(text, "bad") },
	})
	e := embedding.Chain(f, Batch(BatchOptions{}), Retry(RetryOptions{}))
	req := embedding.Request{Texts: texts(40)}
	bad := []int{0, 7, 8, 23, 39}
	for _, i := range bad {
		req.Texts[i] = fmt.Sprint("bad ", i)
	}
	_, err := e.Embed(t.Context(), req)
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != len(bad) {
		t.Fatalf("got %v", err)
	}
	for k, f := range p.Failed {
		if f.Index != bad[k] || embedding.KindOf(f.Err) != embedding.Rejected {
			t.Errorf("failure %d is text %d, %v; want text %d", k, f.Index, f.Err, bad[k])
		}
	}
	if right(t, f, req, p.Response) != 35 || p.Response.Usage != f.Ledger() {
		t.Errorf("%d vectors, usage %+v, billed %+v", right(t, f, req, p.Response), p.Response.Usage, f.Ledger())
	}
	for i, text := range req.Texts {
		if want := 1; !slices.Contains(bad, i) && f.Billed(text) != want {
			t.Errorf("text %d was billed %d times", i, f.Billed(text))
		}
	}
}

// TestBatchSharesNoBlame holds a case in which an inner layer asked for two texts together and
// gave both its one error.
func TestBatchSharesNoBlame(t *testing.T) {
	calls := 0
	f := embedtest.NewFake(embedtest.FakeOptions{Poison: func(text string) bool { return text == "text 3" }})
	flaky := embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if calls++; calls > 1 {
			return f.Embed(ctx, req)
		}
		m := embedding.NewMerger(len(req.Texts))
		late := &embedding.Error{Kind: embedding.Unavailable}
		for i := range req.Texts {
			if i == 3 || i == 5 {
				m.Add([]int{i}, embedding.Response{}, late)
			} else {
				m.Set(i, f.Vector(0, req.Texts[i]))
			}
		}
		m.Use(embedding.Usage{Requests: 1, Tokens: 1})
		return m.Result()
	})
	e := embedding.Chain(flaky, Batch(BatchOptions{}), Retry(RetryOptions{Pause: 1}))
	req := embedding.Request{Texts: texts(8)}
	_, err := e.Embed(t.Context(), req)
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 3 {
		t.Fatalf("got %v, want text 3 alone Rejected", err)
	}
	right(t, f, req, p.Response)
}

func TestBatchAfterAnError(t *testing.T) {
	for kind, goesOn := range map[embedding.Kind]bool{
		embedding.Auth: false, embedding.Exhausted: false,
		embedding.Unavailable: true, embedding.RateLimited: true,
	} {
		t.Run(kind.Error(), func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{
				Model: embedding.Model{Limits: embedding.Limits{Texts: 10}},
				Script: func(c embedtest.Call) embedtest.Reply {
					if c.Number == 3 {
						return embedtest.Reply{Err: &embedding.Error{Kind: kind, Status: 400}}
					}
					return embedtest.Reply{}
				},
			})
			e := embedding.Chain(f, Batch(BatchOptions{Parallel: 1}))
			req := embedding.Request{Texts: texts(60)}
			_, err := e.Embed(t.Context(), req)
			p, ok := errors.AsType[*embedding.PartialError](err)
			if !ok || !errors.Is(err, kind) {
				t.Fatalf("got %v", err)
			}
			want := 20
			if goesOn {
				want = 50
			}
			if n := right(t, f, req, p.Response); n != want || len(p.Failed) != 60-want {
				t.Errorf("%d vectors and %d failures, want %d vectors", n, len(p.Failed), want)
			}
		})
	}
	t.Run("nothing succeeded", func(t *testing.T) {
		auth := &embedding.Error{Kind: embedding.Auth, Status: 401}
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model:  embedding.Model{Limits: embedding.Limits{Texts: 10}},
			Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Err: auth} },
		})
		_, err := embedding.Chain(f, Batch(BatchOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(100)})
		if embedding.KindOf(err) != embedding.Auth {
			t.Errorf("got %v, want the plain error", err)
		}
		if n := len(f.Calls()); n > 8 {
			t.Errorf("%d requests with a key that is wrong", n)
		}
	})
}

func TestBatchSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{Limits: embedding.Limits{Texts: 10}},
			Script: func(c embedtest.Call) embedtest.Reply {
				if c.Number%10 == 0 {
					return embedtest.Reply{Latency: 250 * time.Millisecond}
				}
				return embedtest.Reply{Latency: 50 * time.Millisecond}
			},
		})
		e := embedding.Chain(f, Batch(BatchOptions{}))
		start := time.Now()
		_, err := e.Embed(t.Context(), embedding.Request{Texts: texts(8000)})
		expect.NoError(t, err)
		// 800 requests, a tenth of which take five times as long, eight at once: 7 s if nothing waits
		// for a slow one.
		if took := time.Since(start); took > 7300*time.Millisecond {
			t.Errorf("took %v: a slow request held others back", took)
		}
		expect.Equal(t, "requests at once", f.Peak(), 8)
	})
}

func TestBatchCanceledMidwayKeepsWhatWasPaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model:  embedding.Model{Limits: embedding.Limits{Texts: 10}},
			Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Second} },
		})
		e := embedding.Chain(f, Standard(StandardOptions{}))
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		req := embedding.Request{Texts: texts(300)}
		_, err := e.Embed(ctx, req)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if n := right(t, f, req, p.Response); n != 160 || p.Response.Usage != f.Ledger() {
			t.Errorf("%d vectors, usage %+v, billed %+v; want the 160 that were paid for", n, p.Response.Usage, f.Ledger())
		}
	})
}
