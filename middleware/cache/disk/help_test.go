package disk

import (
	"slices"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

// chain is a provider of large vectors behind a cache that has room for few.
func chain(t *testing.T, s cache.Store) (embedding.Embedder, *embedtest.Fake, *cache.Cache) {
	t.Helper()
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 4096}})
	c, err := cache.New(cache.Options{MaxBytes: 64 << 10, Store: s, StoreTimeout: time.Minute})
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return embedding.Chain(f, c.Wrap), f, c
}

// embed fails the test on an error or a vector that is not the text's.
func embed(t *testing.T, e embedding.Embedder, f *embedtest.Fake, texts []string) embedding.Usage {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	for i, text := range texts {
		if !slices.Equal(res.Vectors[i], f.Vector(0, text)) {
			t.Fatalf("%q has another's vector", text)
		}
	}
	return res.Usage
}
