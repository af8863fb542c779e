package main

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

func TestLeakedGoroutinesAreSeen(t *testing.T) {
	before := runtime.NumGoroutine()
	expect.Equal(t, "left, and nothing was begun", leaked(before, 0), "")
	stay := make(chan struct{})
	var gone sync.WaitGroup
	for range 100 { // more than earlier tests can have left behind, which may end meanwhile
		gone.Go(func() { <-stay })
	}
	if got := leaked(before, time.Millisecond); !strings.Contains(got, "TestLeakedGoroutinesAreSeen") {
		t.Errorf("goroutines that wait are not in: %.200s", got)
	}
	close(stay)
	gone.Wait()
	expect.Equal(t, "left of those that have ended", leaked(before, time.Minute), "")
}
