package jobs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/rows"
)

// A merged file has the vectors of all parts in the order of the records, in every format.
func TestMerge(t *testing.T) {
	for name, edit := range map[string]func(*Options){
		"float32": func(*Options) {},
		"float16": func(o *Options) { o.Half = true },
		"jsonl":   func(o *Options) { o.To = "jsonl" },
	} {
		e := paid()
		o := Options{Inputs: []string{put(t, "a.txt", lines(30)+"\n"+lines(30))}, Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 7}
		edit(&o)
		j := start(t, e, o)
		to := filepath.Join(t.TempDir(), "merged")
		_, err := j.Merge(t.Context(), to)
		refused(t, err, "not complete")
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		n, err := j.Merge(t.Context(), to)
		expect.NoError(t, err)
		expect.Equal(t, name+": vectors", n, 60)
		got := content(t, to)
		if name == "jsonl" {
			expect.Equal(t, "lines", strings.Count(got, "\n"), 60)
			expect.Equal(t, "the last line", strings.Contains(got, `{"index":60,"vector":[`), true)
			continue
		}
		head := rows.NPY{Rows: 60, Dimensions: 8, Half: o.Half}
		expect.Equal(t, name+": header", got[:len(head.Head())], head.Head())
		expect.Equal(t, name+": bytes", len(got), len(head.Head())+60*head.RowBytes())
		expect.Equal(t, name+": ids around the empty line", strings.Contains(content(t, to+".ids"), "\n29\n31\n"), true)
	}
}
