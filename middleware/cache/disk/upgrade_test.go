package disk

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/middleware/cache"
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
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opening a file cut short: got %v, want an error that names %s", err, path)
	}
}
