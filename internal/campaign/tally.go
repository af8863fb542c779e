package main

import (
	"slices"

	"github.com/vecspace/embedding"
)

// expectation is what a fault may do to the texts of a job. The zero value is: nothing at all.
type expectation struct {
	// may are the kinds by which any text may fail, because the fault is not one that is worth a retry.
	may []embedding.Kind
	// marked is the kind by which the marked texts must fail, and no others by it alone; Unknown: they are like the others.
	marked embedding.Kind
	// never says that the marked texts fail without the fault as well.
	never bool
}

// tally is what a job's results are worth.
type tally struct {
	failed  map[embedding.Kind]int // occurrences that failed as they may
	lost    int                    // occurrences with neither a vector nor an error that they may have
	wrong   int                    // occurrences with a vector that is not the text's, or that they cannot have
	missing int                    // different texts of which no occurrence has a vector
}

// compare holds results against the vectors that each text should have.
func compare(j *job, want []uint64, got []result, expect expectation) tally {
	t := tally{failed: map[embedding.Kind]int{}}
	have := make([]bool, len(j.texts))
	for at, r := range got {
		i := j.order[at]
		refused := expect.marked != embedding.Unknown && j.marked[i]
		switch {
		case r.hash != 0 && (r.hash != want[i] || refused || r.failed):
			t.wrong++
			have[i] = true
		case r.hash != 0:
			have[i] = true
		case !r.failed:
			t.lost++
		case refused && r.kind == expect.marked || slices.Contains(expect.may, r.kind):
			t.failed[r.kind]++
		default:
			t.lost++
		}
	}
	for _, ok := range have {
		if !ok {
			t.missing++
		}
	}
	return t
}

// unmarked returns how many texts are not marked.
func (j *job) unmarked() int {
	n := 0
	for _, marked := range j.marked {
		if !marked {
			n++
		}
	}
	return n
}
