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

// TestKey is the API key for a provider under [TestHTTP]. The suite looks for it in every error.
const TestKey = "sk-embedtest-4c7be1d05a9f4e12"

// TestHTTP tests a provider that speaks OpenAI's embeddings format over HTTP against the faults
// of servers and networks: answers that are out of order, incomplete, broken, endless or late,
// refusals, redirects, and broken connections. Each call must end with the right vectors or with
// an error of the right Kind, within the caller's time and after one request. The error must
// contain nothing of the key or of the texts, and no goroutine and no connection may be left
// behind.
//
// open returns a new provider for each fault, with the server's baseURL, which ends in /v1. The
// provider must use [TestKey] as its key, and client as it is or in a copy with the same
// Transport: each fault runs in memory and in virtual time first, where no other client reaches
// the server, and then over loopback. Use t.Cleanup to end what open starts. The suite adds the
// guard, as an application's Chain does, so the provider need not check what the guard checks.
//
// Vectors have Model().Dimensions, or 8 if those are unknown. The provider must bound the size of
// an answer by texts x dimensions x 32 bytes + 1 MiB. If the dimensions are unknown, the bound is
// 64 MiB for the few texts that the suite sends.
func TestHTTP(t *testing.T, open func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder) {
	t.Helper()
	TestHTTPWire(t, OpenAIWire(), open)
}

// TestHTTPWire is [TestHTTP] for a provider that speaks another format.
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

// httpReporter receives the findings of a fault's run. It is a *testing.T, except in the tests of
// the suite.
type httpReporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// inMemory runs the fault in its own bubble, where time passes only while all goroutines wait.
func (f httpFault) inMemory(t *testing.T, rep httpReporter, wire Wire, open httpOpen) {
	defer func() {
		if stuck := recover(); stuck != nil {
			rep.Errorf("a call left goroutines behind: they must end with it (%v)\n%s", stuck, bubbleStacks())
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
// would not end.
const (
	httpPatience     = 5 * time.Second
	httpLastly       = 10 * time.Minute
	loopbackPatience = 100 * time.Millisecond
	loopbackLastly   = time.Minute
)

// run opens a provider and makes one call. In a bubble it also measures time and what is left
// behind.
func (f httpFault) run(t *testing.T, rep httpReporter, n *httpNet, wire Wire, open httpOpen) {
	rep.Helper()
	patience, lastly := httpPatience, httpLastly
	if !n.virtual {
		patience, lastly = loopbackPatience, loopbackLastly
	}
	// Not the test's context: its end would clean up what the provider leaves behind.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	x := &httpExchange{fault: f, wire: wire, host: n.host, virtual: n.virtual, giveUp: make(chan struct{})}
	x.hanging = func() {
		if !f.canceled {
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
		return // the model takes too few texts per request for this fault
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
		rep.Errorf("the call did not end: it respects neither the caller's context nor the client's timeout")
	case n.virtual && took != f.want.after:
		rep.Errorf("the call took %v, want %v: a provider waits for the server, the caller's context and the client's timeout, "+
			"and for nothing else", took, f.want.after)
	}
	if n.virtual {
		client.CloseIdleConnections()
		synctest.Wait()
		if left := n.open.Load(); left > 0 {
			rep.Errorf("%d connections are left open: close every answer's body, and use the given client, or its Transport", left)
		}
	}
}

// embedHTTP calls e and turns a panic into an error, so that the other faults run too.
func embedHTTP(ctx context.Context, e embedding.Embedder, texts []string) (res embedding.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = embedding.Response{}, fmt.Errorf("the provider panics: %v\n%s", p, debug.Stack())
		}
	}()
	return e.Embed(ctx, embedding.Request{Texts: texts})
}

// bubbleStacks returns the stacks of goroutines that hang in bubbles, up to a limit.
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
