package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The matrix has what each pair has, from both sides, and no fused row.
func TestMatrix(t *testing.T) {
	r := compared(map[[2]string]string{pair("a", "b"): "=", pair("a", "c"): "*", pair("b", "c"): "?"}, .6, .6, .3)
	m := r.Tasks[0].matrix()
	expect.Equal(t, "the rows", m.rows, [][]string{
		{"1", "a", "· ", "= ", "+30.00*", "+40.00 "},
		{"2", "b", "= ", "· ", "+30.00?", "+40.00 "},
		{"3", "c", "-30.00*", "-30.00?", "· ", "+10.00 "},
		{"4", "BM25", "-40.00 ", "-40.00 ", "-10.00 ", "· "},
	})
	if got := sample().Tasks[0].matrix(); slices.ContainsFunc(got.rows, func(row []string) bool { return strings.Contains(row[1], "+") }) {
		t.Errorf("got %q, want no fused row", got.rows)
	}
	page := r.webMatrix(r.Tasks[0])
	expect.Equal(t, "a and b on the page", page.Rows[0][2].Lines, []string{"=", "identical"})
	expect.Equal(t, "a and c on the page", page.Rows[0][3].Lines, []string{"+30.00", "better", "[+20.00 +40.00]"})
	expect.Equal(t, "c and a on the page", page.Rows[2][1].Lines, []string{"-30.00", "worse", "[-40.00 -20.00]"})
	expect.Equal(t, "b and c on the page, without an interval that says nothing", page.Rows[1][3].Lines, []string{"+30.00", "too few to tell"})
}

func TestFusions(t *testing.T) {
	got := sample().Tasks[0].fusions().rows
	expect.Equal(t, "the rows", got, [][]string{{"cheap", "55.00", "[50.00 60.00]", "+5.00 ", "+10.00*", "+7.00*"}})
}

// A report of before has fused rows by ranks only, which do not say so. They are on the page and in
// Markdown.
func TestFusedOfBefore(t *testing.T) {
	r := sample()
	task := &r.Tasks[0]
	task.Rows = slices.DeleteFunc(task.Rows, func(w Row) bool { return w.Fusion == ByScores })
	for i := range task.Rows {
		task.Rows[i].Fusion = ""
	}
	if _, ok := task.fused("cheap", ByRanks); !ok || len(task.fusions().rows) > 0 {
		t.Errorf("got %v and %q, want the fusion by ranks and no table of fusions by scores", ok, task.fusions().rows)
	}
	for name, got := range map[string]string{"HTML": render(t, html, r), "Markdown": render(t, markdown, r)} {
		if !strings.Contains(got, "BM25 + cheap (ranks)") {
			t.Errorf("%s: the row fused by ranks is missing", name)
		}
	}
}
