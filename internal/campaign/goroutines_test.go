package main

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLeakedGoroutinesAreSeen(t *testing.T) {
	before := runtime.NumGoroutine()
	if got := leaked(before, 0); got != "" {
		t.Errorf("nothing was begun, and left is: %s", got)
	}
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
	if got := leaked(before, time.Minute); got != "" {
		t.Errorf("they have ended, and left is: %s", got)
	}
}
