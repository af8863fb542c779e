package chromem_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// childVariable holds the folder that this test binary fills as a process of its own.
const childVariable = "CHROMEM_TEST_CHILD"

// corpus is what the processes store: small documents and some that take more than one write.
func corpus() []schema.Document {
	docs := make([]schema.Document, 400)
	for i := range docs {
		docs[i] = doc(fmt.Sprintf("%d %s", i, strings.Repeat("word ", i%50*40)), map[string]any{"n": i})
	}
	return docs
}

// TestChild is the other process. It prints a line for each block that is stored or refused.
func TestChild(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		t.Skip("other tests run it")
	}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	var s *chromem.Store
	for s == nil {
		var err error
		if s, err = chromem.New(f, chromem.Options{Dir: dir, Words: 3}); err != nil && !errors.Is(err, chromem.ErrInUse) {
			t.Fatalf("got the error %v, want none", err)
		}
	}
	docs := corpus()
	for at := 0; at < len(docs); {
		switch _, err := s.AddDocuments(t.Context(), docs[at:at+10]); {
		case errors.Is(err, chromem.ErrInUse):
			runtime.Gosched()
		case err != nil:
			t.Fatalf("got the error %v, want none", err)
		default:
			at += 10
			fmt.Println("STORED", at)
		}
	}
	for _, d := range docs {
		if f.Billed(d.PageContent) > 0 {
			fmt.Println("BILLED", d.Metadata["n"])
		}
	}
}

func child(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// TestKilled kills a process that fills a folder, again and again: each time the folder opens and
// holds what was said to be stored, and the next process goes on.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	f := embedtest.NewFake(embedtest.FakeOptions{})
	for round := range 12 {
		cmd, out := child(t, dir)
		stored := 0
		for lines := 0; lines <= 3*round && out.Scan(); {
			if _, err := fmt.Sscanf(out.Text(), "STORED %d", &stored); err == nil {
				lines++
			}
		}
		expect.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		s := open(t, f, chromem.Options{Dir: dir, Words: 3})
		if s.Count() < stored {
			t.Errorf("round %d: %d documents, want the %d that were said to be stored", round, s.Count(), stored)
		}
		if stored > 0 { // the words of the killed process's documents are found too
			number := fmt.Sprint(stored - 1)
			found, err := s.SimilaritySearch(t.Context(), number, 1)
			if err != nil || !strings.HasPrefix(found[0].PageContent, number+" ") {
				t.Errorf("round %d: got %v, %v, want the document that begins with %s", round, found, err, number)
			}
		}
	}
	docs := corpus()
	s := open(t, f, chromem.Options{Dir: dir})
	held := s.Count()
	add(t, s, docs...)
	billed := 0
	for _, d := range docs {
		billed += f.Billed(d.PageContent)
	}
	expect.Equal(t, "documents", s.Count(), len(docs))
	expect.Equal(t, "documents after a restart", open(t, f, chromem.Options{Dir: dir}).Count(), len(docs))
	expect.Equal(t, "texts embedded for what was missing", billed, len(docs)-held)
	left, err := filepath.Glob(filepath.Join(dir, "*", ".new-*"))
	expect.NoError(t, err)
	expect.Equal(t, "temporary files", len(left), 0)
}

// TestTwoProcesses fill one folder at once: both succeed, the folder is sound, and each text is
// paid for once.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	billed := map[string]int{}
	one, first := child(t, dir)
	two, second := child(t, dir)
	for _, out := range []*bufio.Scanner{first, second} {
		for out.Scan() {
			if n, ok := strings.CutPrefix(out.Text(), "BILLED "); ok {
				billed[n]++
			}
		}
	}
	expect.NoError(t, one.Wait())
	expect.NoError(t, two.Wait())
	for n, times := range billed {
		expect.Equal(t, fmt.Sprintf("times that the text %s was embedded", n), times, 1)
	}
	expect.Equal(t, "texts embedded", len(billed), len(corpus()))
	expect.Equal(t, "documents", open(t, embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{Dir: dir}).Count(), len(corpus()))
}

