package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
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
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: texts, Task: task}); err != nil {
		t.Fatal(err)
	}
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
			t.Errorf("%s: %+v", text, a)
		}
		tokens += a.Tokens
	}
	q, _ := again.Lookup(embedding.TaskQuery, "one")
	if !slices.Equal(q.Vector, fake.Vector(embedding.TaskQuery, "one")) {
		t.Error("the query has the document's vector")
	}
	if got := int(tokens + q.Tokens + .5); got != fake.Ledger().Tokens {
		t.Errorf("%d tokens in all, billed %d", got, fake.Ledger().Tokens)
	}
	var speed []int
	if ok, err := again.Noted("speed", &speed); !ok || err != nil || !slices.Equal(speed, []int{1, 2}) {
		t.Errorf("note %v, %v, %v", speed, ok, err)
	}
	if _, ok := again.Lookup(embedding.TaskDocument, "four"); ok {
		t.Error("a text is known that was never asked")
	}
}

// A file cut anywhere, as a crash leaves it, opens with the whole records and goes on from there.
func TestCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.rec")
	r := open(t, whole, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{}))
	embed(t, kept, 0, "a")
	first := size(t, whole)
	embed(t, kept, 0, "b")
	r.Close()
	b, err := os.ReadFile(whole)
	expect.NoError(t, err)
	for cut := first; cut <= len(b); cut++ {
		path := filepath.Join(dir, fmt.Sprint(cut, ".rec"))
		expect.NoError(t, os.WriteFile(path, b[:cut], 0o600))
		r := open(t, path, false)
		want := 1
		if cut == len(b) {
			want = 2
		}
		if r.Len() != want {
			t.Fatalf("cut at %d of %d: %d texts", cut, len(b), r.Len())
		}
		embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "b", "c")
		r.Close()
		if r := open(t, path, true); r.Len() != 3 {
			t.Fatalf("cut at %d, then written on: %d texts", cut, r.Len())
		}
	}
	for cut := range first {
		path := filepath.Join(dir, "short.rec")
		expect.NoError(t, os.WriteFile(path, b[:cut], 0o600))
		if r, err := Open(path, false); err == nil && r.Len() != 0 {
			t.Fatalf("cut at %d: %d texts", cut, r.Len())
		} else if err == nil {
			r.Close()
		}
	}
}

// Every single flipped byte is noticed: no damaged vector is ever taken for an answer.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a", "b")
	r.Close()
	b, err := os.ReadFile(path)
	expect.NoError(t, err)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		expect.NoError(t, os.WriteFile(path, bad, 0o600))
		r, err := Open(path, true)
		if err == nil && r.Len() == 2 {
			t.Fatalf("byte %d was changed and nobody noticed", i)
		}
	}
}

// A damaged length in the middle is damage: what stands behind it is not taken for the rest of a record that was cut, and cut off.
func TestDamagedLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{}))
	embed(t, kept, 0, "a")
	at := size(t, path)
	embed(t, kept, 0, "b", "c")
	r.Close()
	b, err := os.ReadFile(path)
	expect.NoError(t, err)
	b[at+2] ^= 0x10
	expect.NoError(t, os.WriteFile(path, b, 0o600))
	if _, err := Open(path, false); err == nil || !strings.Contains(err.Error(), "damaged") || size(t, path) != len(b) {
		t.Errorf("error %v, %d of %d bytes left", err, size(t, path), len(b))
	}
}

// Two runs at once would write over each other's answers. The second one is refused, and the lock goes with the first.
func TestOneRunAtATime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: there is no lock on Windows")
	}
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a")
	if _, err := Open(path, false); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("a second run: error %v", err)
	}
	if offline := open(t, path, true); offline.Len() != 1 {
		t.Errorf("%d texts can be read meanwhile", offline.Len())
	}
	r.Close()
	if next := open(t, path, false); next.Len() != 1 {
		t.Errorf("%d texts after the first run", next.Len())
	}
}

func TestOtherModelIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a")
	for name, m := range map[string]embedding.Model{
		"space":   {Space: "other"},
		"variant": {Variant: "query: "},
		"length":  {Dimensions: 9},
	} {
		if _, err := r.Keep(embedtest.NewFake(embedtest.FakeOptions{Model: m}), "fake:fake"); err == nil || !strings.Contains(err.Error(), "another directory") {
			t.Errorf("another %s: error %v", name, err)
		}
	}
}

func TestRefusalsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("inappropriate")}
			}
			return nil
		}}
	}}))
	_, err := kept.Embed(t.Context(), embedding.Request{Texts: []string{"good", "bad"}})
	if !errors.Is(err, embedding.Rejected) {
		t.Fatalf("error %v", err)
	}
	r.Close()
	a, ok := open(t, path, true).Lookup(0, "bad")
	if !ok || a.Vector != nil || !strings.Contains(a.Refused, "inappropriate") {
		t.Errorf("%+v, %v", a, ok)
	}
}

func TestNothingButAnswersIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	failing := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited}}
	}}))
	if _, err := failing.Embed(t.Context(), embedding.Request{Texts: []string{"x"}}); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) || r.Len() != 0 {
		t.Errorf("%d texts, %v", r.Len(), err)
	}
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a text with words")
	r.Close()
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(b, []byte("words")) {
		t.Errorf("the text is in the file (%v)", err)
	}
}

// What cannot be written is not handed on as a success.
func TestDiskError(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "no", "such", "folder", "a.rec"), false)
	_, err := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})).Embed(t.Context(), embedding.Request{Texts: []string{"x"}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
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
	if again := open(t, path, true); again.Len() != 8*20+20 {
		t.Errorf("%d texts", again.Len())
	}
}

func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		fake := embedtest.NewFake(embedtest.FakeOptions{})
		r := open(t, filepath.Join(t.TempDir(), "a.rec"), false)
		return embedtest.Subject{Embedder: keep(t, r, fake), Ledger: fake.Ledger}
	})
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
