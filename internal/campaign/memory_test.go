package main

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

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
	expect.Equal(t, "the limit that the environment sets", before, 1<<40)
	expect.Equal(t, "the limit", limitMemory(""), memoryLimit)
}
