package metrics

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// testdata is the folder of data sets, which is not part of the project.
func testdata(t testing.TB) string {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so nothing is held against trec_eval's and scipy's figures")
	}
	return dir
}

// fields reads a file of fields between white space, unpacked where its name ends in gz.
func fields(t *testing.T, name string) (rows [][]string) {
	f, err := os.Open(name)
	expect.NoError(t, err)
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		in, err = gzip.NewReader(f)
		expect.NoError(t, err)
	}
	for s := bufio.NewScanner(in); s.Scan(); {
		rows = append(rows, strings.Fields(s.Text()))
	}
	return rows
}

type judgments = map[string]map[string]int

func judge(t *testing.T, into judgments, topic, doc, rel string) {
	n, err := strconv.Atoi(rel)
	expect.NoError(t, err)
	if into[topic] == nil {
		into[topic] = map[string]int{}
	}
	into[topic][doc] = n
}

var measures = map[string]func(*Topic) float64{
	"num_ret":      func(t *Topic) float64 { return float64(t.Ranked()) },
	"num_rel":      func(t *Topic) float64 { return float64(t.Relevant()) },
	"map":          func(t *Topic) float64 { return t.AveragePrecision(0) },
	"map_cut_10":   func(t *Topic) float64 { return t.AveragePrecision(10) },
	"map_cut_100":  func(t *Topic) float64 { return t.AveragePrecision(100) },
	"recip_rank":   func(t *Topic) float64 { return t.ReciprocalRank(0) },
	"P_1":          func(t *Topic) float64 { return t.Precision(1) },
	"P_5":          func(t *Topic) float64 { return t.Precision(5) },
	"P_10":         func(t *Topic) float64 { return t.Precision(10) },
	"recall_1":     func(t *Topic) float64 { return t.Recall(1) },
	"recall_5":     func(t *Topic) float64 { return t.Recall(5) },
	"recall_10":    func(t *Topic) float64 { return t.Recall(10) },
	"recall_100":   func(t *Topic) float64 { return t.Recall(100) },
	"ndcg":         func(t *Topic) float64 { return t.NDCG(0) },
	"ndcg_cut_1":   func(t *Topic) float64 { return t.NDCG(1) },
	"ndcg_cut_3":   func(t *Topic) float64 { return t.NDCG(3) },
	"ndcg_cut_5":   func(t *Topic) float64 { return t.NDCG(5) },
	"ndcg_cut_10":  func(t *Topic) float64 { return t.NDCG(10) },
	"ndcg_cut_20":  func(t *Topic) float64 { return t.NDCG(20) },
	"ndcg_cut_100": func(t *Topic) float64 { return t.NDCG(100) },
	"success_1":    func(t *Topic) float64 { return t.Hit(1) },
	"success_10":   func(t *Topic) float64 { return t.Hit(10) },
}

// TestTrecEval holds every measure of every topic, and the means, against what trec_eval printed.
func TestTrecEval(t *testing.T) {
	dir := testdata(t)
	for _, c := range []struct{ qrels, run, expected string }{
		{"golden-trec_eval/synthetic.qrels", "golden-trec_eval/synthetic.run", "golden-trec_eval/synthetic.expected.tsv"},
		{"scifact/qrels/test.tsv", "golden-trec_eval/scifact-bm25-top100.run.gz", "golden-trec_eval/scifact-bm25-top100.expected.tsv"},
	} {
		t.Run(filepath.Base(c.expected), func(t *testing.T) {
			qrels := judgments{}
			for i, f := range fields(t, filepath.Join(dir, c.qrels)) {
				switch {
				case len(f) == 4:
					judge(t, qrels, f[0], f[2], f[3])
				case i > 0:
					judge(t, qrels, f[0], f[1], f[2])
				}
			}
			runs := map[string][]Hit{}
			for _, f := range fields(t, filepath.Join(dir, c.run)) {
				score, err := strconv.ParseFloat(f[4], 64)
				expect.NoError(t, err)
				runs[f[0]] = append(runs[f[0]], Hit{Doc: f[2], Score: score})
			}
			topics := map[string]*Topic{}
			for id, hits := range runs {
				if qrels[id] == nil {
					continue
				}
				judged, err := Judge(hits, qrels[id])
				expect.NoError(t, err)
				topics[id] = judged
			}
			checked := 0
			for _, f := range fields(t, filepath.Join(dir, c.expected)) {
				measure := measures[f[1]]
				if measure == nil {
					t.Fatalf("no measure %s", f[1])
				}
				want, err := strconv.ParseFloat(f[2], 64)
				expect.NoError(t, err)
				got := 0.0
				if f[0] == "all" {
					for _, id := range slices.Sorted(maps.Keys(topics)) {
						got += measure(topics[id])
					}
					if !strings.HasPrefix(f[1], "num_") {
						got /= float64(len(topics))
					}
				} else if topics[f[0]] == nil {
					t.Fatalf("topic %s is not ranked", f[0])
				} else {
					got = measure(topics[f[0]])
				}
				if !(math.Abs(got-want) <= 5e-5+1e-12) {
					t.Errorf("topic %s, %s: %.6f, trec_eval %.4f", f[0], f[1], got, want)
				}
				checked++
			}
			if len(topics) < 24 || checked < 22*len(topics) {
				t.Fatalf("%d values of %d topics checked", checked, len(topics))
			}
			t.Logf("%d values of %d topics agree with trec_eval", checked, len(topics))
		})
	}
}

// TestScipy holds the correlations against scipy's, on a similarity with many ties.
func TestScipy(t *testing.T) {
	dir := testdata(t)
	checked := 0
	for _, f := range fields(t, filepath.Join(dir, "golden-trec_eval", "sts-jaccard.expected.tsv")) {
		if !strings.HasPrefix(f[0], "stsb-multi-mt/") {
			continue
		}
		want := map[string]float64{}
		for _, pair := range f[1:] {
			name, value, _ := strings.Cut(pair, "=")
			want[name], _ = strconv.ParseFloat(value, 64)
		}
		file, err := os.Open(filepath.Join(dir, f[0]))
		expect.NoError(t, err)
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		expect.NoError(t, err)
		var gold, said []float64
		for _, row := range rows {
			score, err := strconv.ParseFloat(row[2], 64)
			expect.NoError(t, err)
			gold, said = append(gold, score), append(said, Jaccard(row[0], row[1], int(want["ngram"])))
		}
		distinct := len(slices.Compact(slices.Sorted(slices.Values(said))))
		if len(rows) != int(want["n"]) || distinct != int(want["distinct_scores"]) {
			t.Errorf("%s: %d pairs with %d distinct scores", f[0], len(rows), distinct)
		}
		for name, correlation := range map[string]func(x, y []float64) (float64, error){"spearman": Spearman, "pearson": pearson} {
			got, err := correlation(said, gold)
			if err != nil || !(math.Abs(got-want[name]) < 1e-9) {
				t.Errorf("%s: %s is %.10f (%v), scipy %.10f", f[0], name, got, err, want[name])
			}
		}
		checked++
	}
	expect.Equal(t, "files checked", checked, 4)
}
