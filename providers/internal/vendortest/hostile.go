package vendortest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// hostile holds a provider to what no answer may bring about: that the words of a text decide what
// kind a failure is, and that a body costs more than a multiple of its length.
func hostile(t *testing.T, open func(baseURL string) (embedding.Embedder, error)) {
	t.Helper()
	var status int
	var body string
	e, stop := answering(t, open, func() (int, string) { return status, body })
	defer stop()
	t.Run("echo", func(t *testing.T) {
		for _, r := range Read(t) {
			text := wire.ReadFailure(r.Status, nil, []byte(r.Body)).Message
			if len(text) < 40 || strings.ContainsAny(text, "\"\\\n") {
				continue
			}
			for s, want := range map[int]embedding.Kind{503: embedding.Unavailable, 429: embedding.RateLimited, 400: embedding.Invalid} {
				status, body = s, fmt.Sprintf(`{"error":{"message":"upstream failed for the input ['%s']"}}`, text)
				if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{text}}); !errors.Is(err, want) || strings.Contains(err.Error(), text) {
					t.Errorf("%s as a text, status %d: got %v, want %v and no text", r.Name, s, err, want)
				}
			}
		}
	})
	t.Run("time", func(t *testing.T) {
		for name, b := range nasty {
			for _, status = range []int{200, 400} {
				body = b
				costs(t, name, len(body), func() {
					if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello there"}}); embedding.KindOf(err) == embedding.Unknown {
						t.Errorf("%s, status %d: got %v, want an error of a kind", name, status, err)
					}
				})
			}
		}
	})
}

// nasty are bodies that are deep, wide, or long in one place.
var nasty = map[string]string{
	"lists in a message":   `{"error":{"message":` + strings.Repeat("[", 9_000) + `"` + strings.Repeat("x", 20_000) + `"` + strings.Repeat("]", 9_000) + `}}`,
	"objects in a message": `{"error":{"message":` + strings.Repeat(`{"message":`, 9_000) + `"x"` + strings.Repeat("}", 9_000) + `}}`,
	"lists":                strings.Repeat("[", 1<<18),
	"objects":              strings.Repeat(`{"error":`, 1<<15),
	"many errors":          `{"error":[` + strings.Repeat(`{"message":"x"},`, 1<<14) + `0]}`,
	"details":              `{"error":{"details":[` + strings.Repeat(`{"retryDelay":"1s","violations":[{}]},`, 1<<13) + `{}]}}`,
	"escapes":              `{"error":"` + strings.Repeat(`\\\\\u005c`, 1<<15) + `"}`,
	"a number":             `{"embeddings":[[` + strings.Repeat("1", 1<<18) + `]],"data":[{"embedding":[` + strings.Repeat("1", 1<<18) + `]}]}`,
	"empty vectors":        `{"embeddings":[` + strings.Repeat("[],", 1<<16) + `[]],"data":[` + strings.Repeat("{},", 1<<16) + `{}]}`,
	"names":                `{` + strings.Repeat(`"data":[],"embeddings":[],"output":{},`, 1<<12) + `"usage":{}}`,
}

// costs fails the test if f allocates more than a large multiple of n bytes. Memory stands for
// time, which no test can rely on: what is read again at each level is also kept again.
func costs(t *testing.T, what string, n int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(200*n+64<<20); got > most {
		t.Errorf("%s: %d bytes were allocated for an answer of %d, want at most %d", what, got, n, most)
	}
}

// answering opens a provider whose server answers as next says.
func answering(t testing.TB, open func(baseURL string) (embedding.Embedder, error), next func() (int, string)) (embedding.Embedder, func()) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, body := next()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	e, err := open(srv.URL)
	expect.NoError(t, err)
	return e, srv.Close
}

// FuzzAnswers has a provider read any body with any status: it must neither crash nor return an
// error without a kind, a long one, or one that shows the text, nor allocate beyond a multiple of
// the body's length.
func FuzzAnswers(f *testing.F, open func(baseURL string) (embedding.Embedder, error)) {
	var status int
	var body string
	e, stop := answering(f, open, func() (int, string) { return status, body })
	f.Cleanup(stop)
	all, err := readFile("testdata/errors.jsonl")
	expect.NoError(f, err)
	for _, r := range all {
		f.Add(uint16(r.Status), r.Body)
		f.Add(uint16(200), r.Body)
	}
	for _, body := range nasty {
		f.Add(uint16(200), body[:min(len(body), 2_000)])
	}
	f.Add(uint16(201), `{"data":[{"embedding":[0.5,-1]}],"embeddings":[[0.5,-1]],"usage":[]}`)
	f.Fuzz(func(t *testing.T, code uint16, answer string) {
		const text = "the text of a caller, which is nobody's business"
		status, body = 200+int(code)%400, answer
		costs(t, "the answer", len(body), func() {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{text}})
			if err != nil && (embedding.KindOf(err) == embedding.Unknown || len(err.Error()) > 4_000 || strings.Contains(err.Error(), text)) {
				t.Errorf("status %d: got %v, want an error of a kind, short and without the text", status, err)
			}
		})
	})
}
