package benchmarks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/flat"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
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
	rankings := newRetrieval(set, 10).words
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

// A fused row has both rankings in it: what words find first is first, whatever the model says.
func TestFusedRow(t *testing.T) {
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, fake("a", nil))
	own, fused := find(t, r, "tiny", "a").Scores["nDCG@10"].Value, find(t, r, "tiny", "BM25 + a").Scores["nDCG@10"].Value
	if own > .6 || fused != 1 {
		t.Errorf("the model alone %v, fused %v", own, fused)
	}
	if row := find(t, r, "tiny", "BM25 + a"); row.Scores["recall@100"].Value != 1 || row.Kind != report.Fused || row.Candidate != "a" {
		t.Errorf("got %+v, want recall@100 of 1 in a fused row of a", row)
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
	made := newRetrieval(set, 10)
	for i, want := range []string{"q0", "", "", "q3"} {
		if made.own[i] != want {
			t.Errorf("query %d: got %q as the query itself, want %q", i, made.own[i], want)
		}
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