// TestInUse: while one Store changes a folder, another is told at once, pays nothing, searches, and
// afterwards changes what the first has left.
func TestInUse(t *testing.T) {
	o := chromem.Options{Dir: t.TempDir(), ID: byName}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	second := open(t, f, o)
	var late *chromem.Store
	e := embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		late = open(t, f, o) // while the first add is under way
		for _, s := range []*chromem.Store{second, late} {
			if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("x", map[string]any{"name": "x"})}); !errors.Is(err, chromem.ErrInUse) {
				t.Errorf("adding meanwhile: got %v, want ErrInUse", err)
			}
			if err := s.Delete(t.Context(), []string{"x"}); !errors.Is(err, chromem.ErrInUse) {
				t.Errorf("deleting meanwhile: got %v, want ErrInUse", err)
			}
			_, err := s.SimilaritySearch(t.Context(), "q", 1)
			expect.NoError(t, err)
		}
		return f.Embed(ctx, req)
	})
	first := open(t, e, o)
	add(t, first, doc("a", map[string]any{"name": "a"}), doc("b", map[string]any{"name": "b"}))
	expect.Equal(t, "times that x was embedded", f.Billed("x"), 0)
	for _, s := range []*chromem.Store{second, late} {
		add(t, s, doc("b", map[string]any{"name": "b"}))
		expect.Equal(t, "documents that a Store sees after its own change", s.Count(), 2)
	}
	expect.Equal(t, "times that b was embedded", f.Billed("b"), 1)
	expect.NoError(t, late.Delete(t.Context(), []string{"a"}))
	expect.NoError(t, second.Delete(t.Context(), []string{"nobody"}))
	expect.Equal(t, "documents after another Store's Delete", second.Count(), 1)

	unlock, err := second.Lock()
	expect.NoError(t, err)
	if _, err := late.Lock(); !errors.Is(err, chromem.ErrInUse) || !strings.Contains(err.Error(), o.Dir) {
		t.Errorf("got %v, want ErrInUse and the folder's name", err)
	}
	add(t, second, doc("c", map[string]any{"name": "c"})) // the Store's own calls go on
	unlock()
	unlock()
	unlock, err = late.Lock()
	expect.NoError(t, err)
	expect.Equal(t, "documents that Lock has brought into memory", late.Count(), 2)
	unlock()

	other := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "other"}})
	expect.NoError(t, os.Remove(filepath.Join(o.Dir, "space.json")))
	expect.NoError(t, os.RemoveAll(filepath.Dir(documents(t, o.Dir)[0])))
	open(t, other, o)
	if _, err := second.AddDocuments(t.Context(), []schema.Document{doc("d", map[string]any{"name": "d"})}); err == nil || f.Billed("d") != 0 {
		t.Errorf("adding to a folder that now has another Space: got %v, want an error before embedding", err)
	}
}

// TestFolderThatCannotBeWritten opens for searching; a change is refused before anything is
// embedded.
func TestFolderThatCannotBeWritten(t *testing.T) {
	o := chromem.Options{Dir: t.TempDir()}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	add(t, open(t, f, o), doc("a", nil))
	lock := filepath.Join(o.Dir, "lock")
	expect.NoError(t, os.Remove(lock))
	if os.Geteuid() == 0 { // root may write everywhere, but not a folder
		expect.NoError(t, os.Mkdir(lock, 0o700))
	} else {
		expect.NoError(t, os.Chmod(o.Dir, 0o500))
		defer func() { expect.NoError(t, os.Chmod(o.Dir, 0o700)) }()
	}
	s := open(t, f, o)
	found, err := s.SimilaritySearch(t.Context(), "a", 1)
	if err != nil || len(found) != 1 {
		t.Errorf("searching: got %v, %v, want a document", found, err)
	}
	if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("b", nil)}); err == nil || !strings.Contains(err.Error(), "cannot be changed") || f.Billed("b") != 0 {
		t.Errorf("adding: got %v, want an error before embedding", err)
	}
	if err := s.Delete(t.Context(), []string{"a"}); err == nil {
		t.Error("deleting: got no error")
	}
}
