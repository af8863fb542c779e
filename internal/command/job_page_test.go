package command

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/browser"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
)

// paged is the page of a job with a shard that failed for a reason that looks like markup.
func paged(t *testing.T) *watched {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	in := put(t, "a.txt", "parse flags\nfind files\nread a file")
	code, out, errs := vecspace(t, "", "job", "run", "-in", in, "-out", dir, "-shard", "2")
	ended(t, code, 0, out+errs)
	expect.NoError(t, os.MkdirAll(filepath.Join(dir, "failed"), 0o777))
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "failed", "part-000007.json"), []byte(`{"shard":7,"first":14,"texts":2,"reason":"<b>no</b>"}`), 0o600))
	j, err := jobs.Open(dir)
	expect.NoError(t, err)
	t.Cleanup(func() { expect.NoError(t, j.Close()) })
	return &watched{job: j, dir: dir}
}

// The page shows sums, batches and failures, follows the folder by itself, and a reason is text and
// not markup. It fits a phone, and nothing goes to the console.
func TestJobBrowser(t *testing.T) {
	w := paged(t)
	expect.NoError(t, os.MkdirAll(filepath.Join(w.dir, "batch"), 0o777))
	expect.NoError(t, os.WriteFile(filepath.Join(w.dir, "batch", "a-b.json"), []byte(`{"mark":"a-b","state":"waiting","said":"in_progress","texts":1234,"shards":[0]}`), 0o600))
	looks := 0
	pages := w.handler()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status.json" {
			w.mu.Lock()
			if looks++; looks > 1 {
				w.at = time.Time{}
				expect.NoError(t, os.RemoveAll(filepath.Join(w.dir, "data", "part-000001")))
			}
			w.mu.Unlock()
		}
		pages.ServeHTTP(rw, r)
	}))
	defer srv.Close()
	dom, log := browser.Open(t, srv.URL, "--dump-dom", "--window-size=500,900")
	if strings.Contains(log, "CONSOLE") {
		t.Errorf("got the console below, want silence\n%s", log)
	}
	for _, want := range []string{
		"2 of 3, 66.7 %", "<th>shards</th>", "1,234 texts, in_progress, since ", "<th>shard 7</th>", "texts 14 to 15: &lt;b&gt;no&lt;/b&gt;",
		w.dir, `data-wide="false"`, "<title>66 % of job " + w.job.Manifest.ID,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("got the page below, want %q in it\n%s", want, dom)
		}
	}
}

func TestJobPage(t *testing.T) {
	w := paged(t)
	ask := func(host, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+path, nil)
		rec := httptest.NewRecorder()
		w.handler().ServeHTTP(rec, r)
		return rec
	}
	for _, host := range []string{"127.0.0.1:80", "localhost", "[::1]:8081"} {
		rec := ask(host, "/status.json")
		expect.Equal(t, host, rec.Code, http.StatusOK)
		var s struct {
			Folder string
			jobs.Status
		}
		expect.NoError(t, json.Unmarshal(rec.Body.Bytes(), &s))
		expect.Equal(t, "folder", s.Folder, w.dir)
		expect.Equal(t, "vectors", s.Vectors, 3)
		expect.Equal(t, "reason", s.Failures[0].Reason, "<b>no</b>")
	}
	page := ask("localhost", "/")
	expect.Equal(t, "type", page.Header().Get("Content-Type"), "text/html; charset=utf-8")
	expect.Equal(t, "page", page.Body.String(), string(jobPage))
	for _, foreign := range []string{"evil.example", "evil.example:8081", "10.0.0.1", "localhost.evil.example", ""} {
		expect.Equal(t, "host "+foreign, ask(foreign, "/status.json").Code, http.StatusForbidden)
	}
	expect.Equal(t, "another path", ask("localhost", "/x").Code, http.StatusNotFound)
	expect.Equal(t, "another method", func() int {
		rec := httptest.NewRecorder()
		w.handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", nil))
		return rec.Code
	}(), http.StatusMethodNotAllowed)
}

// Readers within a second share what was read, and a folder that is gone is an error and no page
// of the past.
func TestJobPageIsFresh(t *testing.T) {
	w := paged(t)
	now := time.Now()
	first, err := w.status(now)
	expect.NoError(t, err)
	expect.NoError(t, os.RemoveAll(filepath.Join(w.dir, "data", "part-000001")))
	again, err := w.status(now.Add(pageFresh / 2))
	expect.NoError(t, err)
	expect.Equal(t, "what a second reader gets", string(again), string(first))
	later, err := w.status(now.Add(pageFresh))
	expect.NoError(t, err)
	expect.Equal(t, "what is read later has 2 texts", strings.Contains(string(later), `"done":2`), true)
}

func TestJobPageAddress(t *testing.T) {
	w := paged(t)
	for _, address := range []string{"0.0.0.0:0", ":0", "127.0.0.1", "127.0.0.1:http-no"} {
		code, out, errs := vecspace(t, "", "job", "status", "-page", address, w.dir)
		ended(t, code, 2, out+errs, "-page")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs strings.Builder
	expect.NoError(t, servePage(ctx, w.job, w.dir, "127.0.0.1:0", streams{err: &errs}))
	if !strings.HasPrefix(errs.String(), "http://127.0.0.1:") {
		t.Errorf("got %q, want the page's address", errs.String())
	}
}
