package jobs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestVectors: the vectors of a job come back with their indexes and ids, in every format, around
// records that have none.
func TestVectors(t *testing.T) {
	in := put(t, "a.csv", "id,text\n"+strings.Repeat("a,one\nb,\nc,two\n", 5))
	for name, o := range map[string]Options{
		"npy": {}, "jsonl": {To: "jsonl"}, "half": {Half: true}, "without ids": {},
	} {
		e := paid()
		o.Inputs, o.Out, o.Field, o.ShardTexts = []string{in}, filepath.Join(t.TempDir(), "out"), "text", 4
		if name != "without ids" {
			o.ID = "id"
		}
		j := start(t, e, o)
		for _, err := range j.Vectors(t.Context()) {
			refused(t, err, "not complete")
		}
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		n := 0
		for r, err := range j.Vectors(t.Context()) {
			expect.NoError(t, err)
			i := n/2*3 + n%2*2
			expect.Equal(t, name+": index", r.Index, i)
			if want := string("abc"[i%3]); o.ID != "" {
				expect.Equal(t, name+": id", r.ID, want)
			} else {
				expect.Equal(t, name+": id", r.ID, "")
			}
			want := e.Vector(embedding.TaskDocument, map[int]string{0: "one", 2: "two"}[i%3])
			for k := range want {
				if d := r.Vector[k] - want[k]; d > .001 || d < -.001 || !o.Half && d != 0 {
					t.Fatalf("%s: record %d: got %v, want %v", name, i, r.Vector, want)
				}
			}
			n++
		}
		expect.Equal(t, name+": vectors", n, 10)
	}
}

// A file that is cut is an error, and the last thing that comes.
func TestVectorsCut(t *testing.T) {
	for to, name := range map[string]string{"npy": npyName, "jsonl": jsonlName, "": idsName} {
		e := paid()
		o := Options{Inputs: []string{put(t, "a.txt", lines(10))}, Out: filepath.Join(t.TempDir(), "out"), To: to}
		j := start(t, e, o)
		expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
		file := filepath.Join(o.Out, dataName, partFolder(0), name)
		expect.NoError(t, os.Truncate(file, int64(len(content(t, file)))-3))
		var last error
		for _, err := range j.Vectors(t.Context()) {
			if last != nil {
				t.Errorf("%s: got more after the error %v", name, last)
			}
			last = err
		}
		refused(t, last, "EOF")
	}
}

// What a build lacks is an error that names the build which has it, and what does not exist is one
// that names what does.
func TestFormatsRefuse(t *testing.T) {
	in := put(t, "a.txt", "a\n")
	for to, want := range map[string]string{"parquet": "Parquet needs the full build", "arrow": "there are npy, jsonl"} {
		_, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "out"), To: to})
		refused(t, err, want)
	}
	in = put(t, "a.parquet", "id,text\n1,a\n")
	_, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{in}, Field: "text", Out: filepath.Join(t.TempDir(), "out")})
	refused(t, err, in+": the input is a Parquet file")
}
