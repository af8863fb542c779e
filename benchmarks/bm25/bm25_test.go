package bm25

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/metrics"
	"github.com/vecspace/embedding/internal/expect"
)

func TestSciFact(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so BM25 is not held against its published figures")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "test")
	expect.NoError(t, err)
	var ids, texts []string
	for _, d := range set.Documents {
		ids, texts = append(ids, d.ID), append(texts, d.Embedded())
	}
	x := New(ids, texts)
	var ndcg, recall, ap, rr float64
	n := float64(len(set.Queries))
	for _, q := range set.Queries {
		topic, err := metrics.Judge(x.Search(q.Body, 1000), set.Judged[q.ID])
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

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The Cells of the bodies, glasses!": {"cell", "body", "glasse"},
		"向量检索 API2":                         {"向量", "量检", "检索", "api2"},
		"好 和":                               {"好", "和"},
		" \n":                               nil,
	} {
		if got := Words(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	x := New([]string{"1", "2", "3"}, []string{"red apple", "green apple tree", ""})
	hits := x.Search("apple trees", 10)
	if len(hits) != 2 || hits[0].Doc != "2" || hits[0].Score <= hits[1].Score {
		t.Errorf("%v", hits)
	}
	if hits := x.Search("apple", 1); len(hits) != 1 || hits[0].Doc != "1" {
		t.Errorf("the shorter document is not first: %v", hits)
	}
	if hits := x.Search("nothing", 5); len(hits) != 0 {
		t.Errorf("%v", hits)
	}
}
