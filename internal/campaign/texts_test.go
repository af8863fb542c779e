package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
)

func TestJobIsEachTextTwice(t *testing.T) {
	j := newJob(1000, 5)
	if k := newJob(1000, 5); !slices.Equal(j.texts, k.texts) || !slices.Equal(j.order, k.order) || slices.Equal(j.texts, newJob(1000, 6).texts) {
		t.Error("a job is not its seed's")
	}
	times := map[string]int{}
	at := 0
	for _, c := range j.calls {
		if c.from != at || c.to <= c.from {
			t.Fatalf("call %+v after %d", c, at)
		}
		for _, i := range j.order[c.from:c.to] {
			times[j.texts[i]]++
		}
		at = c.to
	}
	if at != 1000 || len(times) != 500 {
		t.Errorf("%d occurrences of %d texts", at, len(times))
	}
	for text, n := range times {
		expect.Equal(t, text+", times it occurs", n, 2)
	}
	long := j.withLong()
	for i, text := range long.texts {
		if j.marked[i] != (embedding.EstimateTokens(text) > 8192) || j.marked[i] != strings.Contains(j.texts[i], emulator.BadText) {
			t.Errorf("text %d is marked: %v", i, j.marked[i])
		}
	}
	expect.Equal(t, "texts without a mark", j.unmarked(), 495)
}
