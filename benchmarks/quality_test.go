package benchmarks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/benchmarks/datasets"
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
