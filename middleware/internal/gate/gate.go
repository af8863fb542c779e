// Package gate spares a helper that is down: a cache's second tier, a shared quota. Whoever uses one asks the gate first, so
// that a dead helper costs a few timeouts and not one a call.
//
// It is not middleware.Breaker: that one stands before a provider, whose errors say when to come again and which fault is the
// request's own. A helper has only working and failing, and whoever finds the gate closed goes on without it.
package gate

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

const (
	// Failures in a row that close a Gate.
	Failures = 3
	// Telling is the least time to answer that says something of a helper that has not: callers whose context is about to end leave it less.
	Telling = 50 * time.Millisecond
	// Pause is how long it stays closed before one caller may try.
	Pause = 5 * time.Second
)

// Gate is open at first. The zero value is ready, and it is safe for concurrent use.
type Gate struct {
	mu       sync.Mutex
	failures int
	until    time.Time // closed until then, and while a trial is under way
	trial    bool
}

// Enter reports whether the helper may be asked. Who was let in calls Leave or Abandon.
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

// Leave tells how it went.
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

// Hasty reports whether err is only that of a helper which had too little time: it calls for Abandon.
func Hasty(err error, had time.Duration) bool {
	return had < Telling && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded))
}

// Abandon takes back an Enter of which nothing was learned.
func (g *Gate) Abandon() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trial = false
}
