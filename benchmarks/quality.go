package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/flat"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/bm25"
)

// depth is the number of documents in a ranking, as in MTEB.
const depth = 1000

// judge scores a candidate on a task whose texts are all recorded.
func (r *run) judge(ctx context.Context, c *contender, t *madeTask) error {
	h, ok := c.recording.Heading()
	if !ok {
		return errors.New("no text of the task has a vector")
	}
	c.model.Dimensions = h.Dimensions
	c.costs = append(c.costs, r.cost(c, t))
	var points []point
	if !r.NoDimensions {
		points = coarser(c.name(), h.Dimensions)
	}
	step := Progress{Candidate: c.name(), Step: "figures", Total: 1 + len(points)}
	r.Progress(step)
	rows, measure, err := t.measured(ctx, c)
	if err != nil {
		return err
	}
	t.rows = append(t.rows, rows...)
	for _, p := range points {
		step.Done++
		r.Progress(step)
		if p.stat, err = measure(p.dims, p.storage); err != nil {
			return err
		}
		t.points = append(t.points, p)
	}
	step.Done++
	r.Progress(step)
	return nil
}

// measured returns a candidate's rows, and a function for the main metric of its vectors once they
// are cut or stored coarsely.
func (t *madeTask) measured(ctx context.Context, c *contender) ([]row, func(int, flat.Storage) (metrics.Statistic, error), error) {
	dims := c.model.Dimensions
	if t.pairs != nil {
		own, err := t.pairs.score(c.name(), c.name(), report.Model, t.pairs.similarities(c.vector, dims, flat.Float32))
		return []row{own}, func(dims int, s flat.Storage) (metrics.Statistic, error) {
			return metrics.SpearmanOf(t.pairs.similarities(c.vector, dims, s), t.pairs.Gold), ctx.Err()
		}, err
	}
	rows, docs, queries, err := t.retrieval.rows(ctx, c.name(), dims, c.vector)
	return rows, func(dims int, s flat.Storage) (metrics.Statistic, error) {
		return t.retrieval.ndcg(ctx, docs, queries, dims, s)
	}, err
}

// point is the main metric of vectors that are cut or stored coarsely.
type point struct {
	candidate string
	dims      int
	storage   flat.Storage
	stat      metrics.Statistic
}

// coarser returns the points to measure: each storage at full length, then at half of it as long as
// that leaves 32 dimensions.
func coarser(candidate string, dims int) (out []point) {
	for d := dims; d > 0 && (d == dims || d >= 32); d /= 2 {
		for _, s := range []flat.Storage{flat.Float32, flat.Int8, flat.Binary} {
			out = append(out, point{candidate: candidate, dims: d, storage: s})
		}
	}
	return out
}

// row is a row of a task's table, with what its figures are computed from.
type row struct {
	name, candidate, kind string
	fusion                string  // of a fused row
	weight                float64 // of a row fused by scores
	failure               string
	stats                 map[string]metrics.Statistic
	main                  []float64 // main metric by query; for pairs, the error of each pair's rank
	first                 []string  // by query: first document; for pairs, the similarity
}

// vectors returns the vector of a text, nil if the provider refused it.
type vectors func(task embedding.Task, text string) []float32

// retrievalTask is a retrieval set with what all candidates share.
type retrievalTask struct {
	*datasets.Retrieval
	k     int
	w     float64 // the weight of BM25 beside the cosine
	ids   []string
	words [][]metrics.Hit // BM25's rankings
	own   []string        // by query: the ID of the document that it is itself, or ""
	blank int
}

func newRetrieval(set *datasets.Retrieval, k int, w float64) *retrievalTask {
	t := &retrievalTask{Retrieval: set, k: k, w: w, own: own(set)}
	texts := make([]string, len(set.Documents))
	for i, d := range set.Documents {
		t.ids = append(t.ids, d.ID)
		texts[i] = d.Embedded()
		if texts[i] == "" {
			t.blank++
		}
	}
	index := bm25.New(t.ids, texts)
	for i, q := range set.Queries {
		var hits []metrics.Hit
		for _, h := range index.Search(q.Embedded(), depth+1) {
			hits = append(hits, metrics.Hit{Doc: h.ID, Score: h.Score})
		}
		t.words = append(t.words, t.others(i, hits, depth))
	}
	return t
}

