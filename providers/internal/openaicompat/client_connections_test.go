package openaicompat

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// counting serves h and counts the connections.
func counting(t *testing.T, h http.HandlerFunc) (url string, dials *atomic.Int32) {
	t.Helper()
	dials = new(atomic.Int32)
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dials.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL, dials
}

// TestConnectionsAreKept: one call after another takes one connection, whatever came of the call
// before. The end of the answer comes in a segment of its own, so that a reader that stops at the
// last bracket has not seen it.
func TestConnectionsAreKept(t *testing.T) {
	const row = `{"data":[{"index":0,"embedding":[1,2,3,4]}]}`
	bodies := []string{row, row + "\n", `{"error":"sorry"}`, `{"data":[]}`, `{"data":[{"index":9,"embedding":[1]}]}`, `null`}
	for _, status := range []int{200, 429, 503} {
		for _, body := range bodies {
			url, dials := counting(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				io.WriteString(w, body)
				w.(http.Flusher).Flush()
			})
			c := dial(t, url)
			for range 5 {
				_, err := c.Embed(t.Context(), texts("one"))
				if ok := status == 200 && strings.HasPrefix(body, row); (err == nil) != ok {
					t.Fatalf("got %v, want no error: %v", err, ok)
				}
			}
			expect.Equal(t, fmt.Sprintf("%d %q: connections", status, body), dials.Load(), 1)
		}
	}
}

// TestConcurrentCalls: no call gets another one's vectors, and connections are used again. Their
// number may be somewhat above that of the calls at a time, because a call that waits for a new
// connection takes an old one that comes free.
func TestConcurrentCalls(t *testing.T) {
	const parallel, rounds = 16, 20
	url, dials := counting(t, answer)
	c := dial(t, url)
	var wg sync.WaitGroup
	for g := range parallel {
		wg.Go(func() {
			for i := range rounds {
				text := strings.Repeat("x", g*rounds+i+1)
				res, err := c.Embed(t.Context(), texts(text, text+"y"))
				if err != nil {
					t.Errorf("got the error %v, want none", err)
					return
				}
				if int(res.Vectors[0][0]) != len(text) || int(res.Vectors[1][0]) != len(text)+1 {
					t.Errorf("another call's vectors: %v for %d", res.Vectors, len(text))
				}
			}
		})
	}
	wg.Wait()
	if n := dials.Load(); n > parallel*rounds/4 {
		t.Errorf("%d connections for %d calls, %d at a time", n, parallel*rounds, parallel)
	}
}
