package base1

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
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

// TestTier gives both editions one tier. Its keys contain the Space, so a vector of one edition is
// never the other's.
func TestTier(t *testing.T) {
	tier := memory{}
	texts := []string{"co\u00adoperate", "數據庫"}
	ask := func(reference string) embedding.Response {
		c, err := cache.New(cache.Options{Store: tier})
		expect.NoError(t, err)
		defer c.Close()
		res, err := embedding.Chain(open(t, reference), c.Wrap).Embed(t.Context(), embedding.Request{Texts: texts})
		expect.NoError(t, err)
		return res
	}
	ask("static:base1")
	expect.Equal(t, "texts that the first edition finds again", ask("static:base1").Usage.Reused, len(texts))
	expect.Equal(t, "texts that the present edition finds", ask("static:base").Usage.Reused, 0)
	expect.Equal(t, "texts that the present edition finds again", ask("static:base").Usage.Reused, len(texts))
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
