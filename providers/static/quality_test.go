package static

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestQuality measures the model on the labeled data and compares it with the bars of the published
// weights. The figures in the package documentation are its output.
func TestQuality(t *testing.T) {
	dir := testdata(t)
	bars := map[string]float64{"STS en": .7758, "STS zh": .7084, "STS en-zh": .6121, "SciFact": .5476, "Cranfield": .3277}
	words := map[string]float64{"STS en": .7742, "STS zh": .7057, "STS en-zh": .6119, "SciFact": .5807, "Cranfield": .3450}
	for _, run := range []struct {
		options Options
		bars    map[string]float64
		least   float64 // the part of a bar that is required; what cut vectors lose is in the package documentation
	}{
		{options: Options{Dimensions: 256}, bars: bars, least: .998},
		{options: Options{Dimensions: 128}, bars: bars, least: .87},
		{options: Options{Dimensions: 64}, bars: bars, least: .70},
		{options: Options{Dimensions: 256, Lexical: 256}, bars: words, least: .998},
	} {
		e, err := New(run.options)
		expect.NoError(t, err)
		got := map[string]float64{
			"STS en":    sts(t, e, dir, "en", "en", same, same),
			"STS zh":    sts(t, e, dir, "zh", "zh", same, same),
			"STS en-zh": sts(t, e, dir, "en", "zh", same, same),
			"SciFact":   scifact(t, e, dir),
			"Cranfield": cranfield(t, e, dir),
		}
		for name, bar := range run.bars {
			t.Logf("%d dimensions, %d lexical: %-9s %.2f", run.options.Dimensions, run.options.Lexical, name, 100*got[name])
			if run.least > .99 && math.Abs(got[name]-bar) > .002 || got[name] < run.least*bar {
				t.Errorf("%+v: %s is %.4f, published %.4f", run.options, name, got[name], bar)
			}
		}
	}
}

// TestTraditional measures STS-B in Chinese with one side or both in traditional characters, which
// the inverse of traditional.txt makes. Real text has other words too, so it gains less.
func TestTraditional(t *testing.T) {
	dir, e := testdata(t), open(t, 0)
	pairs := simplified()
	back := map[rune]rune{}
	for _, from := range slices.Sorted(maps.Keys(pairs)) {
		if unicode.Is(unicode.Han, from) {
			back[pairs[from]] = from
		}
	}
	changed := 0
	old := func(text string) string {
		return strings.Map(func(r rune) rune {
			if to, ok := back[r]; ok {
				changed++
				return to
			}
			return r
		}, text)
	}
	want := sts(t, e, dir, "zh", "zh", same, same)
	expect.Equal(t, "one side in traditional characters", sts(t, e, dir, "zh", "zh", same, old), want)
	expect.Equal(t, "both sides in traditional characters", sts(t, e, dir, "zh", "zh", old, old), want)
	if changed < 5000 {
		t.Errorf("%d characters were traditional, want 5000 or more", changed)
	}
}

func same(text string) string { return text }

// sts returns the correlation on STS-B's test set with the first sentences in one language and the
// second in another, each changed by a function.
func sts(t *testing.T, e embedding.Embedder, dir, first, second string, changeFirst, changeSecond func(string) string) float64 {
	read := func(lang string) (rows [][]string) {
		f, err := os.Open(filepath.Join(dir, "stsb-multi-mt", "stsb-"+lang+"-test.csv"))
		expect.NoError(t, err)
		defer f.Close()
		rows, err = csv.NewReader(f).ReadAll()
		expect.NoError(t, err)
		return rows
	}
	a, b := read(first), read(second)
	var left, right []string
	var gold []float64
	for i := range a {
		score, err := strconv.ParseFloat(a[i][2], 64)
		expect.NoError(t, err)
		left, right, gold = append(left, changeFirst(a[i][0])), append(right, changeSecond(b[i][1])), append(gold, score)
	}
	l, r := vectors(t, e, left...), vectors(t, e, right...)
	said := make([]float64, len(l))
	for i := range l {
		said[i] = float64(embedding.Cosine(l[i], r[i]))
	}
	return pearson(ranks(said), ranks(gold))
}

// ranks gives equal values the mean of their ranks.
func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	out := make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			out[k] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}

