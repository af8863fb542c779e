package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/vecspace/embedding/providers/emulator"
)

// job is what every trial embeds: different texts, each twice, cut into calls of many sizes.
type job struct {
	texts  []string
	marked []bool // by text: the fault bad-text strikes it
	order  []int  // the text of each occurrence
	calls  []call
}

// call is the range of the order that one call embeds.
type call struct{ from, to int }

var words = strings.Fields("river stone market engine winter letter garden signal harbor copper window forest bridge paper " +
	"valley lantern 数据 模型 河流 城市 天空 语言 reads builds follows carries the a under over between towards quietly slowly")

// newJob returns a job of about n occurrences, the same for the same seed. A text returns after a
// good part of the others, and calls are so small that all callers together have a small part of
// the job in flight: the second time most texts are in the cache, and some are still in flight.
// Every eighth call is large, as an indexing program's are.
func newJob(n int, seed uint64) *job {
	rng := rand.New(rand.NewPCG(seed, 0x6a6f62))
	different := max(n/2, 8)
	j := &job{texts: make([]string, different), marked: make([]bool, different), order: make([]int, 0, 2*different)}
	for i := range j.texts {
		var b strings.Builder
		fmt.Fprintf(&b, "%d:", i)
		for range 3 + rng.IntN(12) {
			b.WriteString(" " + words[rng.IntN(len(words))])
		}
		if i%101 == 7 {
			j.marked[i] = true
			// An echo of it must not be read as the server's own word on the account.
			b.WriteString(" " + emulator.BadText + ", insufficient balance of power, invalid api key")
		}
		j.texts[i] = b.String()
	}
	lag := max(different/4, min(different/2, 1000))
	for i := range different + lag {
		if i < different {
			j.order = append(j.order, i)
		}
		if i >= lag {
			j.order = append(j.order, i-lag)
		}
	}
	const large = 30
	small := min(max(n/256, 3), large)
	for from := 0; from < len(j.order); {
		most := small
		if len(j.calls)%8 == 0 {
			most = large
		}
		to := min(from+1+rng.IntN(most), len(j.order))
		j.calls = append(j.calls, call{from, to})
		from = to
	}
	return j
}

// withLong returns the job with marked texts that are too long for the model.
func (j *job) withLong() *job {
	long := *j
	long.texts = append([]string(nil), j.texts...)
	for i, marked := range j.marked {
		if marked {
			long.texts[i] = fmt.Sprintf("%d: %s", i, strings.Repeat("7 ", 8_500)) // a token each
		}
	}
	return &long
}
