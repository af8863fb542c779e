package disk

import (
	"context"
	"os"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1" // what made v0/static.db
)

// fixed is a model of a few texts. It never changes, whatever becomes of the real ones.
type fixed map[string][]float32

func (fixed) Model() embedding.Model {
	return embedding.Model{Provider: "upgrade", ID: "v0", Space: "upgrade/v0@4", Dimensions: 4}
}

func (f fixed) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	res := embedding.Response{Usage: embedding.Usage{Requests: 1}}
	for _, text := range req.Texts {
		res.Vectors = append(res.Vectors, f[text])
	}
	return res, nil
}

// TestUpgrade answers texts from a file of an earlier version without asking the model.
func TestUpgrade(t *testing.T) {
	e := fixed{
		"The cat sleeps on the sofa.": {0.5, -0.5, 0.5, -0.5},
		"Interest rates rose again.":  {1, 0, 0, 1e-30},
	}
	req := embedding.Request{Texts: []string{"The cat sleeps on the sofa.", "Interest rates rose again."}}
	ask := func(path string) (*Store, embedding.Response) {
		s := open(t, path, Options{})
		c, err := cache.New(cache.Options{Store: s})
		expect.NoError(t, err)
		defer c.Close()
		res, err := embedding.Chain(e, c.Wrap).Embed(t.Context(), req)
		expect.NoError(t, err)
		return s, res
	}
	path := upgrade.Copy(t, "v0/vectors.db", func(path string) {
		s, _ := ask(path)
		expect.NoError(t, s.Close())
	})
	s, res := ask(path)
	expect.Equal(t, "requests", res.Usage.Requests, 0)
	expect.Equal(t, "texts from the file", res.Usage.Reused, len(req.Texts))
	expect.Equal(t, "vectors in the file", s.Stats().Vectors, len(req.Texts))
	for i, text := range req.Texts {
		expect.Equal(t, text, res.Vectors[i], e[text])
	}
	expect.NoError(t, s.Close())

	expect.NoError(t, os.Truncate(path, 5000))
	_, err := Open(path, Options{})
	expect.Says(t, "opening a file cut short", err, path)
}

// TestUpgradeStatic: texts that the first edition of static:base embedded are no misses of the
// present one, which would hide that the user has vectors of the first. They are refused with what
// to do.
func TestUpgradeStatic(t *testing.T) {
	const whole, short = "The cat sleeps on the sofa.", "Interest rates rose again."
	ask := func(s *Store, reference, text string) (embedding.Response, error) {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		e, err := static.Open(r)
		expect.NoError(t, err)
		c, err := cache.New(cache.Options{Store: s})
		expect.NoError(t, err)
		defer c.Close()
		return embedding.Chain(e, c.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{reference, text}})
	}
	path := upgrade.Copy(t, "v0/static.db", func(path string) {
		s := open(t, path, Options{})
		for reference, text := range map[string]string{"static:base1": whole, "static:base1?dimensions=64": short} {
			_, err := ask(s, reference, text)
			expect.NoError(t, err)
		}
		expect.NoError(t, s.Close())
	})
	s := open(t, path, Options{})
	for _, reference := range []string{"static:base", "static:base?dimensions=128", "static:base?lexical=256"} {
		_, err := ask(s, reference, whole)
		upgrade.Refused(t, err, "static:base1")
		_, err = ask(s, reference, short)
		upgrade.Refused(t, err, "static:base1?dimensions=64")
	}
	res, err := ask(s, "static:base1", whole)
	expect.NoError(t, err)
	expect.Equal(t, "texts from the file", res.Usage.Reused, 1)
	res, err = ask(s, "static:base", "a text that the file has never had")
	expect.NoError(t, err)
	expect.Equal(t, "texts from the file", res.Usage.Reused, 0)

	c, err := cache.New(cache.Options{Store: s})
	expect.NoError(t, err)
	defer c.Close()
	expect.NoError(t, c.PurgeSpace(t.Context(), "static/base-9680046a@256"))
	_, err = ask(s, "static:base", whole)
	expect.NoError(t, err)
}
