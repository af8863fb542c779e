package embedding

import (
	"context"
	"errors"
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
		if err := g.check(res, len(req.Texts)); err != nil {
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
	failed := p.Failed
	for i, v := range p.Response.Vectors {
		if len(failed) > 0 && failed[0].Index == i {
			failed = failed[1:]
			continue
		}
		if err := g.row(i, v); err != nil {
			return Response{}, err
		}
	}
	if len(p.Failed) < n {
		out.Response.Usage = counted(p.Response.Usage)
	}
	return Response{}, out
}

// check checks a whole answer: the count of vectors, the usage and each row.
func (g *guard) check(res Response, n int) error {
	if len(res.Vectors) != n {
		return g.fail(Malformed, "count law: %d vectors for %d texts", len(res.Vectors), n)
	}
	if u := res.Usage; min(u.Requests, u.Tokens, u.Unmetered, u.Reused) < 0 {
		return g.fail(Malformed, "usage law: a count is negative")
	}
	for i, v := range res.Vectors {
		if err := g.row(i, v); err != nil {
			return err
		}
	}
	return nil
}

// row checks the dimensions and the values of one vector.
func (g *guard) row(i int, v []float32) error {
	want := g.model.Dimensions
	if want == 0 {
		want = int(g.seen.Load())
		if want == 0 && len(v) > 0 {
			g.seen.CompareAndSwap(0, int64(len(v)))
			want = int(g.seen.Load())
		}
	}
	if len(v) != want || want == 0 {
		return g.fail(Malformed, "%w", &DimensionsError{Index: i, Got: len(v), Want: want})
	}
	if k := infinite(v); k >= 0 {
		return g.fail(Malformed, "finite law: dimension %d of text %d is NaN or infinite", k, i)
	}
	return nil
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
