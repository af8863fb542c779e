package encoder

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/local/internal/kernel"
	"github.com/vecspace/embedding/providers/local/internal/safetensors"
	"github.com/vecspace/embedding/providers/local/tiny"
)

var config = Config{Hidden: 32, Inner: 80, Heads: 4, Layers: 2, Positions: 64, Types: 2, Vocabulary: 148, Epsilon: 1e-12}

// open opens the weights of a tiny model.
func open(t *testing.T) *safetensors.File {
	t.Helper()
	dir := t.TempDir()
	expect.NoError(t, tiny.Write(dir, tiny.Model{}))
	f, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
	expect.NoError(t, err)
	t.Cleanup(func() { expect.NoError(t, f.Close()) })
	return f
}

// The vectors of a text's tokens are the same whatever runs before, beside or after it in the same
// memory, with each kernel. The tests of package local compare them with a reference.
func TestRun(t *testing.T) {
	for _, set := range kernel.Sets() {
		testRun(t, set, config)
	}
}

func TestRunInt8(t *testing.T) {
	c := config
	c.Int8 = true
	for _, set := range kernel.Sets8() {
		testRun(t, set, c)
	}
}

func testRun(t *testing.T, set *kernel.Set, c Config) {
	texts := [][]int32{{2, 9, 3}, {2, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 3}, {7}, {2, 20, 30, 3}}
	e, err := Load(open(t), c, "bert.", set)
	expect.NoError(t, err)
	var shared State
	var want []float32
	for _, ids := range texts {
		x, err := e.Run(t.Context(), [][]int32{ids}, new(State))
		expect.NoError(t, err)
		expect.Equal(t, set.Name+": values", len(x), len(ids)*c.Hidden)
		want = append(want, x...)
	}
	for range 2 {
		x, err := e.Run(t.Context(), texts, &shared)
		expect.NoError(t, err)
		expect.Equal(t, set.Name+": all texts", x, want)
		x, err = e.Run(t.Context(), texts[1:2], &shared)
		expect.NoError(t, err)
		expect.Equal(t, set.Name+": the longest", x, want[3*c.Hidden:17*c.Hidden])
	}
}

func TestRunCanceled(t *testing.T) {
	e, err := Load(open(t), config, "", kernel.Sets()[0])
	expect.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Run(ctx, [][]int32{{2, 3}}, new(State)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// A tensor that is missing, or of another shape, is named.
func TestLoadRefuses(t *testing.T) {
	f := open(t)
	for want, change := range map[string]func(*Config){
		`no tensor "encoder.layer.2.attention.self.query.weight"`:                    func(c *Config) { c.Layers = 3 },
		`"embeddings.word_embeddings.weight" has the shape [148 32], want [150 32]`:  func(c *Config) { c.Vocabulary = 150 },
		`"embeddings.position_embeddings.weight" has the shape [64 32], want [9 32]`: func(c *Config) { c.Positions = 9 },
		`"encoder.layer.0.intermediate.dense.weight" has the shape`:                  func(c *Config) { c.Inner = 81 },
	} {
		c := config
		change(&c)
		if _, err := Load(f, c, "", kernel.Sets()[0]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A panic that is no fault of a page is not taken for one.
func TestReading(t *testing.T) {
	defer func() {
		expect.Equal(t, "panic", recover(), "a mistake")
	}()
	_ = reading(func() { panic("a mistake") })
}
