package embedding

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding/internal/expect"
)

// TestMergerAgainstPlainLoop merges random parts, some failing, and compares with a map filled by
// a plain loop.
func TestMergerAgainstPlainLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "texts")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := NewMerger(n)
		rows, errs, usage := map[int][]float32{}, map[int]error{}, Usage{}
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			idx := rng.Perm(n)[:rng.IntN(n+1)]
			if len(idx) == 0 {
				idx = []int{}
			}
			var res Response
			var failed []TextError
			for k, i := range idx {
				if rng.IntN(3) == 0 {
					failed = append(failed, TextError{k, fmt.Errorf("failed %d", i)})
					res.Vectors = append(res.Vectors, nil)
					errs[i] = failed[len(failed)-1].Err
					continue
				}
				v := []float32{rng.Float32()}
				res.Vectors = append(res.Vectors, v)
				rows[i] = v
			}
			res.Usage = Usage{Requests: 1, Tokens: len(idx)}
			usage = usage.Add(res.Usage)
			if len(failed) > 0 {
				m.Add(idx, Response{}, &PartialError{res, failed})
			} else {
				m.Add(idx, res, nil)
			}
		}
		var missing []int
		for i := range n {
			if rows[i] == nil {
				missing = append(missing, i)
			}
		}
		if got := m.Missing(); !slices.Equal(got, missing) {
			t.Fatalf("missing %v, want %v", got, missing)
		}
		res, err := m.Result()
		if (err == nil) != (len(missing) == 0) {
			t.Fatalf("error %v with %d missing", err, len(missing))
		}
		p, partial := errors.AsType[*PartialError](err)
		if !partial && err != nil {
			if n != 1 && len(missing) != n {
				t.Fatalf("a plain error hides rows: %v", err)
			}
			return
		}
		res = Salvage(res, err)
		if res.Usage != usage {
			t.Fatalf("usage %+v, want %+v", res.Usage, usage)
		}
		for i, v := range res.Vectors {
			if !slices.Equal(v, rows[i]) {
				t.Fatalf("row %d is %v, want %v", i, v, rows[i])
			}
		}
		if !partial {
			return
		}
		for k, f := range p.Failed {
			if f.Index != missing[k] || errs[f.Index] != nil && f.Err != errs[f.Index] {
				t.Fatalf("failed %+v, want text %d: %v", f, missing[k], errs[f.Index])
			}
		}
	})
}

func TestMergerResult(t *testing.T) {
	limited := &Error{Kind: RateLimited}
	m := NewMerger(3)
	m.Add(nil, Response{}, limited)
	if res, err := m.Result(); err != limited || res.Vectors != nil {
		t.Errorf("all failed alike: %v %v", res, err)
	}
	m.Add([]int{2, 0}, Response{Vectors: [][]float32{{2}, {0}}, ID: "a", Usage: Usage{Requests: 1}}, nil)
	_, err := m.Result()
	p, ok := errors.AsType[*PartialError](err)
	if !ok || p.Response.ID != "a" || !errors.Is(err, RateLimited) || p.Response.Vectors[2][0] != 2 {
		t.Fatalf("got %v", err)
	}
	m.Add([]int{1}, Response{Vectors: [][]float32{{1}}, ID: "b", Usage: Usage{Requests: 1}}, nil)
	m.Use(Usage{Reused: 1})
	res, err := m.Result()
	if err != nil || res.ID != "" || res.Usage != (Usage{Requests: 2, Reused: 1}) || res.Vectors[1][0] != 1 {
		t.Errorf("complete: %+v %v", res, err)
	}
	m = NewMerger(2)
	m.Add(nil, Response{Vectors: [][]float32{{1}}}, nil)
	if _, err := m.Result(); KindOf(err) != Malformed {
		t.Errorf("a short answer: %v", err)
	}
	if res, err := NewMerger(0).Result(); err != nil || len(res.Vectors) != 0 {
		t.Errorf("nothing: %v %v", res, err)
	}
	// A later failure does not take a row away.
	m = NewMerger(1)
	m.Set(0, []float32{1})
	m.Add(nil, Response{}, limited)
	_, err = m.Result()
	expect.NoError(t, err)
}

// TestMergerTellsOfUsage: the usage of a paid request is reported even if its answer is useless to
// the caller.
func TestMergerTellsOfUsage(t *testing.T) {
	down := &Error{Kind: Unavailable}
	m := NewMerger(2)
	m.Add(nil, Response{}, down)
	if _, err := m.Result(); err != error(down) {
		t.Errorf("nothing paid: %v", err)
	}
	m.Use(Usage{Requests: 1, Tokens: 7})
	res, err := m.Result()
	if got := Salvage(res, err).Usage; got.Tokens != 7 || !errors.Is(err, Unavailable) {
		t.Errorf("usage %+v, %v", got, err)
	}
}
