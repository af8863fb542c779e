package datasets

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func testdata(t *testing.T) string {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so no real data set is loaded")
	}
	return dir
}

// write makes a folder of files.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		expect.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		f, err := os.Create(path)
		expect.NoError(t, err)
		var out io.WriteCloser = f
		if strings.HasSuffix(name, ".gz") {
			out = gzip.NewWriter(f)
		}
		io.WriteString(out, text)
		expect.NoError(t, out.Close())
		f.Close()
	}
	return dir
}

const (
	corpus  = `{"_id": "d1", "title": "A title", "text": "its text"}` + "\n" + `{"_id": "d2", "text": " alone "}` + "\n"
	queries = `{"_id": "q1", "text": "asks"}` + "\n" + `{"_id": "other", "text": "of another split"}` + "\n"
	qrels   = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"
)

func TestSample(t *testing.T) {
	r := &Retrieval{Name: "x", Documents: make([]Text, 3)}
	for i := range 100 {
		r.Queries = append(r.Queries, Text{ID: strconv.Itoa(i)})
	}
	a, again, other := r.Sample(10, 1), r.Sample(10, 1), r.Sample(10, 2)
	if len(a.Queries) != 10 || len(a.Documents) != 3 || !slices.Equal(a.Queries, again.Queries) || slices.Equal(a.Queries, other.Queries) {
		t.Errorf("got %v, %v, %v, want 10 queries and all documents, the same for one seed only", a.Queries, again.Queries, other.Queries)
	}
	if r.Sample(0, 1) != r || r.Sample(100, 1) != r {
		t.Error("a sample of all is not all")
	}
	expect.Equal(t, "the name of a sample", a.Name, "x, sample of 100 queries")
	p := (&Pairs{Name: "p", First: []string{"a", "b", "c"}, Second: []string{"A", "B", "C"}, Gold: []float64{1, 2, 3}}).Sample(2, 1)
	if len(p.Gold) != 2 || strings.ToUpper(p.First[1]) != p.Second[1] || p.Name != "p, sample of 3" {
		t.Errorf("got %+v, want 2 matching pairs and a name that says so", p)
	}
}

// A part of the documents holds every one that is judged for the queries, in the order they had.
func TestFewer(t *testing.T) {
	r := &Retrieval{Name: "x", Judged: map[string]map[string]int{"q": {"7": 1, "90": 0}, "other": {"50": 1}}, Queries: []Text{{ID: "q"}}}
	for i := range 100 {
		r.Documents = append(r.Documents, Text{ID: strconv.Itoa(i)})
	}
	a, again, other := r.Fewer(10, 1), r.Fewer(10, 1), r.Fewer(10, 2)
	if !slices.Equal(a.Documents, again.Documents) || slices.Equal(a.Documents, other.Documents) {
		t.Errorf("got %v, %v, %v, want the same documents for one seed only", a.Documents, again.Documents, other.Documents)
	}
	for _, part := range []*Retrieval{a, other, r.Fewer(1, 1)} {
		last, seen := -1, 0
		for _, d := range part.Documents {
			n, _ := strconv.Atoi(d.ID)
			if n <= last {
				t.Errorf("%v is not in order", part.Documents)
			}
			if last = n; n == 7 || n == 90 {
				seen++
			}
		}
		if seen != 2 || part.Whole != 100 {
			t.Errorf("%d of 2 judged documents in %v of %d", seen, part.Documents, part.Whole)
		}
	}
	if len(a.Documents) != 10 || a.Name != "x, part of 100 documents" || r.Fewer(0, 1) != r || r.Fewer(100, 1) != r {
		t.Errorf("%s: %d documents", a.Name, len(a.Documents))
	}
}
