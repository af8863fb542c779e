package main

import (
	"runtime"
	"runtime/debug"
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

func TestPeakMemoryIsSeen(t *testing.T) {
	stop := watchMemory()
	base := memory()
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = 1
	}
	peak := stop()
	runtime.KeepAlive(block)
	if peak < base+60<<20 {
		t.Errorf("64 MiB more than %d are %d", base, peak)
	}
}

func TestMemoryLimit(t *testing.T) {
	was := debug.SetMemoryLimit(1 << 40)
	defer debug.SetMemoryLimit(was)
	before := limitMemory("as the environment says")
	if before != 1<<40 {
		t.Errorf("the limit is %d although the environment sets another", before)
	}
	if got := limitMemory(""); got != memoryLimit {
		t.Errorf("the limit is %d", got)
	}
}
