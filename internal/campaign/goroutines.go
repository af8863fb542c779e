package main

import (
	"fmt"
	"runtime"
	"time"
)

// leaked waits until at most before goroutines are left and returns "", or returns the stacks of
// those left after patience.
func leaked(before int, patience time.Duration) string {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		now := runtime.NumGoroutine()
		if now <= before {
			return ""
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			return fmt.Sprintf("%d goroutines are left where there were %d:\n%s", now, before, stacks)
		}
	}
}
