package datasets

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
		if _, err := LoadPairs(filepath.Join(dir, "a.csv")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
