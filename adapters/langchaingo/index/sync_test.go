package index_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// parts are the parts of a file, each with its name and number.
func parts(file string, texts ...string) []schema.Document {
	docs := make([]schema.Document, len(texts))
	for i, text := range texts {
		docs[i] = schema.Document{PageContent: text, Metadata: map[string]any{"file": file, "part": i}}
	}
	return docs
}

// contents returns what a store holds, as drawer.texts does.
func contents(docs []schema.Document) []string {
	out := make([]string, len(docs))
	for i, d := range docs {
		out[i] = fmt.Sprint(d.PageContent, " ", d.Metadata)
	}
	slices.Sort(out)
	return out
}

// each runs a test on chromem and on a store with IDs of its own.
func each(t *testing.T, test func(t *testing.T, f *embedtest.Fake, s index.Store, holds func() []string)) {
	t.Run("chromem", func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{})
		store, err := chromem.New(f, chromem.Options{})
		expect.NoError(t, err)
		s, err := index.New(f, store, store.Index())
		expect.NoError(t, err)
		test(t, f, s, func() []string {
			var docs []schema.Document
			for _, d := range store.All() {
				docs = append(docs, d)
			}
			return contents(docs)
		})
	})
	t.Run("drawer", func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{})
		d := drawer{dir: t.TempDir()}
		s, err := index.New(f, d, d)
		expect.NoError(t, err)
		test(t, f, s, d.texts)
	})
}

func TestSync(t *testing.T) {
	each(t, func(t *testing.T, f *embedtest.Fake, s index.Store, holds func() []string) {
		texts := func(n int) (out []string) {
			for i := range n {
				out = append(out, fmt.Sprintf("text %d", i))
			}
			return out
		}
		all := texts(450)
		for _, c := range []struct {
			name string
			docs []schema.Document
			want string
			paid int // texts embedded so far
		}{
			{name: "new", docs: parts("a", all...), want: "450 added, 0 kept, 0 deleted", paid: 450},
			{name: "again", docs: parts("a", all...), want: "0 added, 450 kept, 0 deleted", paid: 450},
			{name: "a paragraph in front", docs: parts("a", append([]string{"front"}, all...)...), want: "451 added, 0 kept, 450 deleted", paid: 451},
			{name: "renamed", docs: parts("b", append([]string{"front"}, all...)...), want: "451 added, 0 kept, 451 deleted", paid: 451},
			{name: "the other way round", docs: parts("b", append([]string{"front", "text 449"}, all[:449]...)...), want: "450 added, 1 kept, 450 deleted", paid: 451},
			{name: "one is gone", docs: parts("b", "front", "text 449"), want: "0 added, 2 kept, 449 deleted", paid: 451},
			{name: "twice the same", docs: append(parts("b", "front", "text 449"), parts("b", "front", "other")...), want: "1 added, 2 kept, 0 deleted", paid: 452},
			{name: "one text in many places", docs: slices.Concat(parts("x", "same"), parts("y", "same"), parts("z", "same")), want: "3 added, 0 kept, 3 deleted", paid: 453},
			{name: "nothing", want: "0 added, 0 kept, 3 deleted", paid: 453},
		} {
			r, err := index.Sync(t.Context(), s, "folder", c.docs)
			expect.NoError(t, err)
			expect.Equal(t, c.name, r.String(), c.want)
			unique := slices.Compact(contents(c.docs))
			if got := holds(); !slices.Equal(got, unique) {
				t.Errorf("%s: got %d documents, want the %d", c.name, len(got), len(unique))
			}
			paid := 0
			for _, call := range f.Calls() {
				paid += len(call.Request.Texts)
			}
			expect.Equal(t, c.name+": texts embedded", paid, c.paid)
		}
	})
}

