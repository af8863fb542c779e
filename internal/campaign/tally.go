package main

import (
	"slices"

	"github.com/vecspace/embedding"
)

// expectation says what a fault may do to the texts of a job. The zero value means nothing at all.
type expectation struct {
	// may holds the kinds by which any text may fail, because the fault is not worth a retry.
	may []embedding.Kind
	// marked is the kind by which the marked texts, and only those, must fail. Unknown means that they
	// are like the others.
	marked embedding.Kind
	// alone is the kind by which a marked text may fail too, where its request has no other text that
	// could show whose fault it is.
	alone embedding.Kind
	// mild says that marked texts may have vectors, because the fault ends.
	mild bool
	// never says that the marked texts fail even without the fault.
	never bool
}

// tally counts the results of a job.
type tally struct {
	failed  map[embedding.Kind]int // occurrences that failed as expected
	lost    int                    // occurrences with neither a vector nor an expected error
	why     error                  // of one that is lost; nil if it has no error
	wrong   int                    // occurrences with a wrong or an impossible vector
	missing int                    // different texts without a vector in any occurrence
}

// compare compares results with the vectors that the texts should have.
func compare(j *job, want []uint64, got []result, expect expectation) tally {
	t := tally{failed: map[embedding.Kind]int{}}
	have := make([]bool, len(j.texts))
	for at, r := range got {
		i := j.order[at]
		refused := expect.marked != embedding.Unknown && j.marked[i]
		switch {
		case r.hash != 0 && (r.hash != want[i] || refused && !expect.mild || r.failed):
			t.wrong++
			have[i] = true
		case r.hash != 0:
			have[i] = true
		case !r.failed:
			t.lost++
		case refused && (r.kind == expect.marked || expect.alone != embedding.Unknown && r.kind == expect.alone) || slices.Contains(expect.may, r.kind):
			t.failed[r.kind]++
		default:
			t.lost++
			t.why = r.err
		}
	}
	for _, ok := range have {
		if !ok {
			t.missing++
		}
	}
	return t
}

// unmarked returns the number of texts that are not marked.
func (j *job) unmarked() int {
	n := 0
	for _, marked := range j.marked {
		if !marked {
			n++
		}
	}
	return n
}
