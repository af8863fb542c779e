package datasets

import (
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/benchmarks/internal/cranfield"
	"github.com/vecspace/embedding/internal/expect"
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
		"all absent":          {corpus, queries, "q1\td9\t1\nq9\td1\t1\n", "2 judgments are of queries or documents that are not there"},
		"judged twice":        {corpus, queries, qrels + "q1\td1\t1\n", `test.tsv:4: document "d1" is judged twice`},
		"judgment a word":     {corpus, queries, qrels + "other\td1\tyes\n", `test.tsv:4: the judgment "yes"`},
		"heading in disguise": {corpus, queries, "q1\td1\tyes\n", `test.tsv:1: the judgment "yes"`},
		"half a judgment":     {corpus, queries, "q1\td1\t1.5\n", `the judgment "1.5" is not a whole number`},
		"judgment NaN":        {corpus, queries, "q1\td1\tNaN\n", `the judgment "NaN" is not a whole number`},
		"id of an object":     {`{"_id": {}, "text": "x"}`, queries, qrels, "corpus.jsonl:1: "},
		"too few fields":      {corpus, queries, "q1 d1 1\n", "test.tsv:1: got 1 fields"},
		"nothing relevant":    {corpus, queries, "q1\td1\t0\n", "no document is relevant"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{"corpus.jsonl": c.corpus, "queries.jsonl": c.queries, "qrels/test.tsv": c.qrels})
			_, err := LoadRetrieval(dir, "test")
			expect.Says(t, "the error", err, c.want)
		})
	}
	_, err := LoadRetrieval(t.TempDir(), "")
	expect.Says(t, "an empty folder", err, "corpus.jsonl.gz")
}

// Public sets judge documents that they lack, and repeat judgments. Both are left out and counted.
func TestAbsentAndRepeatedJudgments(t *testing.T) {
	more := "q1\td9\t1\nq9\td1\t1\nq8\td8\t0\nq1\td1\t2\nq1\td2\t0\nother\td7\t1\n"
	dir := write(t, map[string]string{"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels/test.tsv": qrels + more})
	r, err := LoadRetrieval(dir, "")
	expect.NoError(t, err)
	expect.Equal(t, "absent and repeated", [2]int{r.Absent, r.Repeated}, [2]int{4, 2})
	if len(r.Queries) != 1 || len(r.Judged) != 1 || len(r.Judged["q1"]) != 2 || r.Judged["q1"]["d1"] != 2 {
		t.Errorf("got queries %+v judged %v, want q1 with both documents", r.Queries, r.Judged)
	}
	if s := r.Sample(1, 1).Fewer(1, 1); s.Absent != 4 || s.Repeated != 2 {
		t.Errorf("got %+v, want a part that still counts", s)
	}
}

// Numbers as IDs, TREC's columns, judgments like 1.0, and UTF-16 are read as they are meant.
func TestOtherLayouts(t *testing.T) {
	utf16 := func(s string) string {
		out := []byte{0xFF, 0xFE}
		for _, r := range s {
			out = append(out, byte(r), byte(r>>8))
		}
		return string(out)
	}
	number := `{"_id": 7, "text": "x"}` + "\n"
	for name, judged := range map[string]string{
		"tabs": "7\t7\t1.0\n", "TREC with blanks": "7 0 7 1\n", "TREC with tabs and a heading": "query\titer\tdoc\tscore\r\n7\t0\t7\t1\r\n",
		"UTF-16": utf16("7\t7\t1\n"),
	} {
		dir := write(t, map[string]string{"corpus.jsonl": utf16(number), "queries.jsonl": number, "qrels/test.tsv": judged})
		if r, err := LoadRetrieval(dir, ""); err != nil || r.Judged["7"]["7"] != 1 || r.Documents[0].ID != "7" || len(r.Queries) != 1 {
			t.Errorf("%s: got %+v, %v, want query 7 with document 7", name, r, err)
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
	made := t.TempDir()
	expect.NoError(t, cranfield.Write(made, filepath.Join(testdata(t), "cranfield")))
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
