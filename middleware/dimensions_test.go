package middleware

import (
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

func TestDimensions(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, err := embedding.Chain(f, Dimensions(16)).Embed(t.Context(), embedding.Request{Texts: texts(1)})
	if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), "8 dimensions and 16") || len(f.Calls()) != 0 {
		t.Errorf("%v after %d requests", err, len(f.Calls()))
	}
	unknown := f.Model()
	unknown.Dimensions, unknown.Space = 0, ""
	e := embedding.Wrap(f, unknown, f.Embed)
	if _, err := embedding.Chain(e, Dimensions(16)).Embed(t.Context(), embedding.Request{Texts: texts(1)}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("unknown dimensions, another length: %v", err)
	}
	for _, n := range []int{8, 0, -1} {
		if _, err := embedding.Chain(e, Dimensions(n)).Embed(t.Context(), embedding.Request{Texts: texts(1)}); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
}
