package base1

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

func open(t *testing.T, reference string) embedding.Embedder {
	t.Helper()
	e, err := providers.Open(reference)
	expect.NoError(t, err)
	return e
}

func TestSpace(t *testing.T) {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(weights)))
	for reference, dimensions := range map[string]int{"static:base1": 256, "static:base1?dimensions=128": 128, "static:base1?dimensions=64": 64} {
		m := open(t, reference).Model()
		expect.Equal(t, "the Space of "+reference, string(m.Space), fmt.Sprintf("static/base-%s@%d", sum[:8], dimensions))
		expect.Equal(t, "the model", m.ID, "base1")
	}
	if first, now := open(t, "static:base1").Model().Space, open(t, "static:base").Model().Space; first.Same(now) {
		t.Errorf("the two editions have one Space, %s", first)
	}
}

func TestCatalog(t *testing.T) {
	for _, e := range providers.Catalog() {
		if e.Reference == "static:base1" {
			return
		}
	}
	t.Error("the catalog of a program that imports base1 lacks static:base1")
}

func TestLaws(t *testing.T) {
	e := open(t, "static:base1")
	embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
}

// memory is a tier in a map.
type memory map[cache.Key][]float32

func (m memory) Get(_ context.Context, keys []cache.Key, rows [][]float32) error {
	for i, k := range keys {
		rows[i] = slices.Clone(m[k])
	}
	return nil
}

func (m memory) Set(_ context.Context, keys []cache.Key, rows [][]float32) error {
	for i, k := range keys {
		m[k] = slices.Clone(rows[i])
	}
	return nil
}

func (m memory) Purge(_ context.Context, prefix []byte) error {
	maps.DeleteFunc(m, func(k cache.Key, _ []float32) bool { return bytes.HasPrefix(k[:], prefix) })
	return nil
}

// tiered returns a function that asks a model through a cache.
func tiered(t *testing.T, c *cache.Cache, texts ...string) func(reference string) (embedding.Response, error) {
	return func(reference string) (embedding.Response, error) {
		return embedding.Chain(open(t, reference), c.Wrap).Embed(t.Context(), embedding.Request{Texts: texts})
	}
}

func over(t *testing.T, tier cache.Store) *cache.Cache {
	c, err := cache.New(cache.Options{Store: tier})
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// TestTier: the present edition refuses texts that a tier has from the first one. A cache that
// serves both gives each its own.
func TestTier(t *testing.T) {
	tier := memory{}
	first, err := tiered(t, over(t, tier), "co\u00adoperate", "數據庫")("static:base1")
	expect.NoError(t, err)
	_, err = tiered(t, over(t, tier), "another", "數據庫")("static:base")
	upgrade.Refused(t, err, "static:base1")
	expect.Equal(t, "the error is Invalid", errors.Is(err, embedding.Invalid), true)
	_, err = tiered(t, over(t, tier), "another")("static:base")
	expect.NoError(t, err)

	both := tiered(t, over(t, tier), "co\u00adoperate", "數據庫")
	again, err := both("static:base1")
	expect.NoError(t, err)
	expect.Equal(t, "texts that the first edition finds again", again.Usage.Reused, 2)
	expect.Equal(t, "vectors of the first edition", again.Vectors, first.Vectors)
	now, err := both("static:base")
	expect.NoError(t, err)
	expect.Equal(t, "texts that the present edition finds", now.Usage.Reused, 0)
	now, err = tiered(t, over(t, tier), "co\u00adoperate", "數據庫")("static:base")
	expect.NoError(t, err)
	expect.Equal(t, "texts that the present edition finds again", now.Usage.Reused, 2)
}

// A space of the user's says that the vectors are comparable, so nothing is looked for.
func TestTierOfAnOwnSpace(t *testing.T) {
	tier := memory{}
	_, err := tiered(t, over(t, tier), "a cat")("static:base1")
	expect.NoError(t, err)
	_, err = tiered(t, over(t, tier), "a cat")("static:base?space=mine")
	expect.NoError(t, err)
}

// A tier that fails when it is asked for the first edition's vectors fails no call.
func TestTierThatFails(t *testing.T) {
	broken := &failing{memory: memory{}}
	_, err := tiered(t, over(t, broken), "a cat")("static:base1")
	expect.NoError(t, err)
	broken.from = 2
	_, err = tiered(t, over(t, broken), "a cat")("static:base")
	expect.NoError(t, err)
}

// failing is a tier whose reads fail from one on.
type failing struct {
	memory
	reads, from int
}

func (f *failing) Get(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	if f.reads++; f.from > 0 && f.reads > f.from {
		return errors.New("the tier is down")
	}
	return f.memory.Get(ctx, keys, rows)
}

// TestEnglishIsTheSame holds what the change log says: plain English has the vectors it had.
func TestEnglishIsTheSame(t *testing.T) {
	texts := []string{"How do I compress a file with gzip?", "The cat sat on the mat.", "interest rates, 2024: 3.5% (up)"}
	first, err := embedding.Documents(t.Context(), open(t, "static:base1"), texts)
	expect.NoError(t, err)
	now, err := embedding.Documents(t.Context(), open(t, "static:base"), texts)
	expect.NoError(t, err)
	expect.Equal(t, "vectors", now, first)
}

func TestOptions(t *testing.T) {
	_, err := providers.Open("static:base1?dimensions=100")
	if err == nil || !strings.Contains(err.Error(), "there are [256 128 64]") {
		t.Errorf("got the error %v, want one that lists the dimensions", err)
	}
}
