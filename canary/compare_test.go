package canary

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/floats"
)

// edit is what a server does to its answers.
type edit func(req embedding.Request, res *embedding.Response)

// server is a fake whose answers may change.
type server struct {
	*embedtest.Fake
	edit edit
}

func newServer(o embedtest.FakeOptions) *server {
	s := &server{}
	o.Script = func(c embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(res *embedding.Response) {
			if s.edit != nil {
				s.edit(c.Request, res)
			}
		}}
	}
	s.Fake = embedtest.NewFake(o)
	return s
}

func each(change func(i int, text string, v []float32) []float32) edit {
	return func(req embedding.Request, res *embedding.Response) {
		for i, v := range res.Vectors {
			res.Vectors[i] = change(i, req.Texts[i], v)
		}
	}
}

func normalized(v []float32) []float32 {
	l := floats.Norm(v)
	for k := range v {
		v[k] = float32(float64(v[k]) / l)
	}
	return v
}

func record(t *testing.T, e embedding.Embedder, o Options) Reference {
	t.Helper()
	ref, err := Record(t.Context(), e, o)
	expect.NoError(t, err)
	return ref
}

func drift(t *testing.T, err error) *Drift {
	t.Helper()
	d, ok := errors.AsType[*Drift](err)
	if !ok {
		t.Fatalf("no drift: %v", err)
	}
	return d
}

var other = embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "successor"}})

