package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// ask runs the program and returns its output.
func ask(t *testing.T, in string, args ...string) (out, log string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err = run(t.Context(), args, strings.NewReader(in), &stdout, &stderr)
	return stdout.String(), stderr.String(), err
}

// What documents hold and files are called never acts on the terminal.
func TestNothingActsOnTheTerminal(t *testing.T) {
	dir := t.TempDir()
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "a\u202e.md"), []byte("a title of \x1b]0;owned\a\u2066 words"+strings.Repeat(" and more of them", 9)), 0o600))
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "b\u202e.txt"), []byte("caf\xe9"), 0o600))
	out, log, err := ask(t, "", "-dir", dir, "title")
	expect.NoError(t, err)
	if strings.ContainsAny(out+log, "\x1b\a\u2066\u202e") || !strings.Contains(out, `\u001b]0;owned`) || !strings.Contains(log, `b\u202e.txt`) {
		t.Errorf("got %q and %q, want characters that show", out, log)
	}
}

// TestHitRate asks what newcomers ask. The questions were written before the first run.
func TestHitRate(t *testing.T) {
	if len(questions) < 40 {
		t.Fatalf("%d questions are too few", len(questions))
	}
	var in strings.Builder
	for _, q := range questions {
		in.WriteString(q.text + "\n")
	}
	out, _, err := ask(t, in.String(), "-k", "3")
	expect.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3*len(questions) {
		t.Fatalf("%d lines for %d questions", len(lines), len(questions))
	}
	hits := 0
	for i, q := range questions {
		hit := false
		for _, line := range lines[3*i : 3*i+3] {
			for _, p := range q.packages {
				hit = hit || strings.Fields(line)[2] == p
			}
		}
		if hit {
			hits++
		} else {
			t.Logf("missed: %s", q.text)
		}
	}
	t.Logf("hit rate at 3: %d of %d", hits, len(questions))
	if hits < 52 {
		t.Errorf("got %d hits at 3 of %d questions, want 52 or more", hits, len(questions))
	}
}

func TestTheFirstQuestion(t *testing.T) {
	out, log, err := ask(t, "", "parse", "command", "line", "flags")
	expect.NoError(t, err)
	first, _, _ := strings.Cut(out, "\n")
	if f := strings.Fields(first); f[0] != "1" || f[2] != "flag" || !strings.Contains(first, "command-line flag parsing") {
		t.Errorf("the first answer is %q", first)
	}
	if strings.Count(out, "\n") != 5 || !strings.Contains(log, "documents in static/base-") || !strings.Contains(log, "index ") {
		t.Errorf("printed %q and %q", out, log)
	}
}

// An answer is one line, whatever its file is called.
func TestAnswersAreLines(t *testing.T) {
	dir := t.TempDir()
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "a\n 1  0.99  b.md"), []byte("bread"), 0o600))
	out, _, err := ask(t, "", "-dir", dir, "bread")
	expect.NoError(t, err)
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, `a\u000a 1`) {
		t.Errorf("got %q, want one line", out)
	}
}

// However many answers are asked for, each package is one of them.
func TestAllAnswers(t *testing.T) {
	for _, k := range []int{5000, math.MaxInt} {
		out, _, err := ask(t, "", "-k", fmt.Sprint(k), "base64")
		expect.NoError(t, err)
		if n := strings.Count(out, "\n"); n < 100 || n > 400 {
			t.Errorf("-k %d: got %d answers, want one for each package", k, n)
		}
	}
}

// A package is found by a word of its name, and is one answer however many parts of it fit.
func TestOnePackageIsOneAnswer(t *testing.T) {
	for question, want := range map[string]string{"base64": "encoding/base64", "gzip": "compress/gzip"} {
		out, _, err := ask(t, "", "-k", "8", question)
		expect.NoError(t, err)
		seen := map[string]bool{}
		for line := range strings.Lines(out) {
			seen[strings.Fields(line)[2]] = true
		}
		if first := strings.Fields(out); len(seen) != 8 || first[2] != want {
			t.Errorf("%s: got %d packages, want 8 and %s first\n%s", question, len(seen), want, out)
		}
	}
}

