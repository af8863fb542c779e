package middleware

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestTruncate(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected}
			}
			return nil
		}, Edit: func(res *embedding.Response) {
			for i := range res.Vectors {
				if i == 3 {
					res.Vectors[i] = append(make([]float32, 4), 1, 0, 0, 0)
				}
			}
		}}
	}})
	e, err := Truncate(f, 4, TruncateOptions{})
	expect.NoError(t, err)
	if m := e.Model(); m.Dimensions != 4 || m.Space != "fake/fake@8/4" || !m.Normalized {
		t.Errorf("got %+v, want 4 normalized dimensions in fake/fake@8/4", m)
	}
	in := []string{"a", "bad", "b", "zero"}
	res, err := e.Embed(t.Context(), embedding.Request{Texts: in})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || res.Vectors != nil || len(p.Failed) != 2 || !errors.Is(err, embedding.Rejected) || !errors.Is(err, embedding.Malformed) {
		t.Fatalf("got %v", err)
	}
	for _, i := range []int{0, 2} {
		got, whole := p.Response.Vectors[i], f.Vector(0, in[i])
		sum := 0.0
		for _, x := range got {
			sum += float64(x) * float64(x)
		}
		if len(got) != 4 || math.Abs(sum-1) > 1e-6 || embedding.Cosine(got, whole[:4]) < 1-1e-6 {
			t.Errorf("text %d: %v of %v", i, got, whole)
		}
	}
	if e, err := Truncate(f, 8, TruncateOptions{}); err != nil || e.Model().Space != f.Model().Space {
		t.Errorf("all dimensions: %v, %v", e, err)
	}
	if e, err := Truncate(f, 4, TruncateOptions{Space: "native@4"}); err != nil || e.Model().Space != "native@4" {
		t.Errorf("an asserted space: %v, %v", e, err)
	}
	unknown := f.Model()
	unknown.Space = ""
	for want, build := range map[string]func() (embedding.Embedder, error){
		"is nil":         func() (embedding.Embedder, error) { return Truncate(nil, 4, TruncateOptions{}) },
		"ask for 1 to 8": func() (embedding.Embedder, error) { return Truncate(f, 9, TruncateOptions{}) },
		"0 dimensions":   func() (embedding.Embedder, error) { return Truncate(f, 0, TruncateOptions{}) },
		"embedding.Probe": func() (embedding.Embedder, error) {
			unknown.Dimensions = 0
			return Truncate(embedding.Wrap(f, unknown, f.Embed), 4, TruncateOptions{})
		},
	} {
		if e, err := build(); err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