// The same documents of two sources are stored for each, and paid for once.
func TestSyncLeavesOtherSources(t *testing.T) {
	each(t, func(t *testing.T, f *embedtest.Fake, s index.Store, holds func() []string) {
		docs := parts("a", "one", "two")
		_, err := s.AddDocuments(t.Context(), []schema.Document{{PageContent: "theirs"}})
		expect.NoError(t, err)
		for _, source := range []string{"first", "second", "first", "second"} {
			_, err := index.Sync(t.Context(), s, source, docs)
			expect.NoError(t, err)
		}
		if got := holds(); len(got) != 5 || f.Billed("one") != 1 {
			t.Errorf("got %q and one billed %d times, want both twice, theirs, and one payment", got, f.Billed("one"))
		}
		r, err := index.Sync(t.Context(), s, "first", nil)
		expect.NoError(t, err)
		expect.Equal(t, "deleted", r.Deleted, 2)
		if got, want := holds(), append(contents(docs), contents([]schema.Document{{PageContent: "theirs"}})...); len(got) != 3 || !slices.Contains(got, want[0]) || !slices.Contains(got, want[1]) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// What is gone stays as long as something is missing, and a bad text keeps no other one out.
func TestSyncDeletesLast(t *testing.T) {
	each(t, func(t *testing.T, f *embedtest.Fake, s index.Store, holds func() []string) {
		_, err := index.Sync(t.Context(), s, "folder", parts("a", "old"))
		expect.NoError(t, err)
		docs := parts("b", append(slices.Repeat([]string{"x"}, 250), " ", "new")...)
		r, err := index.Sync(t.Context(), s, "folder", docs)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 250 || r.Added != 251 || r.Deleted != 0 {
			t.Fatalf("got %v and the error %v, want document 250 alone to fail", r, err)
		}
		if got := holds(); len(got) != 252 || !slices.Contains(got, contents(parts("a", "old"))[0]) {
			t.Errorf("got %d documents, want 251 new ones and the old one", len(got))
		}
		r, err = index.Sync(t.Context(), s, "folder", slices.Delete(docs, 250, 251))
		expect.NoError(t, err)
		if r.Deleted != 1 || f.Billed("new") != 1 {
			t.Errorf("got %v and new billed %d times, want 1 deleted and 1", r, f.Billed("new"))
		}
	})
}

func TestSyncRefuses(t *testing.T) {
	each(t, func(t *testing.T, f *embedtest.Fake, s index.Store, holds func() []string) {
		for want, docs := range map[string][]schema.Document{
			"document 1: the metadata": {{PageContent: "a"}, {PageContent: "b", Metadata: map[string]any{"x": math.NaN()}}},
			"unsupported type: chan":   {{PageContent: "a", Metadata: map[string]any{"x": make(chan int)}}},
		} {
			_, err := index.Sync(t.Context(), s, "folder", docs)
			expect.Says(t, "the error", err, want)
		}
		if _, err := index.Sync(t.Context(), s, "", nil); err == nil {
			t.Error("got no error without a source")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := index.Sync(ctx, s, "folder", parts("a", "x")); !errors.Is(err, context.Canceled) {
			t.Errorf("got the error %v, want canceled", err)
		}
		if len(f.Calls()) != 0 || len(holds()) != 0 {
			t.Errorf("got %d calls and %q, want nothing done", len(f.Calls()), holds())
		}
	})
}

// A document that the store refuses is named and not paid for, this time and the next. The others
// are stored, and what is gone stays until all are.
func TestSyncGoesOnAfterARefusal(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	store, err := chromem.New(f, chromem.Options{})
	expect.NoError(t, err)
	s, err := index.New(f, store, store.Index())
	expect.NoError(t, err)
	docs := thousand()
	docs[3].Metadata["x"], docs[700].Metadata["x"] = []int{1}, []int{2}
	for round, want := range []string{"998 added, 0 kept, 0 deleted, 2 failed", "0 added, 998 kept, 0 deleted, 2 failed"} {
		r, err := index.Sync(t.Context(), s, "folder", docs)
		expect.Equal(t, fmt.Sprint("round ", round), r.String(), want)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || p.Failed[0].Index != 3 || p.Failed[1].Index != 700 || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("round %d: got the error %v, want documents 3 and 700 named", round, err)
		}
	}
	expect.Equal(t, "bad texts billed", f.Billed(docs[3].PageContent)+f.Billed(docs[700].PageContent), 0)
	docs[3].Metadata["x"], docs[700].Metadata["x"] = 1, 2
	r, err := index.Sync(t.Context(), s, "folder", docs)
	expect.NoError(t, err)
	expect.Equal(t, "mended", r.String(), "2 added, 998 kept, 0 deleted")
}

// While one Sync is under way, another process's is told so before it pays for anything.
func TestSyncLocks(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir()}
	open := func(e embedding.Embedder) index.Store {
		store, err := chromem.New(e, o)
		expect.NoError(t, err)
		s, err := index.New(e, store, store.Index())
		expect.NoError(t, err)
		return s
	}
	other := embedtest.NewFake(embedtest.FakeOptions{})
	second := open(other)
	docs, meetings := thousand(), 0
	first := open(embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		meetings++
		if _, err := index.Sync(t.Context(), second, "folder", docs); !errors.Is(err, chromem.ErrInUse) {
			t.Errorf("got the error %v of the second Sync, want ErrInUse", err)
		}
		return f.Embed(ctx, req)
	}))
	_, err := index.Sync(t.Context(), first, "folder", docs)
	expect.NoError(t, err)
	r, err := index.Sync(t.Context(), second, "folder", docs)
	expect.NoError(t, err)
	expect.Equal(t, "afterwards", r.String(), "0 added, 1000 kept, 0 deleted")
	if n := len(other.Calls()); n > 0 || meetings == 0 {
		t.Errorf("got %d paid calls of the second Sync in %d meetings, want none", n, meetings)
	}
}