// Files that are no text are named, the rest is indexed; front matter is stored and not embedded.
func TestFolderLeavesOut(t *testing.T) {
	dir := notes(t, map[string]string{
		"utf16.md":  "\xff\xfeb\x00r\x00e\x00a\x00d\x00",
		"latin.txt": "caf\xe9",
		"code.md":   "---\nname: mine\n---\n```go\nfunc agate() {}\n```\n",
	})
	expect.NoError(t, os.Symlink("nowhere", filepath.Join(dir, ".#code.md")))
	out, log, err := ask(t, "", "-dir", dir, "agate")
	expect.NoError(t, err)
	if !strings.Contains(out, "code.md#1") || !strings.Contains(out, "utf16.md#1") || strings.Contains(out, "mine") || strings.Contains(out, "latin") {
		t.Errorf("printed %q, want code.md first and utf16.md", out)
	}
	if want := "left out: \"latin.txt\" is not UTF-8"; !strings.HasPrefix(log, want) || strings.Count(log, "left out") != 1 {
		t.Errorf("got %q, want %q alone left out", log, want)
	}
	docs, err := folder(dir, io.Discard)
	expect.NoError(t, err)
	expect.Equal(t, "metadata", docs[0].metadata()["meta.name"], any("mine"))
}

// service starts an emulator of DashScope and points the environment at it.
func service(t *testing.T, o dashscopetest.Options) *emulator.Server {
	t.Helper()
	s, err := dashscopetest.New(o)
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	t.Setenv("DASHSCOPE_API_KEY", emulator.DefaultKey)
	t.Setenv("DASHSCOPE_COMPATIBLE_BASE_URL", srv.URL+dashscopetest.BasePath)
	return s
}

// notes writes files into a new folder and returns it.
func notes(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		expect.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

// distinct counts the texts of documents: what several packages say in the same words is sent once.
func distinct(docs []document) int {
	texts := map[string]bool{}
	for _, d := range docs {
		texts[d.text] = true
	}
	return len(texts)
}

func TestDashScope(t *testing.T) {
	s := service(t, dashscopetest.Options{})
	store := filepath.Join(t.TempDir(), "index")
	args := []string{"-embedder", "dashscope:text-embedding-v4", "-store", store, "parse command line flags"}
	out, _, err := ask(t, "", args...)
	if err != nil || !strings.Contains(strings.SplitN(out, "\n", 2)[0], " flag ") {
		t.Fatalf("%s%v", out, err)
	}
	first := s.Ledger()
	docs, err := read("", io.Discard)
	expect.NoError(t, err)
	if want := (len(docs)+9)/10 + 1; first.Requests != want || first.Twice != 0 || first.Texts != distinct(docs)+1 {
		t.Errorf("%d requests for %d texts, %d twice; want %d requests for %d documents and a question", first.Requests, first.Texts, first.Twice, want, len(docs))
	}
	if out, _, err = ask(t, "", args...); err != nil || !strings.Contains(out, " flag ") {
		t.Fatalf("%s%v", out, err)
	}
	if second := s.Ledger(); second.Requests != first.Requests+1 || second.Texts != first.Texts+1 {
		t.Errorf("the second run sent %d requests, want the question alone", second.Requests-first.Requests)
	}
}

func TestFolderIsKeptUpToDate(t *testing.T) {
	s := service(t, dashscopetest.Options{})
	dir := notes(t, map[string]string{
		"bread.txt":      "Knead the dough and bake the bread for forty minutes.",
		"sub/bicycle.md": "# Bicycle\n\nPatch the inner tube and pump up the tire.\n",
		"old.txt":        "A note about volcanoes that will go away.",
		"ignored.pdf":    "not text",
		".hidden/no.txt": "not seen",
	})
	store := filepath.Join(t.TempDir(), "index")
	search := func(question string) string {
		t.Helper()
		out, _, err := ask(t, "", "-dir", dir, "-store", store, "-embedder", "dashscope:text-embedding-v4", question)
		expect.NoError(t, err)
		return out
	}
	if out := search("repair a bike"); strings.Count(out, "\n") != 3 || !strings.Contains(strings.SplitN(out, "\n", 2)[0], "sub/bicycle.md#1") {
		t.Errorf("printed %q", out)
	}
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "bread.txt"), []byte("Simmer the soup with carrots and leek."), 0o600))
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "new.txt"), []byte("The orchestra rehearses a symphony."), 0o600))
	expect.NoError(t, os.Remove(filepath.Join(dir, "old.txt")))
	before := s.Ledger().Texts
	out := search("classical music")
	if sent := s.Ledger().Texts - before; sent != 3 {
		t.Errorf("%d texts were sent, want the changed one, the new one and the question", sent)
	}
	if strings.Contains(out, "bread for forty") || strings.Contains(out, "volcanoes") || !strings.Contains(strings.SplitN(out, "\n", 2)[0], "new.txt#1") {
		t.Errorf("printed %q", out)
	}
}

