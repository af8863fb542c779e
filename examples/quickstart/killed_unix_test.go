//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/documents"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
)

// mostLost is what a kill may cost: eight requests of ten texts under way, or answered and not yet
// written.
const mostLost = 80

// manual writes a folder of documentation in several formats.
func manual(t *testing.T) string {
	t.Helper()
	files := map[string]string{}
	for i := range 150 {
		var b strings.Builder
		name, heading, mark := fmt.Sprintf("chapter%d/page%d", i%7, i), "# %s\n\n", "```\n%s\n```\n\n"
		switch i % 3 {
		case 0:
			name += ".md"
			b.WriteString("---\ntitle: Page" + fmt.Sprint(i) + "\n---\n")
		case 1:
			name, heading, mark = name+".rst", "%s\n======\n\n", "::\n\n    %s\n\n"
		case 2:
			name, heading, mark = name+".txt", "%s\n\n", "%s\n\n"
		}
		for j := range 12 {
			fmt.Fprintf(&b, heading, fmt.Sprintf("Heading%dof%d", j, i))
			fmt.Fprintf(&b, mark, fmt.Sprintf("code%d_%d()", i, j))
			for k := range 40 {
				fmt.Fprintf(&b, "word%dx%dx%d ", i, j, k)
			}
			b.WriteString("\n\n")
		}
		files[name] = b.String()
	}
	return notes(t, files)
}

// held returns how often a store's folder holds each text, and what it holds of each file.
func held(t *testing.T, store string) (texts map[string]int, files map[string]string) {
	t.Helper()
	texts, files = map[string]int{}, map[string]string{}
	for doc, err := range chromem.Folder(store, "").Documents(t.Context(), "") {
		expect.NoError(t, err)
		texts[doc.PageContent]++
		name := fmt.Sprint(doc.Metadata["of"])
		name = name[:strings.LastIndex(name, "#")]
		files[name] += "\n" + doc.PageContent
		for key, value := range doc.Metadata {
			if key, ok := strings.CutPrefix(key, "meta."); ok {
				files[name] += fmt.Sprintf("\n%s\n%s", key, value)
			}
		}
	}
	return texts, files
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// TestKilledAndTwice kills the program ten times at random while it indexes documentation in
// several formats, then runs it twice at once: the store holds every word, and no text is billed
// twice except those that were under way at a kill. EMBEDDING_DOCS names a folder of real
// documentation to use instead of a made one.
func TestKilledAndTwice(t *testing.T) {
	dir := os.Getenv("EMBEDDING_DOCS")
	if dir == "" {
		dir = manual(t)
	}
	s := service(t, dashscopetest.Options{})
	docs, err := folder(dir, io.Discard)
	expect.NoError(t, err)
	all := distinct(docs)
	store := filepath.Join(t.TempDir(), "index")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))

	var requests atomic.Int64
	var kill atomic.Pointer[func(request int64)]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	address := listener.Addr().String()
	t.Setenv("DASHSCOPE_COMPATIBLE_BASE_URL", "http://"+address+dashscopetest.BasePath)
	// serve calls run while the service is up. All requests have ended when it returns.
	serve := func(run func()) {
		if listener == nil {
			listener, err = net.Listen("tcp", address)
			expect.NoError(t, err)
		}
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := requests.Add(1)
			s.ServeHTTP(w, r)
			(*kill.Load())(n)
		}))
		_ = srv.Listener.Close()
		srv.Listener, listener = listener, nil
		srv.Start()
		run()
		srv.Close()
	}
	start := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command(os.Args[0], "-dir", dir, "-store", store, "-embedder", "dashscope:text-embedding-v4")
		cmd.Env = append(os.Environ(), "QUICKSTART_TEST_CHILD=1")
		log := &bytes.Buffer{}
		cmd.Stderr = log
		expect.NoError(t, cmd.Start())
		return cmd, log
	}

	lost, had := 0, 0
	for round := range 10 {
		billed := s.Ledger().Texts
		serve(func() {
			requests.Store(0)
			after := 1 + random.Int64N(int64(all)/100)
			files := had + 1 + random.IntN(all/20)
			ready := make(chan struct{})
			var cmd *exec.Cmd
			now := func(n int64) {
				<-ready
				if round%2 == 0 && n == after {
					_ = cmd.Process.Kill()
				}
			}
			kill.Store(&now)
			var log *bytes.Buffer
			cmd, log = start()
			close(ready)
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			for round%2 == 1 && stored(store) < files && len(ended) == 0 {
				runtime.Gosched()
			}
			if round%2 == 1 {
				_ = cmd.Process.Kill()
			}
			<-ended
			if cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("seed %d, round %d: got exit code %d, want a killed program\n%s", seed, round, cmd.ProcessState.ExitCode(), log)
			}
		})
		texts, _ := held(t, store)
		gone := s.Ledger().Texts - billed - (len(texts) - had)
		if gone < 0 || gone > mostLost {
			t.Errorf("seed %d, round %d: the kill lost %d texts, want 0 to %d", seed, round, gone, mostLost)
		}
		lost, had = lost+gone, len(texts)
	}

	serve(func() {
		never := func(int64) {}
		kill.Store(&never)
		one, first := start()
		two, second := start()
		if err := one.Wait(); err != nil {
			t.Errorf("seed %d: one of two runs: %v\n%s", seed, err, first)
		}
		if err := two.Wait(); err != nil {
			t.Errorf("seed %d: the other of two runs: %v\n%s", seed, err, second)
		}
	})
	texts, files := held(t, store)
	l := s.Ledger()
	expect.Equal(t, "different texts in the store", len(texts), all)
	expect.Equal(t, "different texts billed", l.Distinct, all)
	expect.Equal(t, "texts billed again, beside those under way at a kill", l.Texts-all-lost, 0)
	for _, d := range docs {
		name := d.name[:strings.LastIndex(d.name, "#")]
		if _, ok := files[name]; !ok {
			t.Fatalf("seed %d: got no document of %s", seed, name)
		}
	}
	if os.Getenv("EMBEDDING_DOCS") == "" {
		expect.Equal(t, "files in the store", len(files), 150)
	}
	for name, text := range files {
		have := map[string]bool{}
		for _, word := range words(text) {
			have[word] = true
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		expect.NoError(t, err)
		whole, err := plain.Decode(data)
		expect.NoError(t, err)
		for _, word := range words(whole) {
			if utf8.RuneCountInString(word) <= documents.DefaultSize/4 && !have[word] {
				t.Errorf("seed %d: %s: got no stored part with %q", seed, name, word)
			}
		}
	}
	t.Logf("seed %d: %d files, %d different texts, %d billed, %d lost by 10 kills", seed, len(files), all, l.Texts, lost)
}

// stored counts the files of a store's folder.
func stored(store string) (n int) {
	_ = filepath.WalkDir(store, func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".gob" && !strings.HasPrefix(d.Name(), ".") {
			n++
		}
		return nil
	})
	return n
}
