package embedtest

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
)

// TestKey is the API key that a provider under TestHTTP has to use: the suite looks for it in
// every error.
const TestKey = "sk-embedtest-4c7be1d05a9f4e12"

// TestHTTP holds a provider that speaks OpenAI's embeddings format over HTTP against the faults
// of servers and networks: answers that are out of order, incomplete, broken, endless or late,
// refusals, redirects, and connections that break. Each must end in the right vectors or in an
// error of the right Kind, within the caller's time, after one request, with nothing of the key
// or of the texts in the error, and with no goroutine and no connection left behind.
//
// open returns the provider, new for each fault, for a server at baseURL, which ends in /v1. It
// must use TestKey as its key and client as it is or in a copy with the same Transport: each
// fault is run in memory and in virtual time first, where no other client reaches the server, and
// once more over loopback. What open starts it ends by t.Cleanup. The suite puts the guard around
// the provider, as an application's Chain does, so what the guard checks a provider need not.
//
// Answers have Model().Dimensions, or 8 if those are unknown. Their size must be bounded by texts
// x dimensions x 32 bytes + 1 MiB, and where the dimensions are unknown by 64 MiB for the few
// texts that the suite sends.
func TestHTTP(t *testing.T, open func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder) {
	t.Helper()
	TestHTTPWire(t, OpenAIWire(), open)
}

// TestHTTPWire is TestHTTP for a provider that speaks another format.
func TestHTTPWire(t *testing.T, wire Wire, open func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder) {
	t.Helper()
	for _, f := range httpFaults() {
		if f.indexed && wire.Positional {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Run("memory", func(t *testing.T) { f.inMemory(t, t, wire, open) })
			t.Run("loopback", func(t *testing.T) {
				n, err := newLoopbackNet()
				if err != nil {
					t.Fatalf("the loopback network cannot be used: %v", err)
				}
				f.run(t, t, n, wire, open)
			})
		})
	}
}

type httpOpen = func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder

// httpReporter is what a fault's run says its findings to: a *testing.T, but for the test of the
// suite itself.
type httpReporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// inMemory runs the fault in a bubble of its own, where time passes only while everything waits.
func (f httpFault) inMemory(t *testing.T, rep httpReporter, wire Wire, open httpOpen) {
	defer func() {
		if stuck := recover(); stuck != nil {
			rep.Errorf("goroutines are left behind: what a call starts has to end with it (%v)\n%s", stuck, bubbleStacks())
		}
	}()
	synctest.Test(t, func(bubble *testing.T) {
		inner := rep
		if rep == httpReporter(t) {
			inner = bubble
		}
		f.run(bubble, inner, newPipeNet(), wire, open)
	})
}

// Times of a fault: how long the caller or its client waits, and when the suite ends a call that
// nothing else ends.
const (
	httpPatience     = 5 * time.Second
	httpLastly       = 10 * time.Minute
	loopbackPatience = 100 * time.Millisecond
	loopbackLastly   = time.Minute
)

// run opens a provider and makes one call. In a bubble it measures time and what is left behind
// too.
func (f httpFault) run(t *testing.T, rep httpReporter, n *httpNet, wire Wire, open httpOpen) {
	rep.Helper()
	patience, lastly := httpPatience, httpLastly
	if !n.virtual {
		patience, lastly = loopbackPatience, loopbackLastly
	}
	// Not the test's context: that one's end would sweep away what a provider leaves behind.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	x := &httpExchange{fault: f, wire: wire, host: n.host, virtual: n.virtual, giveUp: make(chan struct{})}
	x.hanging = func() {
		if !f.cancelled {
			return
		}
		if n.virtual {
			time.AfterFunc(httpPatience, cancel)
		} else {
			cancel()
		}
	}
	n.serve(http.HandlerFunc(x.serve), http.HandlerFunc(x.elsewhere))
	defer n.close()
	client := n.client()
	defer client.CloseIdleConnections()
	if f.timeout {
		client.Timeout = patience
	}
	e := open(t, n.base(), client)
	if e == nil {
		rep.Errorf("open returned no Embedder")
		return
	}
	e = embedding.Chain(e)
	x.prepare(e.Model())
	if len(x.texts) < f.texts {
		return // a model that takes fewer texts a request cannot meet this fault
	}

	callCtx := ctx
	if f.deadline {
		var stop context.CancelFunc
		callCtx, stop = context.WithTimeout(ctx, patience)
		defer stop()
	}
	last := time.AfterFunc(lastly, func() {
		close(x.giveUp)
		cancel()
	})
	start := time.Now()
	res, err := embedHTTP(callCtx, e, x.sent())
	took := time.Since(start)
	gaveUp := !last.Stop()

	x.check(rep, res, err)
	switch {
	case gaveUp:
		rep.Errorf("the call did not end: it heeds neither the caller's context nor the client's timeout")
	case n.virtual && took != f.want.after:
		rep.Errorf("the call took %v, want %v: a provider waits for the server, the caller's context and the client's timeout, "+
			"and for nothing else", took, f.want.after)
	}
	if n.virtual {
		client.CloseIdleConnections()
		synctest.Wait()
		if left := n.open.Load(); left > 0 {
			rep.Errorf("%d connections are left open: close every answer's body, and use the client that was given, or its Transport", left)
		}
	}
}

// embedHTTP calls e and makes a panic an error, so that the other faults are tried too.
func embedHTTP(ctx context.Context, e embedding.Embedder, texts []string) (res embedding.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = embedding.Response{}, fmt.Errorf("the provider panics: %v\n%s", p, debug.Stack())
		}
	}()
	return e.Embed(ctx, embedding.Request{Texts: texts})
}

// bubbleStacks returns the goroutines that hang in bubbles, capped.
func bubbleStacks() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var b strings.Builder
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if head, _, _ := strings.Cut(stack, "\n"); strings.Contains(head, "synctest bubble") && b.Len() < 8<<10 {
			fmt.Fprintf(&b, "%s\n\n", stack)
		}
	}
	return b.String()
}