// A paragraph in front, another file's name: what did not change is not sent again, and answers
// name the new place. A link to the folder is the folder.
func TestWhatMovesIsNotSentAgain(t *testing.T) {
	s := service(t, dashscopetest.Options{})
	long := strings.Repeat("Knead the dough, let it rest, and bake the bread.\n\n", 40)
	dir := notes(t, map[string]string{"bread.txt": long + "The end of the bread.", "other.txt": "A note."})
	store := filepath.Join(t.TempDir(), "index")
	link := filepath.Join(t.TempDir(), "link")
	expect.NoError(t, os.Symlink(dir, link))
	search := func(dir string) (out string, sent int) {
		t.Helper()
		before := s.Ledger().Texts
		out, _, err := ask(t, "", "-dir", dir, "-store", store, "-embedder", "dashscope:text-embedding-v4", "the end of the bread")
		expect.NoError(t, err)
		return out, s.Ledger().Texts - before
	}
	search(dir)
	expect.NoError(t, os.Rename(filepath.Join(dir, "bread.txt"), filepath.Join(dir, "loaf.txt")))
	out, sent := search(link)
	if sent != 1 || !strings.Contains(out, "loaf.txt#") || strings.Contains(out, "bread.txt#") {
		t.Errorf("%d texts were sent after a rename, want the question alone\n%s", sent, out)
	}
	docs, err := folder(dir, io.Discard)
	expect.NoError(t, err)
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte(docs[len(docs)-1].text), 0o600)) // a copy
	if _, sent := search(dir); sent != 1 {
		t.Errorf("%d texts were sent after a copy, want the question alone", sent)
	}
	if l := s.Ledger(); l.Twice > 2 { // the question
		t.Errorf("%d texts were billed twice, want the questions alone", l.Twice)
	}
}

// TestOutage: the service dies in the middle of indexing and is started again. The program waits
// and finishes. If the outage lasts longer than the budget, the program stops and keeps its
// progress.
func TestOutage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	addr := listener.Addr().String()
	t.Setenv("DASHSCOPE_API_KEY", emulator.DefaultKey)
	t.Setenv("DASHSCOPE_COMPATIBLE_BASE_URL", "http://"+addr+dashscopetest.BasePath)
	s, err := dashscopetest.New(dashscopetest.Options{})
	expect.NoError(t, err)
	var srv *http.Server
	serve := func(l net.Listener) {
		srv = &http.Server{ReadHeaderTimeout: time.Minute, Handler: s}
		go func(srv *http.Server) { _ = srv.Serve(l) }(srv)
	}
	calls := 0
	died := make(chan struct{})
	dying := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 5 {
			close(died)
		}
		if calls >= 5 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		s.ServeHTTP(w, r)
	})
	first := &http.Server{ReadHeaderTimeout: time.Minute, Handler: serial(dying)}
	go func() { _ = first.Serve(listener) }()
	restarted := make(chan error, 1)
	go func() {
		<-died
		err := first.Close()
		if err == nil {
			var l net.Listener
			if l, err = net.Listen("tcp", addr); err == nil {
				serve(l)
			}
		}
		restarted <- err
	}()
	out, _, err := ask(t, "", "-embedder", "dashscope:text-embedding-v4", "parse command line flags")
	if err != nil || !strings.Contains(strings.SplitN(out, "\n", 2)[0], " flag ") {
		t.Fatalf("%s%v", out, err)
	}
	expect.NoError(t, <-restarted)
	defer func() { _ = srv.Close() }()
	if l := s.Ledger(); l.Twice != 0 {
		t.Errorf("%d texts were billed twice", l.Twice)
	}
}

