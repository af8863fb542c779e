package benchmarks

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/cranfield"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/internal/expect"
)

// weights are those that bm25.Weight is chosen from.
var weights = []float64{.1, .2, .3, .4, .5, .6, .7, .8, 1, 1.5, 2}

// every returns the queries of a set whose places in it leave this remainder by 2.
func every(set *datasets.Retrieval, remainder int, name string) Task {
	out := *set
	out.Name, out.Queries = name, nil
	for i, q := range set.Queries {
		if i%2 == remainder {
			out.Queries = append(out.Queries, q)
		}
	}
	return Task{Retrieval: &out}
}

// TestFusionWeight chooses the weight of words on development sets, with the project's own BM25,
// and measures it once on test sets:
//
//	EMBEDDING_TESTDATA=DIR go test ./benchmarks -run TestFusionWeight -v
//
// It is the weight with the best mean nDCG@10 of those with which fusion by scores beats both parts
// on every development set, or if there is none, of all. With EMBEDDING_CANDIDATES, a file as of
// LoadCandidates, its candidates count beside static:base; EMBEDDING_ANSWERS is the folder of the
// recorded answers. The figures are in benchmarks/README.md.
func TestFusionWeight(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so the weight of words is not held against labeled data")
	}
	load := func(dir, split, name string) *datasets.Retrieval {
		set, err := datasets.LoadRetrieval(dir, split)
		expect.NoError(t, err)
		set.Name = name
		return set
	}
	made := t.TempDir()
	expect.NoError(t, cranfield.Write(made, filepath.Join(dir, "cranfield")))
	cran := load(made, "", "")
	root, err := datasets.Toolchain()
	expect.NoError(t, err)
	library, err := datasets.GoLibrary(root)
	expect.NoError(t, err)
	scifact := filepath.Join(dir, "scifact")
	tasks := []Task{
		{Retrieval: load(scifact, "train", "SciFact train")}, every(cran, 0, "Cranfield odd"), every(library, 0, "Go odd"),
		{Retrieval: load(scifact, "test", "SciFact test")}, every(cran, 1, "Cranfield even"), every(library, 1, "Go even"),
	}
	const development = 3 // the first ones

	candidates := []Candidate{{Reference: "static:base"}}
	if file := os.Getenv("EMBEDDING_CANDIDATES"); file != "" {
		more, err := LoadCandidates(file)
		expect.NoError(t, err)
		candidates = append(candidates, more...)
	}
	o := Options{Dir: cmp.Or(os.Getenv("EMBEDDING_ANSWERS"), t.TempDir())}.complete()
	expect.NoError(t, os.MkdirAll(o.Dir, 0o700))
	r, err := newRun(tasks, o)
	expect.NoError(t, err)
	var developed, tested []fusions
	for _, candidate := range candidates {
		c := r.enter(candidate)
		expect.NoError(t, c.failure)
		defer c.close()
		for i, task := range r.tasks {
			expect.NoError(t, r.fetch(t.Context(), c, task))
			if i < development {
				developed = append(developed, fusionsOf(t, c, task.retrieval, weights...))
				t.Log(developed[len(developed)-1])
			} else {
				tested = append(tested, fusionsOf(t, c, task.retrieval, bm25.Weight))
			}
		}
	}
	best, means := choose(developed)
	t.Logf("means of the development sets: %s; the weight is %g", listed(means), best)
	if means[bm25.Weight] < means[best]-.5 {
		t.Errorf("bm25.Weight is %g: got a mean of %.2f, want at most half a point less than %.2f of %g",
			bm25.Weight, means[bm25.Weight], means[best], best)
	}
	for i, f := range tested {
		t.Log(f)
		if v := f.scores[bm25.Weight]; i < development && (v < f.ranks || v < max(f.meaning, f.words)-1) { // of static:base
			t.Errorf("got %s: want scores above ranks, and at most a point below either part on any Go version", f)
		}
	}
}

// choose returns the weight to use and the mean of each weight.
func choose(developed []fusions) (best float64, means map[float64]float64) {
	means = map[float64]float64{}
	var beats []float64
	for _, w := range weights {
		all := true
		for _, f := range developed {
			means[w] += f.scores[w] / float64(len(developed))
			all = all && f.scores[w] > max(f.meaning, f.words)
		}
		if all {
			beats = append(beats, w)
		}
	}
	if beats == nil {
		beats = weights
	}
	return slices.MaxFunc(beats, func(a, b float64) int { return cmp.Compare(means[a], means[b]) }), means
}

// fusions holds mean nDCG@10, times 100, of a candidate's rankings of a set.
type fusions struct {
	name                  string
	meaning, words, ranks float64
	scores                map[float64]float64 // by weight
}

func (f fusions) String() string {
	return fmt.Sprintf("%s: meaning %.2f, words %.2f, ranks %.2f, scores %s", f.name, f.meaning, f.words, f.ranks, listed(f.scores))
}

func listed(by map[float64]float64) string {
	var out []string
	for _, w := range slices.Sorted(maps.Keys(by)) {
		out = append(out, fmt.Sprintf("%g: %.2f", w, by[w]))
	}
	return strings.Join(out, " ")
}

func fusionsOf(t *testing.T, c *contender, set *retrievalTask, weights ...float64) fusions {
	t.Helper()
	out := fusions{name: c.name() + ", " + set.Name, scores: map[float64]float64{}}
	docs, queries := set.vectors(c.vector)
	h, ok := c.recording.Heading()
	expect.Equal(t, "recorded", ok, true)
	err := set.nearest(t.Context(), docs, queries, h.Dimensions, func(query int, all []metrics.Hit) {
		gain := func(hits []metrics.Hit) float64 {
			topic, err := metrics.Judge(hits[:min(10, len(hits))], set.Judged[set.Queries[query].ID])
			expect.NoError(t, err)
			return 100 * topic.NDCG(10) / float64(len(set.Queries))
		}
		words := set.words[query]
		out.meaning += gain(all)
		out.words += gain(words)
		out.ranks += gain(fusedByRanks(all[:min(depth, len(all))], words))
		for _, w := range weights {
			out.scores[w] += gain(fusedByScores(all, words, w))
		}
	})
	expect.NoError(t, err)
	return out
}
