package datasets

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

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
		_, err := LoadPairs(filepath.Join(dir, "a.csv"))
		expect.Says(t, fmt.Sprintf("%q", text), err, want)
	}
}

// Byte order marks and JSON lines are read.
func TestPairsOfOtherPrograms(t *testing.T) {
	lines := `{"sentence1": "one, two", "sentence2": "b", "score": 0.5, "split": "test"}` + "\r\n\n" +
		`{"sentence1": "\"c\"", "sentence2": "d", "label": "1"}` + "\n" + `["three", "f", 2]`
	quoted := "\"one, two\",b,0.5\r\n\"\"\"c\"\"\",d,1\r\nthree,f,2\r\n"
	var wide []byte
	for _, r := range "\uFEFF" + quoted {
		wide = append(wide, byte(r>>8), byte(r))
	}
	dir := write(t, map[string]string{
		"a.jsonl": lines, "marked.ndjson.gz": "\uFEFF" + lines, "CASE.JSONL": lines,
		"excel.csv": "\uFEFF" + quoted, "headed.csv": "\uFEFF\"first, of two\",second,score\r\n" + quoted, "utf16.csv": string(wide),
		"marked.tsv": "\uFEFFone, two\tb\t.5\n\"c\"\td\t1\nthree\tf\t2\n",
	})
	for _, name := range []string{"a.jsonl", "marked.ndjson.gz", "CASE.JSONL", "excel.csv", "headed.csv", "utf16.csv", "marked.tsv"} {
		p, err := LoadPairs(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
			continue
		}
		if !slices.Equal(p.First, []string{"one, two", `"c"`, "three"}) || !slices.Equal(p.Second, []string{"b", "d", "f"}) || !slices.Equal(p.Gold, []float64{.5, 1, 2}) {
			t.Errorf("%s: got %q, %q, %v", name, p.First, p.Second, p.Gold)
		}
	}
	for want, line := range map[string]string{
		`a.jsonl:1: there is no "sentence2"`:             `{"sentence1": "a", "score": 1}`,
		`a.jsonl:1: there is no "score"`:                 `{"sentence1": "a", "sentence2": "b"}`,
		"a.jsonl:1: sentence 1 is a number":              `[1, "b", 2]`,
		"a.jsonl:1: field 2 is neither a text":           `{"sentence1": "a", "sentence2": [1], "score": 1}`,
		"a.jsonl:1: got 2 fields":                        `["a", "b"]`,
		`a.jsonl:1: the score "x" is not a number`:       `["a", "b", "x"]`,
		"a.jsonl:1: the line is not UTF-8":               "[\"\xff\", \"b\", 1]",
		"a.jsonl:1: want a JSON object":                  `{"sentence1": "a"`,
		"a.jsonl:1: the score is NaN: it must be finite": `["a", "b", "NaN"]`,
	} {
		dir := write(t, map[string]string{"a.jsonl": line})
		_, err := LoadPairs(filepath.Join(dir, "a.jsonl"))
		expect.Says(t, line, err, want)
	}
	unmarked := write(t, map[string]string{"a.csv": string(wide[2:])})
	_, err := LoadPairs(filepath.Join(unmarked, "a.csv"))
	expect.Says(t, "UTF-16 without a mark", err, "UTF-16 without a byte order mark")
}
