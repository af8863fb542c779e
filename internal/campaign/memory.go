package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryLimit is the client's GOMEMLIMIT where the environment sets none.
const memoryLimit = 256 << 20

// limitMemory sets the client's limit and returns it.
func limitMemory(given string) int64 {
	if given == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	return debug.SetMemoryLimit(-1)
}

// memory is what GOMEMLIMIT limits: what the Go runtime holds of the system's memory.
func memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// watchMemory samples the memory until stop is called, which returns the most that was seen.
func watchMemory() (stop func() uint64) {
	debug.FreeOSMemory() // what the trial before needed is not this one's
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