func TestCheckSaysWhatMoved(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  edit
		want  Change // 0: no drift
		says  string
		moved int
		is    func(*Drift) bool
	}{
		{name: "nothing"},
		{name: "rounding", edit: each(func(i int, _ string, v []float32) []float32 {
			v[i%8] += 1e-5
			return v
		})},
		{
			name: "another model", want: VectorsChanged, says: "another model answers", moved: 22,
			edit: func(req embedding.Request, res *embedding.Response) {
				for i, text := range req.Texts {
					res.Vectors[i] = other.Vector(req.Task, text)
				}
			},
			is: func(d *Drift) bool { return math.Abs(d.MeanCosine) < 0.5 && d.WorstCosine < d.MeanCosine },
		},
		{
			name: "one text", want: VectorsChanged, says: "1 of 22 vectors moved by more than 0.001, worst text 3 as query with cosine -1.0000", moved: 1,
			edit: func(req embedding.Request, res *embedding.Response) {
				if req.Task == embedding.TaskQuery {
					for k := range res.Vectors[3] {
						res.Vectors[3][k] *= -1
					}
				}
			},
			is: func(d *Drift) bool {
				return d.WorstText == 3 && d.WorstTask == embedding.TaskQuery && d.WorstCosine == -1 && math.Abs(d.MeanCosine-10.0/11) < 1e-6
			},
		},
		{
			name: "the task is ignored", want: VectorsChanged, says: "11 of 22", moved: 11,
			edit: func(req embedding.Request, res *embedding.Response) {
				for i, text := range req.Texts {
					res.Vectors[i] = embedtest.NewFake(embedtest.FakeOptions{}).Vector(embedding.TaskDocument, text)
				}
			},
			is: func(d *Drift) bool { return d.WorstTask == embedding.TaskQuery },
		},
		{
			name: "other coordinates", want: VectorsChanged, says: "vectors differ", moved: 22,
			edit: each(func(_ int, _ string, v []float32) []float32 {
				w := slices.Concat(v[3:], v[:3])
				w[0] = -w[0]
				return w
			}),
		},
		{
			name: "not normalized", want: LengthsChanged, says: "not normalized any more; 0 of 22 vectors moved",
			edit: each(func(i int, _ string, v []float32) []float32 {
				for k := range v {
					v[k] *= float32(i + 2)
				}
				return v
			}),
			is: func(d *Drift) bool { return math.Abs(d.Length-1) < 1e-6 && math.Abs(d.NowLength-7) < 1e-4 },
		},
		{
			name: "cut, padded and normalized again", want: Truncated, says: "truncated to their first 5 dimensions and normalized again",
			edit: each(func(_ int, _ string, v []float32) []float32 {
				clear(v[5:])
				return normalized(v)
			}),
			is: func(d *Drift) bool { return d.NowDimensions == 8 && d.WorstCosine > 0.999999 },
		},
		{
			name: "cut and normalized again", want: Truncated, says: "truncated to their first 5 dimensions and normalized again; dimensions 8, now 5; 0 of 22",
			edit: each(func(_ int, _ string, v []float32) []float32 { return normalized(v[:5:5]) }),
			is:   func(d *Drift) bool { return d.NowDimensions == 5 && d.Compared == 22 && d.MeanCosine > 0.999999 },
		},
		{
			name: "cut", want: Truncated, says: "vectors are truncated to their first 5 dimensions; dimensions 8, now 5",
			edit: each(func(_ int, _ string, v []float32) []float32 { return v[:5:5] }),
			is:   func(d *Drift) bool { return d.NowLength < 0.99 },
		},
		{
			name: "a smaller model", want: DimensionsChanged, says: "other dimensions; dimensions 8, now 5",
			edit: each(func(_ int, text string, _ []float32) []float32 { return normalized(other.Vector(0, text)[:5]) }),
			is:   func(d *Drift) bool { return d.NowDimensions == 5 && d.Compared == 0 },
		},
		{
			name: "a larger model", want: DimensionsChanged, says: "dimensions 8, now 9",
			edit: each(func(_ int, _ string, v []float32) []float32 { return append(v, 0) }),
		},
		{
			name: "two texts swapped", want: VectorsChanged, says: "vectors differ: another model answers, or it reads texts in another way; 4 of 22", moved: 4,
			edit: func(_ embedding.Request, res *embedding.Response) {
				res.Vectors[2], res.Vectors[7] = res.Vectors[7], res.Vectors[2]
			},
		},
		{
			name: "one off", want: VectorsChanged, says: "vectors differ", moved: 22,
			edit: func(_ embedding.Request, res *embedding.Response) {
				res.Vectors = slices.Concat(res.Vectors[1:], res.Vectors[:1])
			},
		},
		{
			name: "all alike", want: VectorsChanged, says: "20 of 22", moved: 20,
			edit: func(_ embedding.Request, res *embedding.Response) {
				for i := range res.Vectors {
					res.Vectors[i] = res.Vectors[0]
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(embedtest.FakeOptions{})
			ref := record(t, s, Options{})
			s.edit = c.edit
			err := Check(t.Context(), s, ref)
			if c.want == 0 {
				expect.NoError(t, err)
				return
			}
			d := drift(t, err)
			if d.Change != c.want || d.Moved != c.moved || !strings.Contains(d.Error(), c.says) {
				t.Errorf("%v, %d moved: %v\nwant %v, %d moved: %s", d.Change, d.Moved, d, c.want, c.moved, c.says)
			}
			if c.is != nil && !c.is(d) {
				t.Errorf("figures: %+v", *d)
			}
			for _, text := range ref.Texts {
				if strings.Contains(d.Error(), text) {
					t.Errorf("the error quotes a text: %v", d)
				}
			}
		})
	}
}

func TestCheckNormalizedNow(t *testing.T) {
	scale := each(func(_ int, _ string, v []float32) []float32 {
		for k := range v {
			v[k] *= 3
		}
		return v
	})
	s := newServer(embedtest.FakeOptions{})
	s.edit = scale
	ref := record(t, s, Options{})
	if ref.Normalized {
		t.Error("vectors of length 3 are called normalized")
	}
	s.edit = nil
	if d := drift(t, Check(t.Context(), s, ref)); d.Change != LengthsChanged || !strings.Contains(d.Error(), "normalized now") {
		t.Errorf("got %v, want LengthsChanged, \"normalized now\"", d)
	}
	s.edit = func(req embedding.Request, res *embedding.Response) { scale(req, res); scale(req, res) }
	if d := drift(t, Check(t.Context(), s, ref)); d.Change != LengthsChanged || !strings.Contains(d.Error(), "another length") {
		t.Errorf("got %v, want LengthsChanged, \"another length\"", d)
	}
}
