package benchmarks

import (
	"fmt"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// If the task changes nothing, a query with a document's words is the same text: it is requested
// and counted once.
func TestSymmetric(t *testing.T) {
	set := tiny()
	set.Retrieval.Queries[0].Body = set.Retrieval.Documents[1].Body
	for symmetric, want := range map[bool]int{true: 59, false: 60} {
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Symmetric: symmetric}})
		o := quick(t.TempDir())
		o.Start = func(e Estimate) error {
			expect.Equal(t, fmt.Sprintf("symmetric %v: texts to send", symmetric), e.Candidates[0].Texts, want)
			return nil
		}
		compare(t, o, []Task{set}, f)
		if got := f.Billed(set.Retrieval.Queries[0].Body); got != 1+want-59 {
			t.Errorf("symmetric %v: the text was billed %d times", symmetric, got)
		}
	}
}
