package embedtest

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding"
)

func TestTheFakeKeepsTheLaws(t *testing.T) {
	for name, m := range map[string]embedding.Model{
		"asymmetric":    {},
		"symmetric":     {Symmetric: true},
		"limits":        {Limits: embedding.Limits{Texts: 10, TextTokens: 8192}},
		"one at a time": {Limits: embedding.Limits{Texts: 1}},
		"a variant":     {Dimensions: 2, Variant: "passage: "},
	} {
		t.Run(name, func(t *testing.T) {
			Test(t, func(*testing.T) Subject { return subject(m) })
		})
	}
}

func subject(m embedding.Model) Subject {
	f := NewFake(FakeOptions{Model: m})
	return Subject{Embedder: embedding.Chain(f), Ledger: f.Ledger}
}

// mutants break one law each, in ways that real embedders did. The law must find each of them.
var mutants = []struct {
	name, law string
	model     embedding.Model
	make      func(f *Fake, e embedding.Embedder) embedding.Embedder
}{
	{"drops the last vector", "count", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		if len(res.Vectors) > 2 {
			res.Vectors = res.Vectors[:len(res.Vectors)-1]
		}
	})},
	{"trusts the order of the answer", "order", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		slices.Reverse(res.Vectors)
	})},
	{"pools over the batch", "order", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		for i := range res.Vectors {
			res.Vectors[i][0] += float32(len(res.Vectors))
		}
	})},
	{"gives every text the first one's vector", "order", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		for i := range res.Vectors {
			res.Vectors[i] = res.Vectors[0]
		}
	})},
	{"a constant vector", "order", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		for i := range res.Vectors {
			res.Vectors[i] = make([]float32, 8)
			res.Vectors[i][0] = 1
		}
	})},
	{"shorter query vectors", "dimensions", embedding.Model{}, edited(func(req embedding.Request, res *embedding.Response) {
		if req.Task == embedding.TaskQuery {
			res.Vectors[0] = res.Vectors[0][:4]
		}
	})},
	{"NaN", "finite", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		res.Vectors[len(res.Vectors)-1][3] = float32(math.NaN())
	})},
	{"infinity", "finite", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		res.Vectors[0][7] = float32(math.Inf(-1))
	})},
	{"says that it normalizes", "normalized", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		for _, v := range res.Vectors {
			v[0] += 1
		}
	})},
	{"says that it is symmetric", "tasks", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		m := e.Model()
		m.Symmetric = true
		return embedding.Wrap(e, m, e.Embed)
	}},
	{"random vectors per task", "tasks", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		var n atomic.Int32
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if req.Task == embedding.TaskClustering {
				res.Vectors[0][0] += float32(n.Add(1))
			}
			return res, err
		})
	}},
	{"learns its dimensions", "model", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return &learner{Embedder: e}
	}},
	{"has no identity", "model", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, embedding.Model{Dimensions: 8}, e.Embed)
	}},
	{"sends empty requests", "empty", embedding.Model{}, func(f *Fake, _ embedding.Embedder) embedding.Embedder { return f }},
	{"fails on an empty request", "empty", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder { return unwilling{e} }},
	{"embeds blank texts", "bad texts", embedding.Model{}, func(f *Fake, _ embedding.Embedder) embedding.Embedder { return f }},
	{"refuses good texts beside a bad one", "bad texts", embedding.Model{}, refuses(func(req embedding.Request) error {
		for _, text := range req.Texts {
			if strings.TrimSpace(text) == "" || !validUTF8(text) {
				return embedding.Rejected
			}
		}
		return nil
	})},
	{"drops bad texts", "bad texts", embedding.Model{}, func(f *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if p, ok := errors.AsType[*embedding.PartialError](err); ok {
				return p.Response, nil
			}
			return res, err
		})
	}},
	{"cuts at the limit", "too many texts", embedding.Model{Limits: embedding.Limits{Texts: 10}}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			req.Texts = req.Texts[:min(10, len(req.Texts))]
			return e.Embed(ctx, req)
		})
	}},
	{"calls too many texts invalid", "too many texts", embedding.Model{Limits: embedding.Limits{Texts: 10}}, refuses(func(req embedding.Request) error {
		if len(req.Texts) > 10 {
			return embedding.Invalid
		}
		return nil
	})},
	{"mixes up duplicates", "duplicates", embedding.Model{}, edited(func(req embedding.Request, res *embedding.Response) {
		for i, text := range req.Texts {
			if slices.Contains(req.Texts[:i], text) {
				res.Vectors[i][0]++
			}
		}
	})},
	{"breaks on NUL", "unicode", embedding.Model{}, refuses(func(req embedding.Request) error {
		for _, text := range req.Texts {
			if strings.Contains(text, "\x00") {
				return embedding.Malformed
			}
		}
		return nil
	})},
	{"breaks on 1 MiB", "1 MiB text", embedding.Model{}, refuses(func(req embedding.Request) error {
		for _, text := range req.Texts {
			if len(text) > 1<<19 {
				return embedding.Unavailable
			}
		}
		return nil
	})},
	{"refuses a short text for a long one", "1 MiB text", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if len(req.Texts) == 3 && len(req.Texts[1]) > 1<<19 {
				res.Vectors[0] = nil
				return embedding.Response{}, &embedding.PartialError{Response: res, Failed: []embedding.TextError{{Index: 0, Err: embedding.Rejected}}}
			}
			return res, err
		})
	}},
	{"replaces line breaks in place", "input untouched", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			for i := range req.Texts {
				req.Texts[i] = strings.ReplaceAll(req.Texts[i], "\n", " ")
			}
			return e.Embed(ctx, req)
		})
	}},
	{"filters in place", "input untouched", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			good := req.Texts[:0]
			for _, text := range req.Texts {
				if text != "" {
					good = append(good, text)
				}
			}
			return e.Embed(ctx, embedding.Request{Texts: good, Task: req.Task})
		})
	}},
	{"writes behind the slice", "input untouched", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			_ = append(req.Texts, "padding")
			return e.Embed(ctx, req)
		})
	}},
	{"keeps the slice", "input not kept", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		var kept []string // a memory of one request, compared after the caller has changed it
		var rows [][]float32
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if rows != nil && slices.Equal(kept, req.Texts) {
				return embedding.Response{Vectors: rows}, nil
			}
			res, err := e.Embed(ctx, req)
			if err == nil && rows == nil {
				kept, rows = req.Texts, res.Vectors
			}
			return res, err
		})
	}},
	{"cuts rows with two indexes", "rows separate", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		var slab []float32
		for _, v := range res.Vectors {
			slab = append(slab, v...)
		}
		for i := range res.Vectors {
			res.Vectors[i] = slab[8*i : 8*i+8]
		}
	})},
	{"reuses its buffer", "vectors held", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		buffer := make([]float32, 8)
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if err == nil && len(res.Vectors) > 0 {
				copy(buffer, res.Vectors[0])
				res.Vectors[0] = buffer
			}
			return res, err
		})
	}},
	{"drops the context", "canceled before", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(_ context.Context, req embedding.Request) (embedding.Response, error) {
			return e.Embed(context.Background(), req)
		})
	}},
	{"calls a cancel a failure", "canceled midway", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if errors.Is(err, context.Canceled) {
				return res, embedding.Unavailable
			}
			return res, err
		})
	}},
	{"is dead after a cancel", "canceled midway", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		var dead atomic.Bool
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if dead.Load() {
				return embedding.Response{}, context.Canceled
			}
			res, err := e.Embed(ctx, req)
			dead.Store(err != nil)
			return res, err
		})
	}},
	{"shares a buffer between callers", "concurrent", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		var mu sync.Mutex
		var last [][]float32
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			mu.Lock()
			defer mu.Unlock()
			if last != nil && len(req.Texts) == 6 {
				res.Vectors, last = last, res.Vectors
			} else if len(req.Texts) == 6 {
				last = res.Vectors
			}
			return res, err
		})
	}},
	{"counts a request twice", "usage", embedding.Model{}, edited(func(_ embedding.Request, res *embedding.Response) {
		res.Usage.Requests++
	})},
	{"forgets the usage of a partial answer", "usage", embedding.Model{}, func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if p, ok := errors.AsType[*embedding.PartialError](err); ok {
				p.Response.Usage = embedding.Usage{}
			}
			return res, err
		})
	}},
	{"says that everything was reused", "usage", embedding.Model{}, edited(func(req embedding.Request, res *embedding.Response) {
		res.Usage.Reused += 2 * len(req.Texts)
	})},
}

