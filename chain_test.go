package embedding

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestChain(t *testing.T) {
	var order []string
	mw := func(name string) Middleware {
		return func(next Embedder) Embedder {
			return Wrap(next, next.Model(), func(ctx context.Context, req Request) (Response, error) {
				order = append(order, name)
				return next.Embed(ctx, req)
			})
		}
	}
	provider := fn{Model{Provider: "p", ID: "m", Dimensions: 2}, lengths}
	e := Chain(provider, mw("outer"), nil, mw("inner"))
	if _, err := e.Embed(t.Context(), Request{Texts: []string{"a"}}); err != nil || fmt.Sprint(order) != "[outer inner]" {
		t.Errorf("got the order %v and %v, want outer before inner", order, err)
	}
	expect.Equal(t, "the Space", e.Model().Space, "p/m@2")
	if again := Chain(e); again != e {
		t.Error("guarded twice")
	}
	defer func() {
		if r := fmt.Sprint(recover()); !strings.Contains(r, "Embedder is nil") {
			t.Errorf("panic %q", r)
		}
	}()
	Chain(nil)
}

// TestWrapPassesEmptyRequests: a layer never sees a request without texts, and neither does a
// provider.
func TestWrapPassesEmptyRequests(t *testing.T) {
	provider := Chain(fn{Model{Dimensions: 2}, func(context.Context, Request) (Response, error) {
		t.Error("the provider got an empty request")
		return Response{}, nil
	}})
	e := Wrap(provider, provider.Model(), func(context.Context, Request) (Response, error) {
		t.Error("the layer got an empty request")
		return Response{}, nil
	})
	for _, texts := range [][]string{nil, {}} {
		res, err := e.Embed(t.Context(), Request{Texts: texts})
		expect.NoError(t, err)
		expect.Equal(t, "the answer", res, Response{})
	}
}