func pearson(x, y []float64) float64 {
	mean := func(v []float64) (m float64) {
		for _, a := range v {
			m += a / float64(len(v))
		}
		return m
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}

func scifact(t *testing.T, e embedding.Embedder, dir string) float64 {
	type entry struct {
		ID          string `json:"_id"`
		Title, Text string
	}
	read := func(name string) (out []entry) {
		f, err := os.Open(filepath.Join(dir, "scifact", name))
		expect.NoError(t, err)
		defer f.Close()
		var in io.Reader = bufio.NewReader(f)
		if strings.HasSuffix(name, ".gz") {
			if in, err = gzip.NewReader(in); err != nil {
				t.Fatalf("got the error %v, want none", err)
			}
		}
		for d := json.NewDecoder(in); ; {
			var x entry
			if err := d.Decode(&x); err == io.EOF {
				return out
			} else if err != nil {
				t.Fatalf("got the error %v, want none", err)
			}
			out = append(out, x)
		}
	}
	qrels, err := os.ReadFile(filepath.Join(dir, "scifact", "qrels", "test.tsv"))
	expect.NoError(t, err)
	relevant := map[string]map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(string(qrels)), "\n") {
		if f := strings.Fields(line); i > 0 {
			gain, err := strconv.Atoi(f[2])
			expect.NoError(t, err)
			judge(relevant, f[0], f[1], gain)
		}
	}
	var ids, docs, queries []string
	for _, d := range read("corpus.jsonl.gz") {
		ids, docs = append(ids, d.ID), append(docs, strings.TrimSpace(d.Title+" "+d.Text))
	}
	var topics []string
	for _, q := range read("queries.test.jsonl") {
		topics, queries = append(topics, q.ID), append(queries, q.Text)
	}
	return ndcg10(t, e, ids, docs, topics, queries, relevant)
}

func cranfield(t *testing.T, e embedding.Embedder, dir string) float64 {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, "cranfield", name))
		expect.NoError(t, err)
		return string(b)
	}
	// The files are elements in a row, one of them without a root.
	type element struct {
		No    string `xml:"docno"`
		Text  string `xml:"text"`
		Title string `xml:"title"`
	}
	parse := func(name, tag string) (out []element) {
		d := xml.NewDecoder(strings.NewReader(read(name)))
		d.Strict = false
		for {
			token, err := d.Token()
			if err == io.EOF {
				return out
			}
			if err != nil {
				t.Fatalf("%s: got the error %v, want none", name, err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == tag {
				var e element
				if err := d.DecodeElement(&e, &start); err != nil {
					t.Fatalf("%s: got the error %v, want none", name, err)
				}
				out = append(out, e)
			}
		}
	}
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	relevant := map[string]map[string]int{}
	for line := range strings.Lines(read("cranqrel.trec.txt")) {
		f := strings.Fields(line)
		if gain, err := strconv.Atoi(f[3]); err == nil && gain > 0 {
			judge(relevant, f[0], f[2], 1)
		}
	}
	var ids, docs, topics, queries []string
	for _, d := range parse("cran.all.1400.xml", "doc") {
		if text := flat(d.Text); text != "" { // two are empty and relevant to nothing that could find them
			ids, docs = append(ids, strings.TrimSpace(d.No)), append(docs, text)
		}
	}
	for i, q := range parse("cran.qry.xml", "top") {
		topics, queries = append(topics, strconv.Itoa(i+1)), append(queries, flat(q.Title))
	}
	if len(docs) != 1398 || len(queries) != 225 {
		t.Fatalf("%d documents, %d queries", len(docs), len(queries))
	}
	return ndcg10(t, e, ids, docs, topics, queries, relevant)
}

func judge(relevant map[string]map[string]int, topic, doc string, gain int) {
	if relevant[topic] == nil {
		relevant[topic] = map[string]int{}
	}
	relevant[topic][doc] = gain
}

func ndcg10(t *testing.T, e embedding.Embedder, ids, docs, topics, queries []string, relevant map[string]map[string]int) float64 {
	d, q := vectors(t, e, docs...), vectors(t, e, queries...)
	sum, n := 0.0, 0
	for i, topic := range topics {
		if relevant[topic] == nil {
			continue
		}
		n++
		scores := make([]float32, len(d))
		order := make([]int, len(d))
		for k := range d {
			for j, x := range q[i] {
				scores[k] += x * d[k][j]
			}
			order[k] = k
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		var gains []int
		for _, g := range relevant[topic] {
			gains = append(gains, g)
		}
		slices.SortFunc(gains, func(a, b int) int { return b - a })
		got, ideal := 0.0, 0.0
		for rank := range min(10, len(order)) {
			got += float64(relevant[topic][ids[order[rank]]]) / math.Log2(float64(rank)+2)
			if rank < len(gains) {
				ideal += float64(gains[rank]) / math.Log2(float64(rank)+2)
			}
		}
		sum += got / ideal
	}
	if n == 0 {
		t.Fatal("no topic has a judgement")
	}
	return sum / float64(n)
}
