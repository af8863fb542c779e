package embedding

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/lend"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func digits(i int) string { return fmt.Sprint(i) }

func TestStreamYieldsAllInOrder(t *testing.T) {
	for _, n := range []int{0, 1, blockTexts - 1, blockTexts, blockTexts + 1, 3*blockTexts + 7} {
		e := Chain(fn{Model{Dimensions: 2}, lengths})
		next := 0
		for out, err := range Stream(t.Context(), e, count(n), digits) {
			if err != nil || out.Err != nil || out.Item != next || out.Vector[0] != float32(len(digits(next))) {
				t.Fatalf("n=%d: item %d: %+v, %v", n, next, out, err)
			}
			next++
		}
		expect.Equal(t, "items", next, n)
	}
}

func TestStreamStaysOneBlockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		e := Chain(fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
			sent.Add(1)
			time.Sleep(time.Second)
			return lengths(ctx, req)
		}})
		start, items := time.Now(), 0
		for range Stream(t.Context(), e, count(4*blockTexts), digits) {
			if items%blockTexts == 0 {
				synctest.Wait()
				blocks := items/blockTexts + 1
				expect.Equal(t, fmt.Sprintf("blocks sent at block %d", blocks), sent.Load(), min(int64(blocks+1), 4))
				time.Sleep(time.Second) // consuming takes as long as embedding, and both happen at once
			}
			items++
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestStreamMemoryIsOfTheWindow: live memory during a stream does not grow with its length.
func TestStreamMemoryIsOfTheWindow(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 64}, func(_ context.Context, req Request) (Response, error) {
		res := Response{Vectors: make([][]float32, len(req.Texts))}
		for i := range res.Vectors {
			res.Vectors[i] = make([]float32, 64)
		}
		return res, nil
	}})
	most := func(blocks int) (alive uint64) {
		items := 0
		for range Stream(t.Context(), e, count(blocks*blockTexts), digits) {
			if items++; items%(blocks/10*blockTexts) == blockTexts/2 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				alive = max(alive, m.HeapAlloc)
			}
		}
		return alive
	}
	most(10)
	short, long := most(20), most(200)
	if long > short+short/10 {
		t.Errorf("%d bytes are alive in a stream of 200 blocks, %d in one of 20", long, short)
	}
}

func TestStreamSplitsByBytes(t *testing.T) {
	var most atomic.Int64
	e := Chain(fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
		size := 0
		for _, s := range req.Texts {
			size += len(s)
		}
		if size > blockBytes {
			most.Store(int64(size))
		}
		return lengths(ctx, req)
	}})
	big := strings.Repeat("x", blockBytes/3)
	n := 0
	for _, err := range Stream(t.Context(), e, count(10), func(int) string { return big }) {
		expect.NoError(t, err)
		n++
	}
	if n != 10 || most.Load() > 0 {
		t.Errorf("%d items, %d bytes in one block", n, most.Load())
	}
}

func TestStreamKeepsWhatWasPaid(t *testing.T) {
	gone := &Error{Kind: Exhausted}
	var calls atomic.Int64
	e := fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
		calls.Add(1)
		m := NewMerger(len(req.Texts))
		for i := range req.Texts {
			if req.Texts[0] != "0" && i >= 10 {
				m.Add([]int{i}, Response{}, gone)
			} else {
				m.Add([]int{i}, Response{Vectors: [][]float32{{1, 2}}}, nil)
			}
		}
		return m.Result()
	}}
	good, bad, fatal := 0, 0, 0
	texts := func(i int) string {
		if i == 3 {
			return " "
		}
		return digits(i)
	}
	for out, err := range Stream(t.Context(), e, count(5*blockTexts), texts) {
		switch {
		case err != nil:
			fatal++
			if !errors.Is(err, Exhausted) || out.Vector != nil {
				t.Errorf("fatal %v %+v", err, out)
			}
		case out.Err != nil:
			bad++
			if out.Item != 3 || KindOf(out.Err) != Rejected {
				t.Errorf("bad %+v", out)
			}
		default:
			good++
		}
	}
	if good < blockTexts-1+10 || bad != 1 || fatal != 1 || calls.Load() > 3 {
		t.Errorf("%d vectors, %d bad, %d fatal, %d calls", good, bad, fatal, calls.Load())
	}
}