// own returns, by query, the ID of the document that is the query itself: the same ID and the same
// text, and no judgment of it. Sets that search among the queries are made so (ArguAna, Quora).
func own(set *datasets.Retrieval) []string {
	documents := map[string]datasets.Text{}
	for _, d := range set.Documents {
		documents[d.ID] = d
	}
	plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	out := make([]string, len(set.Queries))
	for i, q := range set.Queries {
		d, there := documents[q.ID]
		_, judged := set.Judged[q.ID][q.ID]
		text := plain(q.Embedded())
		if there && !judged && (text == plain(d.Body) || text == plain(d.Embedded())) {
			out[i] = q.ID
		}
	}
	return out
}

// itself counts the queries that are documents too.
func (t *retrievalTask) itself() (n int) {
	for _, id := range t.own {
		if id != "" {
			n++
		}
	}
	return n
}

// others returns the first k hits of a query without the query itself.
func (t *retrievalTask) others(query int, hits []metrics.Hit, k int) []metrics.Hit {
	if id := t.own[query]; id != "" {
		hits = slices.DeleteFunc(hits, func(h metrics.Hit) bool { return h.Doc == id })
	}
	return hits[:min(k, len(hits))]
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

// rows returns a candidate's row and the rows of its fusions with BM25, and the vectors.
func (t *retrievalTask) rows(ctx context.Context, name string, dims int, lookup vectors) ([]row, [][]float32, [][]float32, error) {
	docs, queries := t.vectors(lookup)
	var hits, byScores, byRanks [][]metrics.Hit
	err := t.nearest(ctx, docs, queries, dims, func(query int, all []metrics.Hit) {
		near := slices.Clone(all[:min(depth, len(all))])
		hits = append(hits, near)
		byScores = append(byScores, fusedByScores(all, t.words[query], t.w))
		byRanks = append(byRanks, fusedByRanks(near, t.words[query]))
	})
	if err != nil {
		return nil, nil, nil, err
	}
	own, err := t.score(name, name, report.Model, hits)
	if err != nil {
		return nil, nil, nil, err
	}
	scores, err := t.score("BM25 + "+name+" (scores)", name, report.Fused, byScores)
	if err != nil {
		return nil, nil, nil, err
	}
	ranks, err := t.score("BM25 + "+name+" (ranks)", name, report.Fused, byRanks)
	scores.fusion, scores.weight, ranks.fusion = report.ByScores, t.w, report.ByRanks
	return []row{own, scores, ranks}, docs, queries, err
}

// nearest calls found for each query in order with all documents, the nearest first.
func (t *retrievalTask) nearest(ctx context.Context, docs, queries [][]float32, dims int, found func(query int, all []metrics.Hit)) error {
	m, i := flat.New(t.ids, docs, dims), 0
	for some := range slices.Chunk(queries, 6) { // all documents of all queries may not fit into memory
		hits, err := m.Search(ctx, some, len(t.ids))
		if err != nil {
			return err
		}
		for _, all := range hits {
			found(i, t.others(i, all, len(all)))
			i++
		}
	}
	return nil
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

// ndcg returns the main metric of vectors that are cut or stored coarsely.
func (t *retrievalTask) ndcg(ctx context.Context, docs, queries [][]float32, dims int, s flat.Storage) (metrics.Statistic, error) {
	var hits [][]metrics.Hit
	var err error
	switch s {
	case flat.Int8:
		hits, err = flat.NewBytes8(t.ids, docs, dims).Search(ctx, queries, t.k+1)
	case flat.Binary:
		hits, err = flat.NewBits(t.ids, docs, dims).Search(ctx, queries, t.k+1)
	default:
		hits, err = flat.New(t.ids, docs, dims).Search(ctx, queries, t.k+1)
	}
	if err != nil {
		return metrics.Statistic{}, err
	}
	for i := range hits {
		hits[i] = t.others(i, hits[i], t.k)
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
		if a != nil && b != nil { // a refused sentence has similarity 0
			said[i] = s.Similarity(a, b, dims)
		}
	}
	return said
}

// floor scores the share of common n-grams: of three characters, or of two if most of the text is
// Chinese.
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
