package embedding

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestPick(t *testing.T) {
	req := Request{Texts: []string{"a", "b", "c", "d"}, Task: TaskQuery}
	run := req.Pick([]int{1, 2})
	if &run.Texts[0] != &req.Texts[1] || cap(run.Texts) != 2 || run.Task != TaskQuery {
		t.Error("a run was copied or reaches further")
	}
	expect.Equal(t, "texts 3 and 0", req.Pick([]int{3, 0}).Texts, []string{"d", "a"})
	expect.Equal(t, "texts of no indexes", len(req.Pick(nil).Texts), 0)
	expect.Equal(t, "allocations", testing.AllocsPerRun(100, func() { req.Pick([]int{0, 1, 2}) }), 0)
}