// The caller's documents keep their metadata, reserved keys from elsewhere do not count, and the
// stamps are in the store.
func TestSyncMarksCopies(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	d := drawer{dir: t.TempDir()}
	s, err := index.New(f, d, d)
	expect.NoError(t, err)
	docs := []schema.Document{{PageContent: "a", Metadata: map[string]any{"k": "v", collection.SourceKey: "else", collection.OriginKey: "7"}}, {PageContent: "b"}}
	_, err = index.Sync(t.Context(), s, "folder", docs)
	expect.NoError(t, err)
	if len(docs[0].Metadata) != 3 || docs[1].Metadata != nil {
		t.Errorf("got %v, want the caller's metadata as it was", docs)
	}
	for at, err := range d.List(t.Context()) {
		if err != nil || at.Source != "folder" || len(at.Hash) != 49 {
			t.Errorf("got %+v, %v, want the source folder and a hash", at, err)
		}
	}
	r, err := index.Sync(t.Context(), s, "folder", []schema.Document{{PageContent: "a", Metadata: map[string]any{"k": "v"}}, {PageContent: "b", Metadata: map[string]any{}}})
	if err != nil || r.Kept != 2 {
		t.Errorf("got %v, %v, want both kept", r, err)
	}
}

// A store that fails in the middle of a block is gone on with; a copy is removed.
func TestSyncAfterAFailedWrite(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	broken := errors.New("disk full")
	d := drawer{dir: t.TempDir(), fail: func(doc schema.Document) error {
		if doc.PageContent == "c" {
			return broken
		}
		return nil
	}}
	s, err := index.New(f, d, d)
	expect.NoError(t, err)
	docs := parts("a", "a", "b", "c", "d")
	if _, err := index.Sync(t.Context(), s, "folder", docs); !errors.Is(err, broken) {
		t.Fatalf("got the error %v, want %v", err, broken)
	}
	expect.Equal(t, "stored", len(d.texts()), 2)
	d.fail = nil
	s, err = index.New(f, d, d)
	expect.NoError(t, err)
	r, err := index.Sync(t.Context(), s, "folder", docs)
	expect.NoError(t, err)
	expect.Equal(t, "after the failure", r.String(), "2 added, 2 kept, 0 deleted")
	all, err := d.all()
	expect.NoError(t, err)
	for _, one := range all { // as of a second process
		data, err := json.Marshal(one)
		expect.NoError(t, err)
		expect.NoError(t, os.WriteFile(filepath.Join(d.dir, one.Text+"copy.json"), data, 0o600))
	}
	r, err = index.Sync(t.Context(), s, "folder", docs)
	expect.NoError(t, err)
	expect.Equal(t, "with copies", r.String(), "0 added, 4 kept, 4 deleted")
	expect.Equal(t, "paid for a", f.Billed("a"), 1)
}

const childVariable = "INDEX_CHILD"

// TestChild is the process that TestKilled kills.
func TestChild(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		t.Skip("TestKilled starts it")
	}
	bill, err := os.OpenFile(filepath.Join(dir, "bill"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	expect.NoError(t, err)
	defer bill.Close()
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		if _, err := bill.WriteString(strings.Join(c.Request.Texts, "\n") + "\n"); err != nil {
			t.Errorf("got the error %v, want the bill written", err)
		}
		return embedtest.Reply{}
	}})
	d := drawer{dir: filepath.Join(dir, "store")}
	writes := 0
	d.fail = func(schema.Document) error {
		writes++
		fmt.Println("write", writes)
		return nil
	}
	s, err := index.New(embedding.Chain(f, tens(childParallel)), d, d)
	expect.NoError(t, err)
	_, err = index.Sync(t.Context(), s, "folder", thousand())
	expect.NoError(t, err)
}

// childParallel is how many requests of ten texts TestChild sends at once.
const childParallel = 4

func tens(parallel int) embedding.Middleware {
	return middleware.Batch(middleware.BatchOptions{Parallel: parallel, Limits: embedding.Limits{Texts: 10}})
}

func thousand() []schema.Document {
	var texts []string
	for i := range 1000 {
		texts = append(texts, fmt.Sprintf("text %d", i))
	}
	return parts("a", texts...)
}

// A process is killed in the middle of writing and between blocks. Every document is there
// afterwards, none twice, and only the requests that were under way at a kill are paid for again.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	d := drawer{dir: filepath.Join(dir, "store")}
	expect.NoError(t, os.Mkdir(d.dir, 0o700))
	kills := []int{1, 77, 200, 201, 333, 0}
	for _, kill := range kills {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		c.Env = append(os.Environ(), childVariable+"="+dir)
		out, err := c.StdoutPipe()
		expect.NoError(t, err)
		expect.NoError(t, c.Start())
		seen, buf := "", make([]byte, 4096)
		for err == nil {
			var n int
			n, err = out.Read(buf)
			if seen += string(buf[:n]); kill > 0 && strings.Contains(seen, fmt.Sprintf("write %d\n", kill)) {
				_ = c.Process.Kill()
				kill = -1
			}
		}
		if err := c.Wait(); err != nil && kill == 0 {
			t.Fatalf("the last run failed: %v\n%s", err, seen)
		}
	}
	if got, want := d.texts(), contents(thousand()); !slices.Equal(got, want) {
		t.Errorf("got %d documents, want each of %d once", len(got), len(want))
	}
	bill, err := os.ReadFile(filepath.Join(dir, "bill"))
	expect.NoError(t, err)
	if n := strings.Count(string(bill), "\n"); n > 1000+10*childParallel*(len(kills)-1) {
		t.Errorf("%d texts were paid for, want at most %d requests of ten texts again for each of %d kills", n, childParallel, len(kills)-1)
	}
}
