package embedtest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// watch runs a check that may fail and returns its messages; "" is a pass.
func watch(t *testing.T, check func(tb)) string {
	t.Helper()
	r := &watcher{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		check(r)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.messages, "\n")
}

type watcher struct {
	ctx      context.Context
	mu       sync.Mutex
	messages []string
}

func (r *watcher) Helper()                  {}
func (r *watcher) Context() context.Context { return r.ctx }
func (r *watcher) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}
func (r *watcher) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