func TestEveryLawFindsItsMutants(t *testing.T) {
	broken := map[string]bool{}
	for _, mutant := range mutants {
		broken[mutant.law] = true
		t.Run(mutant.name, func(t *testing.T) {
			at := slices.IndexFunc(laws, func(l law) bool { return l.name == mutant.law })
			if at < 0 {
				t.Fatalf("there is no law %q", mutant.law)
			}
			good := subject(mutant.model)
			if got := watch(t, func(t tb) { laws[at].check(t, good) }); got != "" {
				t.Fatalf("the law %q fails without the fault: %s", mutant.law, got)
			}
			f := NewFake(FakeOptions{Model: mutant.model})
			s := Subject{Embedder: mutant.make(f, embedding.Chain(f)), Ledger: f.Ledger}
			if watch(t, func(t tb) { laws[at].check(t, s) }) == "" {
				t.Errorf("the law %q does not notice an embedder that %s", mutant.law, mutant.name)
			}
		})
	}
	for _, law := range laws {
		if !broken[law.name] {
			t.Errorf("no mutant breaks the law %q", law.name)
		}
	}
}

func edited(edit func(embedding.Request, *embedding.Response)) func(*Fake, embedding.Embedder) embedding.Embedder {
	return func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := e.Embed(ctx, req)
			if err == nil && len(res.Vectors) > 0 {
				edit(req, &res)
			}
			return res, err
		})
	}
}

func refuses(refuse func(embedding.Request) error) func(*Fake, embedding.Embedder) embedding.Embedder {
	return func(_ *Fake, e embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if err := refuse(req); err != nil {
				return embedding.Response{}, err
			}
			return e.Embed(ctx, req)
		})
	}
}

// unwilling refuses empty requests. embedding.Wrap would not show it any.
type unwilling struct{ embedding.Embedder }

func (u unwilling) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if len(req.Texts) == 0 {
		return embedding.Response{}, embedding.Invalid
	}
	return u.Embedder.Embed(ctx, req)
}

// learner is an Embedder whose Model changes.
type learner struct {
	embedding.Embedder
	n atomic.Int32
}

func (l *learner) Model() embedding.Model {
	m := l.Embedder.Model()
	m.Dimensions += int(l.n.Add(1))
	return m
}

func validUTF8(s string) bool { return strings.ToValidUTF8(s, "") == s }
