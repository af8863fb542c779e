// Package gate stops calling a helper that is down: a cache's second tier, a shared quota. A dead
// helper then costs a few timeouts, not one per call.
//
// A Gate is simpler than middleware.Breaker. The errors of a provider say when to come back and
// which failure is the request's own fault; a helper just works or fails, and a caller who finds
// the gate closed goes on without it.
package gate

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

const (
	// Failures is how many failures in a row close a Gate.
	Failures = 3
	// MinTimeout is the shortest timeout that counts: a helper that does not answer within less has
	// not failed. Callers leave less when their context is about to end.
	MinTimeout = 50 * time.Millisecond
	// Pause is how long a Gate stays closed before one caller may try the helper.
	Pause = 5 * time.Second
)

// Gate says whether to call a helper. The zero value is open. It is safe for concurrent use.
type Gate struct {
	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // closed until then
	trial    bool      // one caller is trying the helper
}

// Enter reports whether the caller may call the helper. If so, the caller calls Leave or Abandon
// after.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures < Failures {
		return true
	}
	if g.trial || time.Now().Before(g.until) {
		return false
	}
	g.trial = true
	return true
}

// Leave records the result of a call; nil is a success.
func (g *Gate) Leave(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trial = false
	if err == nil {
		g.failures = 0
		return
	}
	g.failures++
	g.until = time.Now().Add(Pause)
}

// TooShort reports whether err is a timeout and the timeout was shorter than MinTimeout. The
// caller then calls Abandon instead of Leave.
func TooShort(err error, timeout time.Duration) bool {
	return timeout < MinTimeout && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded))
}

// Abandon takes back an Enter. The call does not count as a success or a failure.
func (g *Gate) Abandon() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trial = false
}
