package replay

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func open(t *testing.T, path string, readOnly bool) *Recording {
	t.Helper()
	r, err := Open(path, readOnly)
	expect.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func embed(t *testing.T, e embedding.Embedder, task embedding.Task, texts ...string) {
	t.Helper()
	_, err := e.Embed(t.Context(), embedding.Request{Texts: texts, Task: task})
	expect.NoError(t, err)
}

func keep(t *testing.T, r *Recording, e embedding.Embedder) embedding.Embedder {
	t.Helper()
	kept, err := r.Keep(e, "fake:fake")
	expect.NoError(t, err)
	return kept
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	fake := embedtest.NewFake(embedtest.FakeOptions{})
	r := open(t, path, false)
	kept := keep(t, r, fake)
	embed(t, kept, embedding.TaskDocument, "one", "two words", "three words here")
	embed(t, kept, embedding.TaskQuery, "one")
	expect.NoError(t, r.Note("speed", []int{1, 2}))
	expect.NoError(t, r.Close())

	again := open(t, path, true)
	h, ok := again.Heading()
	if !ok || h.Dimensions != 8 || h.Reference != "fake:fake" || h.Space != fake.Model().Space || again.Len() != 4 {
		t.Errorf("%+v, %d texts", h, again.Len())
	}
	tokens := 0.0
	for _, text := range []string{"one", "two words", "three words here"} {
		a, ok := again.Lookup(embedding.TaskDocument, text)
		if !ok || !slices.Equal(a.Vector, fake.Vector(embedding.TaskDocument, text)) || !a.Metered {
			t.Errorf("%s: got %+v, want its vector, metered", text, a)
		}
		tokens += a.Tokens
	}
	q, _ := again.Lookup(embedding.TaskQuery, "one")
	expect.Equal(t, "the query's vector", q.Vector, fake.Vector(embedding.TaskQuery, "one"))
	expect.Equal(t, "tokens in all", int(tokens+q.Tokens+.5), fake.Ledger().Tokens)
	var speed []int
	if ok, err := again.Noted("speed", &speed); !ok || err != nil || !slices.Equal(speed, []int{1, 2}) {
		t.Errorf("note %v, %v, %v", speed, ok, err)
	}
	if _, ok := again.Lookup(embedding.TaskDocument, "four"); ok {
		t.Error("a text is known that was never asked")
	}
}

// Two runs at once would write over each other's answers. The second one is refused, and the lock
// goes with the first.
func TestOneRunAtATime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: there is no lock on Windows")
	}
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a")
	_, err := Open(path, false)
	expect.Says(t, "a second run", err, "another run")
	expect.Equal(t, "texts that can be read meanwhile", open(t, path, true).Len(), 1)
	r.Close()
	expect.Equal(t, "texts after the first run", open(t, path, false).Len(), 1)
}

func TestConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{}))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				embed(t, kept, 0, fmt.Sprint("own ", w, " ", i), fmt.Sprint("shared ", i))
				r.Lookup(0, "shared 1")
			}
		})
	}
	wg.Wait()
	r.Close()
	expect.Equal(t, "texts", open(t, path, true).Len(), 8*20+20)
}

// TestMemory holds 100,000 vectors of 256 dimensions to 300 MB.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED: -short leaves out the memory of 100,000 vectors")
	}
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, constant{embedding.Model{Provider: "fake", ID: "c", Dimensions: 256}})
	texts := make([]string, 1000)
	for block := range 100 {
		for i := range texts {
			texts[i] = fmt.Sprint(block, " ", i)
		}
		embed(t, kept, 0, texts...)
	}
	r.Close()
	runtime.KeepAlive(r) // until here, and not while the other one is measured
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	again := open(t, path, true)
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int(after.HeapAlloc) - int(before.HeapAlloc)
	if again.Len() != 100_000 || held > 300e6 {
		t.Errorf("%d vectors hold %d MB", again.Len(), held/1e6)
	}
	t.Logf("%d MB", held/1e6)
	runtime.KeepAlive(again)
}

type constant struct{ m embedding.Model }

func (c constant) Model() embedding.Model { return c.m }
func (c constant) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	rows := make([][]float32, len(req.Texts))
	row := make([]float32, c.m.Dimensions)
	row[0] = 1
	for i := range rows {
		rows[i] = row
	}
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Requests: 1, Tokens: len(req.Texts)}}, nil
}

func size(t *testing.T, path string) int {
	t.Helper()
	s, err := os.Stat(path)
	expect.NoError(t, err)
	return int(s.Size())
}