// TestStreamKeepsTheBlockInFlight: after a fatal error, the paid vectors of the next block are
// yielded too.
func TestStreamKeepsTheBlockInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
			time.Sleep(time.Second)
			m := NewMerger(len(req.Texts))
			for i := range req.Texts {
				if i < 10 {
					m.Set(i, []float32{1, 2})
				} else {
					m.Add([]int{i}, Response{}, &Error{Kind: Exhausted})
				}
			}
			return m.Result()
		}}
		var got []int
		for out, err := range Stream(t.Context(), e, count(5*blockTexts), digits) {
			synctest.Wait() // the next block is under way
			if err == nil {
				got = append(got, out.Item)
			} else if KindOf(err) != Exhausted {
				t.Errorf("the stream ended by %v, want Exhausted", err)
			}
		}
		want := slices.Collect(count(10))
		for i := range 10 {
			want = append(want, blockTexts+i)
		}
		expect.Equal(t, "items with vectors", got, want)
	})
}

func TestStreamLeftEarlyCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := Chain(fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
			if req.Texts[0] != "0" {
				<-ctx.Done()
				return Response{}, ctx.Err()
			}
			return lengths(ctx, req)
		}})
		for range Stream(t.Context(), e, count(3*blockTexts), digits) {
			break // the bubble fails if the goroutine in flight is not ended
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var last error
		n := 0
		for _, err := range Stream(ctx, e, count(3*blockTexts), digits) {
			last = err
			n++
		}
		if last != context.DeadlineExceeded || n != blockTexts+1 {
			t.Errorf("%d items, then %v", n, last)
		}
	})
}

// Texts that share a refusal are refused one by one, as those that have one each.
func TestStreamOfOneRefusal(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2}, func(context.Context, Request) (Response, error) {
		return Response{}, &Error{Kind: Rejected, Err: errors.New("no")}
	}})
	n := 0
	for got, err := range Stream(t.Context(), e, slices.Values([]string{"a", "b", "c"}), func(s string) string { return s }) {
		expect.NoError(t, err)
		if got.Vector != nil || KindOf(got.Err) != Rejected {
			t.Errorf("got %+v, want it refused", got)
		}
		n++
	}
	expect.Equal(t, "items", n, 3)
}

// Vectors are the caller's own, unless the caller has said that it only reads them. An Embedder
// that calls Stream with the same context gets its own.
func TestStreamCopiesWhatIsNotLent(t *testing.T) {
	shared := []float32{1, 2}
	inner := Chain(fn{Model{Dimensions: 2}, func(_ context.Context, req Request) (Response, error) {
		return Response{Vectors: slices.Repeat([][]float32{shared}, len(req.Texts))}, nil
	}})
	var copies [][]float32
	outer := Chain(fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (res Response, err error) {
		for out, err := range Stream(ctx, inner, slices.Values(req.Texts), strings.Clone) {
			if err != nil {
				return res, err
			}
			copies = append(copies, out.Vector)
		}
		return inner.Embed(ctx, req)
	}})
	for _, lent := range []bool{false, true} {
		ctx := t.Context()
		if lent {
			ctx = lend.Vectors(ctx)
		}
		for out, err := range Stream(ctx, outer, count(2), digits) {
			expect.NoError(t, err)
			expect.Equal(t, "lent", &out.Vector[0] == &shared[0], lent)
			expect.Equal(t, "vector", out.Vector, shared)
		}
	}
	expect.Equal(t, "inner vectors", len(copies), 4)
	for _, v := range copies {
		expect.Equal(t, "inner vector", v, shared)
		expect.Equal(t, "lent within", &v[0] == &shared[0], false)
	}
}
