package benchmarks

import (
	"context"
	"fmt"
	"unicode"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/bm25"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/flat"
	"github.com/vecspace/embedding/benchmarks/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
)

// depth is how many documents a ranking holds: MTEB's figure.
const depth = 1000

// row is one line of a task's table in the making: the figures' statistics, and the values by topic they are made of.
type row struct {
	name, candidate, kind string
	failure               string
	stats                 map[string]metrics.Statistic
	main                  []float64 // the main metric by topic; of pairs the error of each pair's rank
	first                 []string  // by topic: the id of what was ranked first; of pairs the similarity in words
}

// vectors looks up the vector of a text; nil where the provider refused it.
type vectors func(task embedding.Task, text string) []float32

// retrievalTask is a retrieval set with what all candidates share.
type retrievalTask struct {
	*datasets.Retrieval
	k     int
	ids   []string
	words [][]metrics.Hit // BM25's rankings
	blank int
}

func newRetrieval(set *datasets.Retrieval, k int) *retrievalTask {
	t := &retrievalTask{Retrieval: set, k: k}
	texts := make([]string, len(set.Documents))
	for i, d := range set.Documents {
		t.ids = append(t.ids, d.ID)
		texts[i] = d.Embedded()
		if texts[i] == "" {
			t.blank++
		}
	}
	index := bm25.New(t.ids, texts)
	for _, q := range set.Queries {
		t.words = append(t.words, index.Search(q.Embedded(), depth))
	}
	return t
}

func (t *retrievalTask) metrics() []string {
	return []string{
		at("nDCG", t.k), at("recall", t.k), at("recall", 100), at("MRR", t.k), "MAP", at("P", t.k), at("hit", t.k),
	}
}

func at(name string, k int) string { return fmt.Sprintf("%s@%d", name, k) }

// score judges the rankings of all queries.
func (t *retrievalTask) score(name, candidate, kind string, rankings [][]metrics.Hit) (row, error) {
	r := row{name: name, candidate: candidate, kind: kind, stats: map[string]metrics.Statistic{}}
	values := map[string][]float64{}
	for i, q := range t.Queries {
		topic, err := metrics.Judge(rankings[i], t.Judged[q.ID])
		if err != nil {
			return row{}, err
		}
		for name, v := range map[string]float64{
			at("nDCG", t.k):   topic.NDCG(t.k),
			at("recall", t.k): topic.Recall(t.k),
			at("recall", 100): topic.Recall(100),
			at("MRR", t.k):    topic.ReciprocalRank(t.k),
			"MAP":             topic.AveragePrecision(0),
			at("P", t.k):      topic.Precision(t.k),
			at("hit", t.k):    topic.Hit(t.k),
		} {
			values[name] = append(values[name], v)
		}
		first := ""
		if len(rankings[i]) > 0 {
			first = rankings[i][0].Doc
		}
		r.first = append(r.first, first)
	}
	for name, v := range values {
		r.stats[name] = metrics.Mean(v)
	}
	r.main = values[at("nDCG", t.k)]
	return r, nil
}

// rows are those of a candidate: its own and fused with BM25.
func (t *retrievalTask) rows(ctx context.Context, name string, dims int, lookup vectors) ([]row, [][]float32, [][]float32, error) {
	docs, queries := t.vectors(lookup)
	hits, err := flat.New(t.ids, docs, dims).Search(ctx, queries, depth)
	if err != nil {
		return nil, nil, nil, err
	}
	own, err := t.score(name, name, report.Model, hits)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range hits {
		fused := metrics.Fuse(60, t.words[i], hits[i])
		hits[i] = fused[:min(depth, len(fused))]
	}
	fused, err := t.score("BM25 + "+name, name, report.Fused, hits)
	return []row{own, fused}, docs, queries, err
}

func (t *retrievalTask) vectors(lookup vectors) (docs, queries [][]float32) {
	for _, d := range t.Documents {
		docs = append(docs, lookup(embedding.TaskDocument, d.Embedded()))
	}
	for _, q := range t.Queries {
		queries = append(queries, lookup(embedding.TaskQuery, q.Embedded()))
	}
	return docs, queries
}

// ndcg is the statistic of the main metric where vectors are cut and stored coarsely.
func (t *retrievalTask) ndcg(ctx context.Context, docs, queries [][]float32, dims int, s flat.Storage) (metrics.Statistic, error) {
	var hits [][]metrics.Hit
	var err error
	switch s {
	case flat.Int8:
		hits, err = flat.NewBytes8(t.ids, docs, dims).Search(ctx, queries, t.k)
	case flat.Binary:
		hits, err = flat.NewBits(t.ids, docs, dims).Search(ctx, queries, t.k)
	default:
		hits, err = flat.New(t.ids, docs, dims).Search(ctx, queries, t.k)
	}
	if err != nil {
		return nil, err
	}
	r, err := t.score("", "", "", hits)
	return r.stats[at("nDCG", t.k)], err
}

// pairsTask is a list of sentence pairs.
type pairsTask struct{ *datasets.Pairs }

func (t pairsTask) metrics() []string { return []string{"Spearman", "Pearson"} }

func (t pairsTask) score(name, candidate, kind string, said []float64) (row, error) {
	if _, err := metrics.Spearman(said, t.Gold); err != nil {
		return row{}, err
	}
	r := row{name: name, candidate: candidate, kind: kind, stats: map[string]metrics.Statistic{
		"Spearman": metrics.SpearmanOf(said, t.Gold),
		"Pearson":  metrics.PearsonOf(said, t.Gold),
	}}
	x, y := metrics.Ranks(said), metrics.Ranks(t.Gold)
	n := float64(len(said))
	for i := range said {
		r.main = append(r.main, 1-max(x[i]-y[i], y[i]-x[i])/n)
		r.first = append(r.first, fmt.Sprintf("%.3f, rank %.0f of %.0f", said[i], n+1-x[i], n))
	}
	return r, nil
}

func (t pairsTask) similarities(lookup vectors, dims int, s flat.Storage) []float64 {
	said := make([]float64, len(t.Gold))
	for i := range said {
		a, b := lookup(embedding.TaskSimilarity, t.First[i]), lookup(embedding.TaskSimilarity, t.Second[i])
		if a != nil && b != nil { // a refused sentence is like nothing
			said[i] = s.Similarity(a, b, dims)
		}
	}
	return said
}

// floor is the similarity by shared n-grams: of three characters, of two where most of the text is Chinese.
func (t pairsTask) floor() (row, error) {
	letters, han := 0, 0
	for _, s := range t.First {
		for _, r := range s {
			if unicode.IsLetter(r) {
				letters++
			}
			if unicode.Is(unicode.Han, r) {
				han++
			}
		}
	}
	n := 3
	if han*2 > letters {
		n = 2
	}
	said := make([]float64, len(t.Gold))
	for i := range said {
		said[i] = metrics.Jaccard(t.First[i], t.Second[i], n)
	}
	return t.score(fmt.Sprintf("%d-grams in common", n), "", report.Floor, said)
}
