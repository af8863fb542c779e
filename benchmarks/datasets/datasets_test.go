package datasets

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
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

func TestRetrieval(t *testing.T) {
	dir := write(t, map[string]string{"corpus.jsonl.gz": "\uFEFF" + corpus, "queries.jsonl": queries, "qrels/test.tsv": qrels})
	r, err := LoadRetrieval(dir, "")
	expect.NoError(t, err)
	if len(r.Documents) != 2 || r.Documents[0].Embedded() != "A title its text" || r.Documents[1].Embedded() != "alone" {
		t.Errorf("documents %+v", r.Documents)
	}
	if len(r.Queries) != 1 || r.Queries[0].ID != "q1" || r.Judged["q1"]["d1"] != 2 || len(r.Judged) != 1 {
		t.Errorf("queries %+v, judged %v", r.Queries, r.Judged)
	}
}

func TestRetrievalSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ corpus, queries, qrels, want string }{
		"empty corpus":        {"\n", queries, qrels, "corpus.jsonl: the file is empty"},
		"broken JSON":         {corpus + "{", queries, qrels, "corpus.jsonl:3: "},
		"no id":               {`{"text": "x"}`, queries, qrels, `corpus.jsonl:1: there is no "_id"`},
		"no text":             {`{"_id": "x"}`, queries, qrels, `corpus.jsonl:1: "x" has no "text"`},
		"id twice":            {corpus + corpus, queries, qrels, `corpus.jsonl:3: the id "d1" is not unique`},
		"not UTF-8":           {"{\"_id\": \"d\xff\", \"text\": \"\"}", queries, qrels, "corpus.jsonl:1: the line is not UTF-8"},
		"query twice":         {corpus, queries + queries, qrels, `queries.jsonl:3: the id "q1" is not unique`},
		"blank query":         {corpus, `{"_id": "q1", "text": " "}`, qrels, `query "q1" is blank`},
		"absent document":     {corpus, queries, qrels + "q1\td9\t1\n", `test.tsv:4: there is no document "d9"`},
		"absent query":        {corpus, queries, qrels + "q9\td1\t1\n", `test.tsv:4: there is no query "q9"`},
		"judged twice":        {corpus, queries, qrels + "q1\td1\t1\n", `test.tsv:4: document "d1" is judged twice`},
		"judgment a word":     {corpus, queries, qrels + "other\td1\tyes\n", `test.tsv:4: the judgment "yes"`},
		"heading in disguise": {corpus, queries, "q1\td1\tyes\n", `test.tsv:1: the judgment "yes"`},
		"too few fields":      {corpus, queries, "q1 d1 1\n", "test.tsv:1: got 1 fields"},
		"nothing relevant":    {corpus, queries, "q1\td1\t0\n", "no document is relevant"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{"corpus.jsonl": c.corpus, "queries.jsonl": c.queries, "qrels/test.tsv": c.qrels})
			if _, err := LoadRetrieval(dir, "test"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := LoadRetrieval(t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "corpus.jsonl.gz") {
		t.Errorf("an empty folder: error %v", err)
	}
}

func TestPairs(t *testing.T) {
	dir := write(t, map[string]string{
		"a.csv": "one,\"two, quoted\",0.5\nthree,four,5\nfive,six,1\n",
		"b.tsv": "sentence1\tsentence2\tscore\none\t\"two\t1\nthree\tfour\t2\r\nfive\tsix\t3\n",
	})
	a, err := LoadPairs(filepath.Join(dir, "a.csv"))
	if err != nil || a.Name != "a" || a.Second[0] != "two, quoted" || !slices.Equal(a.Gold, []float64{.5, 5, 1}) {
		t.Errorf("got %+v, %v, want the pairs of a.csv", a, err)
	}
	b, err := LoadPairs(filepath.Join(dir, "b.tsv"))
	if err != nil || b.Second[0] != `"two` || !slices.Equal(b.Gold, []float64{1, 2, 3}) {
		t.Errorf("got %+v, %v, want the pairs of b.tsv", b, err)
	}
}

func TestPairsSayWhatIsWrong(t *testing.T) {
	for want, text := range map[string]string{
		"a.csv:2: the score is NaN":              "a,b,1\nc,d,NaN\ne,f,2\n",
		"a.csv:2: the score is +Inf":             "a,b,1\nc,d,inf\ne,f,2\n",
		`a.csv:2: the score "x" is not a number`: "a,b,1\nc,d,x\n",
		"a.csv:3: a sentence is blank":           "a,b,1\nc,d,2\n ,f,2\n",
		"a.csv:2: got 2 fields":                  "a,b,1\nc,d\n",
		"2 pairs: a correlation":                 "a,b,1\nc,d,2\n",
		"all gold scores are equal":              "a,b,1\nc,d,1\ne,f,1\n",
		"a.csv:2: a sentence is not UTF-8":       "a,b,1\n\xff,d,1\ne,f,3\n",
		"line 2":                                 "a,b,1\n\"c,d,1\n",
	} {
		dir := write(t, map[string]string{"a.csv": text})
		if _, err := LoadPairs(filepath.Join(dir, "a.csv")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestRealSets(t *testing.T) {
	dir := testdata(t)
	r, err := LoadRetrieval(filepath.Join(dir, "scifact"), "test")
	expect.NoError(t, err)
	characters := 0
	for _, d := range r.Documents {
		characters += len([]rune(d.Title + " " + d.Body))
	}
	if len(r.Documents) != 5183 || len(r.Queries) != 300 || characters < 7_771_451-5183 || characters > 7_771_451 {
		t.Errorf("SciFact: %d documents, %d queries, %d characters; MTEB counts 7771451", len(r.Documents), len(r.Queries), characters)
	}
	if train, err := LoadRetrieval(filepath.Join(dir, "scifact"), "train"); err != nil || len(train.Queries) != 809 {
		t.Errorf("SciFact train: %v", err)
	}
	for name, want := range map[string]int{"stsb-en-test.csv": 1379, "stsb-zh-dev.csv": 1500} {
		p, err := LoadPairs(filepath.Join(dir, "stsb-multi-mt", name))
		if err != nil || len(p.Gold) != want {
			t.Errorf("%s: got %d pairs and the error %v, want %d", name, len(p.Gold), err, want)
		}
	}
}

// TestCranfield writes Cranfield in the layout of BEIR and loads it: graded judgments, two blank
// documents.
func TestCranfield(t *testing.T) {
	dir := filepath.Join(testdata(t), "cranfield")
	elements := func(name, tag string) (out [][2]string) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		expect.NoError(t, err)
		d := xml.NewDecoder(strings.NewReader(string(b)))
		d.Strict = false
		for {
			token, err := d.Token()
			if err == io.EOF {
				return out
			} else if err != nil {
				t.Fatalf("got the error %v, want none", err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == tag {
				var e struct {
					No    string `xml:"docno"`
					Text  string `xml:"text"`
					Title string `xml:"title"`
				}
				expect.NoError(t, d.DecodeElement(&e, &start))
				if tag == "top" { // judgments count the queries from 1 in the order of the file
					e.No, e.Text = strconv.Itoa(len(out)+1), e.Title
				}
				out = append(out, [2]string{strings.TrimSpace(e.No), strings.Join(strings.Fields(e.Text), " ")})
			}
		}
	}
	lines := func(all [][2]string) string {
		var b strings.Builder
		for _, e := range all {
			line, err := json.Marshal(map[string]string{"_id": e[0], "text": e[1]})
			expect.NoError(t, err)
			fmt.Fprintf(&b, "%s\n", line)
		}
		return b.String()
	}
	judged, err := os.ReadFile(filepath.Join(dir, "cranqrel.trec.txt"))
	expect.NoError(t, err)
	var qrels strings.Builder
	for line := range strings.Lines(string(judged)) {
		f := strings.Fields(line)
		fmt.Fprintf(&qrels, "%s\t%s\t%s\n", f[0], f[2], f[3])
	}
	made := write(t, map[string]string{
		"corpus.jsonl.gz": lines(elements("cran.all.1400.xml", "doc")), "queries.jsonl": lines(elements("cran.qry.xml", "top")), "qrels/test.tsv": qrels.String(),
	})
	r, err := LoadRetrieval(made, "")
	expect.NoError(t, err)
	blank := 0
	for _, d := range r.Documents {
		if d.Embedded() == "" {
			blank++
		}
	}
	if len(r.Documents) != 1400 || len(r.Queries) != 225 || blank != 2 {
		t.Errorf("%d documents, %d of them blank, %d queries", len(r.Documents), blank, len(r.Queries))
	}
}

func TestGoLibrary(t *testing.T) {
	root, err := Toolchain()
	expect.NoError(t, err)
	r, err := GoLibrary(root)
	expect.NoError(t, err)
	documents := map[string]Text{}
	for _, d := range r.Documents {
		if _, twice := documents[d.ID]; twice || strings.Contains(d.ID, "internal") || strings.HasPrefix(d.ID, "cmd/") {
			t.Errorf("document %s", d.ID)
		}
		documents[d.ID] = d
	}
	texts := map[string]bool{}
	for _, q := range r.Queries {
		if texts[q.Body] || len(r.Judged[q.ID]) == 0 {
			t.Errorf("query %s is there twice, or has no answer", q.ID)
		}
		texts[q.Body] = true
		for d := range r.Judged[q.ID] {
			if documents[d].ID == "" {
				t.Errorf("query %s is answered by %s, which is no document", q.ID, d)
			}
		}
	}
	if len(documents) < 120 || len(r.Queries) < 1000 || !strings.HasPrefix(r.Name, "go1.") {
		t.Errorf("%s: %d documents, %d queries", r.Name, len(documents), len(r.Queries))
	}
	i := slices.IndexFunc(r.Queries, func(q Text) bool { return q.ID == "strings.Repeat" })
	if i < 0 || !strings.HasPrefix(r.Queries[i].Body, "returns a new string") || r.Judged["strings.Repeat"]["strings"] != 1 {
		t.Error("strings.Repeat is not asked by its first sentence without its name")
	}
	if _, err := GoLibrary(t.TempDir()); err == nil {
		t.Error("an empty folder is a toolchain")
	}
}

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
	if a.Name != "x, sample of 100 queries" {
		t.Errorf("the name %q does not say that it is a sample", a.Name)
	}
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
