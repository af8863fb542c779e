package embedding

import (
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	req := Request{Texts: []string{"a", "b", "c", "d"}, Task: TaskQuery}
	run := req.Pick([]int{1, 2})
	if &run.Texts[0] != &req.Texts[1] || cap(run.Texts) != 2 || run.Task != TaskQuery {
		t.Error("a run was copied or reaches further")
	}
	if got := req.Pick([]int{3, 0}).Texts; !slices.Equal(got, []string{"d", "a"}) {
		t.Errorf("texts 3 and 0: got %q", got)
	}
	if len(req.Pick(nil).Texts) != 0 {
		t.Error("no indexes picked texts")
	}
	if allocs := testing.AllocsPerRun(100, func() { req.Pick([]int{0, 1, 2}) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
