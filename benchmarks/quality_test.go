package benchmarks

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/flat"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/internal/expect"
)

// The floor is as high as BM25's published figures.
func TestBM25OnSciFact(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so BM25 is not held against its published figures")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "test")
	expect.NoError(t, err)
	rankings := newRetrieval(set, 10, bm25.Weight).words
	var ndcg, recall, ap, rr float64
	n := float64(len(set.Queries))
	for i, q := range set.Queries {
		topic, err := metrics.Judge(rankings[i], set.Judged[q.ID])
		expect.NoError(t, err)
		ndcg += topic.NDCG(10) / n
		recall += topic.Recall(100) / n
		ap += topic.AveragePrecision(0) / n
		rr += topic.ReciprocalRank(10) / n
	}
	t.Logf("%d queries: nDCG@10 %.4f, recall@100 %.4f, MAP %.4f, MRR@10 %.4f", len(set.Queries), ndcg, recall, ap, rr)
	if ndcg < .66 || ndcg > .69 {
		t.Errorf("nDCG@10 is %.4f; Anserini's is .679, bm25s' in MTEB .687", ndcg)
	}
	if recall < .9 {
		t.Errorf("recall@100 is %.4f; bm25s' in MTEB is .913", recall)
	}
}

// TestMemoryOfBM25 logs how much an index of SciFact's documents takes, which the documentation of
// bm25 says.
func TestMemoryOfBM25(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so the memory of BM25 is not measured")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "test")
	expect.NoError(t, err)
	var ids, texts []string
	bytes := 0
	for _, d := range set.Documents {
		ids, texts = append(ids, d.ID), append(texts, d.Embedded())
		bytes += len(d.Embedded())
	}
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	index := bm25.New(ids, texts)
	took := held() - before
	t.Logf("%d documents with %.1f MB of text: %.1f MB", len(ids), float64(bytes)/1e6, float64(took)/1e6)
	if took > uint64(2*bytes) {
		t.Errorf("got %d bytes, want less than twice the text", took)
	}
	for _, id := range ids[100:] {
		index.Remove(id)
	}
	if left := held() - before; left > took/4 {
		t.Errorf("100 documents are left: got %d bytes, want less than a quarter of %d", left, took)
	}
	runtime.KeepAlive(index)
	runtime.KeepAlive(texts) // else they are freed in between
}

// A fused row has both rankings in it: what words find first is first, whatever the model says,
// unless its weight is too low for that.
func TestFusedRows(t *testing.T) {
	o := quick(t.TempDir())
	o.Weight = 1.25
	r := compare(t, o, []Task{tiny()}, fake("a", nil))
	if own := find(t, r, "tiny", "a").Scores["nDCG@10"].Value; own > .6 {
		t.Errorf("the model alone: got %v, want little", own)
	}
	for name, want := range map[string]report.Row{
		"BM25 + a (scores)": {Candidate: "a", Kind: report.Fused, Fusion: report.ByScores, Weight: 1.25},
		"BM25 + a (ranks)":  {Candidate: "a", Kind: report.Fused, Fusion: report.ByRanks},
	} {
		got := find(t, r, "tiny", name)
		if got.Candidate != want.Candidate || got.Kind != want.Kind || got.Fusion != want.Fusion || got.Weight != want.Weight {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if got.Scores["nDCG@10"].Value != 1 || got.Scores["recall@100"].Value != 1 {
			t.Errorf("%s: got %+v, want every document first", name, got.Scores)
		}
	}
	if notes := strings.Join(r.Notes, " "); !strings.Contains(notes, "plus 1.25 times BM25") {
		t.Errorf("got the notes %q, want the weight in them", notes)
	}
	o.Weight = 1e-9
	low := find(t, compare(t, o, []Task{tiny()}, fake("a", nil)), "tiny", "BM25 + a (scores)")
	if v := low.Scores["nDCG@10"].Value; v > .9 {
		t.Errorf("a weight of nearly 0: got %v, want nearly the model alone", v)
	}
}

// A query that is a document of the set does not find itself, unless it is judged or has another
// text.
func TestQueryInCorpus(t *testing.T) {
	set := &datasets.Retrieval{Name: "arguments", Judged: map[string]map[string]int{}}
	for i := range 12 {
		id, answer := fmt.Sprintf("q%d", i), fmt.Sprintf("d%d", i)
		text := fmt.Sprintf("argument about subject%d and more", i)
		set.Queries = append(set.Queries, datasets.Text{ID: id, Body: text})
		set.Documents = append(set.Documents, datasets.Text{ID: id, Title: "T", Body: strings.ReplaceAll(text, " and", "  and")},
			datasets.Text{ID: answer, Body: fmt.Sprintf("counter subject%d", i)})
		set.Judged[id] = map[string]int{answer: 1}
	}
	set.Judged["q1"]["q1"] = 1                 // it is judged
	set.Documents[4].Body = "another subject2" // it is another text
	made := newRetrieval(set, 10, bm25.Weight)
	for i, want := range []string{"q0", "", "", "q3"} {
		expect.Equal(t, fmt.Sprintf("query %d as itself", i), made.own[i], want)
	}
	r := compare(t, quick(t.TempDir()), []Task{{Retrieval: set}}, fake("a", nil))
	if r.Tasks[0].Itself != 10 || !strings.Contains(strings.Join(r.Notes, " "), "10 queries among its documents") {
		t.Errorf("got %d queries in the corpus and the notes %q, want 10 and a note", r.Tasks[0].Itself, r.Notes)
	}
	if s := find(t, r, "arguments", "BM25").Scores["MRR@10"]; s.Value < .9 {
		t.Errorf("BM25: got MRR@10 of %.2f, want the answers first", s.Value)
	}

	// A model that finds a text itself first, then the answer.
	subject := func(_ embedding.Task, text string) []float32 {
		v := slices.Repeat([]float32{-.01}, 13)
		for i := range 12 {
			if strings.Contains(text+" ", fmt.Sprintf("subject%d ", i)) {
				v[i] = 1
			}
		}
		if strings.HasPrefix(text, "counter") {
			v[12] = .1
		}
		return v
	}
	rows, docs, queries, err := made.rows(t.Context(), "m", 13, subject)
	expect.NoError(t, err)
	for _, w := range rows {
		for i, first := range w.first {
			if first == set.Queries[i].ID && i != 1 && i != 2 {
				t.Errorf("%s: query %d finds itself first", w.name, i)
			}
		}
	}
	for _, storage := range []flat.Storage{flat.Float32, flat.Int8, flat.Binary} {
		stat, err := made.ndcg(t.Context(), docs, queries, 13, storage)
		expect.NoError(t, err)
		boot, err := metrics.Bootstrap(12, 100, 1, stat)
		expect.NoError(t, err)
		if v := boot.Values[0]; v < .9 {
			t.Errorf("%s: got nDCG@10 of %.2f, want the answers first", storage, v)
		}
	}
}
