package tiny_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/local"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// The same model is written twice; a seed makes another one.
func TestWrite(t *testing.T) {
	var got [3][]float32
	var spaces [3]embedding.Space
	for i, seed := range []uint64{0, 0, 1} {
		dir := filepath.Join(t.TempDir(), "a", "tiny")
		expect.NoError(t, tiny.Write(dir, tiny.Model{Seed: seed}))
		e, err := local.New(local.Options{Folder: dir})
		expect.NoError(t, err)
		spaces[i] = e.Model().Space
		got[i], err = embedding.Query(t.Context(), e, "hello world")
		expect.NoError(t, err)
	}
	expect.Equal(t, "the space of the same model", spaces[1], spaces[0])
	expect.Equal(t, "the vector of the same model", got[1], got[0])
	if c := embedding.Cosine(got[0], got[2]); spaces[0] == spaces[2] || math.Abs(float64(c)) > 0.9 {
		t.Errorf("with another seed: got the space %s and the cosine %v, want another model", spaces[2], c)
	}
}