// serial serves one request at a time.
func serial(h http.Handler) http.Handler {
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn <- struct{}{}
		defer func() { <-turn }()
		h.ServeHTTP(w, r)
	})
}

// TestWhatWasPaidIsKept: a run that fails in the middle is gone on with by the next one.
func TestWhatWasPaidIsKept(t *testing.T) {
	s := service(t, dashscopetest.Options{})
	store := filepath.Join(t.TempDir(), "index")
	args := []string{"-embedder", "dashscope:text-embedding-v4", "-store", store, "parse command line flags"}
	fault, err := dashscopetest.ParseFault("arrearage=at:7")
	expect.NoError(t, err)
	expect.NoError(t, s.SetFaults(fault))
	_, _, err = ask(t, "", args...)
	if err == nil || !strings.Contains(err.Error(), "what is stored is kept") {
		t.Fatalf("got %v", err)
	}
	paid := s.Ledger().Texts
	if paid == 0 {
		t.Fatal("nothing was paid for before the failure: the test shows nothing")
	}
	expect.NoError(t, s.SetFaults())
	if _, _, err := ask(t, "", args...); err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	docs, err := read("", io.Discard)
	expect.NoError(t, err)
	if l := s.Ledger(); l.Twice != 0 || l.Texts != distinct(docs)+1 {
		t.Errorf("%d texts were billed in two runs, %d of them twice; want %d", l.Texts, l.Twice, distinct(docs)+1)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	broken := notes(t, map[string]string{"space.json": "{"})
	other := filepath.Join(t.TempDir(), "index")
	if _, _, err := ask(t, "", "-store", other, "-dir", notes(t, map[string]string{"a.txt": "text"}), "question"); err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if _, _, err := ask(t, "", "-store", moved, "-dir", notes(t, map[string]string{"a.txt": "text"}), "question"); err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	service(t, dashscopetest.Options{})
	for name, c := range map[string]struct {
		args []string
		env  [2]string
		want string
	}{
		"no key":              {args: []string{"-embedder", "dashscope:text-embedding-v4", "q"}, env: [2]string{"DASHSCOPE_API_KEY", ""}, want: "DASHSCOPE_API_KEY"},
		"an unknown model":    {args: []string{"-embedder", "static:huge", "q"}, want: "base"},
		"no such provider":    {args: []string{"-embedder", "nobody:x", "q"}, want: "dashscope"},
		"dimensions":          {args: []string{"-embedder", "static:base?dimensions=100", "q"}, want: "128"},
		"no reference":        {args: []string{"-embedder", "static", "q"}, want: "provider:model"},
		"a folder of nothing": {args: []string{"-dir", empty, "q"}, want: "no text in " + empty},
		"no folder":           {args: []string{"-dir", filepath.Join(empty, "none"), "q"}, want: "none"},
		"no toolchain":        {args: []string{"q"}, env: [2]string{"GOROOT", empty}, want: "install Go with its sources, or index a folder of yours with -dir"},
		"another model's":     {args: []string{"-store", other, "-embedder", "dashscope:text-embedding-v4", "q"}, want: "cannot be compared"},
		"a corrupt index":     {args: []string{"-store", broken, "q"}, want: "space.json is corrupt"},
		"another folder's":    {args: []string{"-store", moved, "q"}, want: "holds an index of "},
		"no answers":          {args: []string{"-k", "0", "q"}, want: "at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			out, _, err := ask(t, "", c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestSplitKeepsEverything(t *testing.T) {
	dir := notes(t, map[string]string{"long.md": "# Title\n\n" + strings.Repeat("A sentence that says something. ", 200), "blank.txt": " \n"})
	docs, err := folder(dir, io.Discard)
	if err != nil || len(docs) < 5 {
		t.Fatalf("%d parts, %v", len(docs), err)
	}
	words := 0
	for _, d := range docs {
		words += strings.Count(d.text, "sentence")
	}
	if words < 200 {
		t.Errorf("%d of 200 sentences are left", words)
	}
	if _, err := folder(filepath.Join(dir, "long.md", "x"), io.Discard); err == nil {
		t.Error("a file was taken for a folder")
	} else if _, ok := err.(*fs.PathError); !ok {
		t.Errorf("got %v", err)
	}
}
