package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryLimit is the client's GOMEMLIMIT if the environment sets none.
const memoryLimit = 256 << 20

// limitMemory sets the client's limit and returns it.
func limitMemory(given string) int64 {
	if given == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	return debug.SetMemoryLimit(-1)
}

// memory returns what GOMEMLIMIT limits: the memory that the Go runtime holds.
func memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// watchMemory samples the memory until stop is called. stop returns the maximum.
func watchMemory() (stop func() uint64) {
	debug.FreeOSMemory() // do not count what the previous trial needed
	end, peak := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		most := memory()
		for {
			select {
			case <-tick.C:
				most = max(most, memory())
			case <-end:
				peak <- max(most, memory())
				return
			}
		}
	}()
	return func() uint64 {
		close(end)
		return <-peak
	}
}
