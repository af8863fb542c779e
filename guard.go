package embedding

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"

	"github.com/vecspace/embedding/internal/plain"
)

// guard holds the invariants of an Embedder in one place: nothing malformed is ever cached,
// merged or counted as a success.
type guard struct {
	next  Embedder
	model Model
	seen  atomic.Int64 // dimensions of the first answer, for a model that does not give them
}

func (g *guard) Model() Model { return g.model }

func (g *guard) Embed(ctx context.Context, req Request) (Response, error) {
	n := len(req.Texts)
	if n == 0 {
		return Response{}, nil
	}
	if err := ctx.Err(); err != nil {
		return Response{}, err
	}
	if most := g.model.Limits.Texts; most > 0 && n > most {
		e := g.fail(TooLarge, "%d texts in one request, the model takes %d: put middleware.Batch around it", n, most)
		e.Allowed = Limits{Texts: most}
		return Response{}, e
	}
	var m *Merger
	var good []int
	for i, text := range req.Texts {
		if why := plain.Unfit(text); why != "" {
			if m == nil {
				m = NewMerger(n)
				good = make([]int, i, n)
				for k := range good {
					good[k] = k
				}
			}
			m.fail(i, g.fail(Rejected, "text %d %s", i, why))
		} else if m != nil {
			good = append(good, i)
		}
	}
	if m == nil {
		return g.call(ctx, req)
	}
	if len(good) > 0 {
		res, err := g.call(ctx, req.Pick(good))
		m.Add(good, res, err)
	}
	return m.Result()
}

func (g *guard) call(ctx context.Context, req Request) (Response, error) {
	res, err := g.next.Embed(ctx, req)
	if err == nil {
		if len(res.Vectors) != len(req.Texts) {
			return Response{}, g.fail(Malformed, "count law: %d vectors for %d texts", len(res.Vectors), len(req.Texts))
		}
		if err := g.check(res, nil); err != nil {
			return Response{}, err
		}
		res.Usage = counted(res.Usage)
		return res, nil
	}
	if p, ok := errors.AsType[*PartialError](err); ok {
		return g.partial(ctx, p, len(req.Texts))
	}
	return Response{}, g.classify(ctx, err)
}

// counted returns u, or one unmetered request if the provider reports no usage.
func counted(u Usage) Usage {
	if u == (Usage{}) {
		return Usage{Requests: 1, Unmetered: 1}
	}
	return u
}

// classify turns any error into the caller's context error, an error with an *Error in its chain,
// or a new *Error.
func (g *guard) classify(ctx context.Context, err error) error {
	e, ours := errors.AsType[*Error](err)
	if end := ctx.Err(); end != nil && (!ours || e.Status == 0) {
		return end
	}
	if !ours {
		return foreign(g.model, err)
	}
	if e.Provider == "" && e == err {
		named := *e
		named.Provider, named.Model, named.Endpoint = g.model.Provider, g.model.ID, g.model.Endpoint
		return &named
	}
	return err
}

func (g *guard) partial(ctx context.Context, p *PartialError, n int) (Response, error) {
	if len(p.Response.Vectors) != n || len(p.Failed) == 0 {
		return Response{}, g.fail(Malformed, "partial law: %d rows and %d failures for %d texts", len(p.Response.Vectors), len(p.Failed), n)
	}
	out := &PartialError{Response: p.Response, Failed: make([]TextError, len(p.Failed))}
	last := -1
	for k, f := range p.Failed {
		if f.Index <= last || f.Index >= n || f.Err == nil || p.Response.Vectors[f.Index] != nil {
			return Response{}, g.fail(Malformed,
				"partial law: failure %d names text %d out of order, without an error or beside a row", k, f.Index)
		}
		last = f.Index
		out.Failed[k] = TextError{Index: f.Index, Err: g.classify(ctx, f.Err)}
	}
	if err := g.check(p.Response, p.Failed); err != nil {
		return Response{}, err
	}
	if len(p.Failed) < n {
		out.Response.Usage = counted(p.Response.Usage)
	}
	return Response{}, out
}

// check checks the usage of an answer and each row but those of the failed texts. If the model does
// not give its dimensions, they are those of the first answer in which nothing is wrong.
func (g *guard) check(res Response, failed []TextError) error {
	if u := res.Usage; min(u.Requests, u.Tokens, u.Unmetered, u.Reused) < 0 {
		return g.fail(Malformed, "usage law: a count is negative")
	}
	want := cmp.Or(g.model.Dimensions, int(g.seen.Load()))
	for i, v := range res.Vectors {
		if len(failed) > 0 && failed[0].Index == i {
			failed = failed[1:]
			continue
		}
		want = cmp.Or(want, len(v))
		if err := g.row(i, v, want); err != nil {
			return err
		}
	}
	if g.model.Dimensions == 0 && want > 0 && !g.seen.CompareAndSwap(0, int64(want)) && int(g.seen.Load()) != want {
		return g.fail(Malformed, "%w", &DimensionsError{Got: want, Want: int(g.seen.Load())})
	}
	return nil
}

// row checks the dimensions and the values of one vector.
func (g *guard) row(i int, v []float32, want int) error {
	if len(v) != want || want == 0 {
		return g.fail(Malformed, "%w", &DimensionsError{Index: i, Got: len(v), Want: want})
	}
	square := float32(1)
	if g.model.Normalized {
		square = squares(v)
	}
	// Vectors in few bits are off by some hundredths. NaN and infinity compare as far from 1.
	near := square > 0.64 && square < 1.44
	if near && g.model.Normalized {
		return nil
	}
	if k := infinite(v); k >= 0 {
		return g.fail(Malformed, "finite law: dimension %d of text %d is NaN or infinite", k, i)
	}
	if !near {
		return g.fail(Malformed, "%w", &LengthError{Index: i, Got: math.Sqrt(float64(square))})
	}
	return nil
}

// squares returns the squared length of v.
func squares(v []float32) float32 {
	var s0, s1, s2, s3 float32
	w := v
	for ; len(w) >= 8; w = w[8:] {
		s0 += w[0]*w[0] + w[4]*w[4]
		s1 += w[1]*w[1] + w[5]*w[5]
		s2 += w[2]*w[2] + w[6]*w[6]
		s3 += w[3]*w[3] + w[7]*w[7]
	}
	for _, x := range w {
		s0 += x * x
	}
	return s0 + s1 + s2 + s3
}

// infinite returns the index of the first value that is NaN or infinite, or -1.
func infinite(v []float32) int {
	// Zero times a value is zero if the value is finite and NaN otherwise, and NaN stays in a sum.
	// There are four sums so that an addition need not wait for the one before.
	var s0, s1, s2, s3 float32
	w := v
	for ; len(w) >= 8; w = w[8:] {
		s0 += w[0]*0 + w[4]*0
		s1 += w[1]*0 + w[5]*0
		s2 += w[2]*0 + w[6]*0
		s3 += w[3]*0 + w[7]*0
	}
	for _, x := range w {
		s0 += x * 0
	}
	if s0+s1+s2+s3 == 0 {
		return -1
	}
	return slices.IndexFunc(v, func(x float32) bool { return x*0 != 0 })
}

// fail is g.model.Errorf out of line. Inside a caller, the copy of the Model would make the stack
// of each request larger.
//
//go:noinline
func (g *guard) fail(k Kind, format string, args ...any) *Error {
	return g.model.Errorf(k, format, args...)
}
