package benchmarks

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/flat"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/static"
)

// shortModel is static:base as if it took texts of 64 tokens. Like many servers, it embeds only the
// beginning of a longer one.
func shortModel(e embedding.Embedder) embedding.Embedder {
	const most = 64
	m := e.Model()
	m.Limits.TextTokens = most
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		texts := make([]string, len(req.Texts))
		for i, text := range req.Texts {
			words := strings.Fields(text)
			n := sort.Search(len(words), func(n int) bool {
				return embedding.EstimateTokens(strings.Join(words[:n+1], " ")) > most
			})
			texts[i] = strings.Join(words[:n], " ")
		}
		return e.Embed(ctx, embedding.Request{Texts: texts, Task: req.Task})
	})
}

// joined returns a set that has n documents of set behind each other as one. It answers what any of
// them answers.
func joined(set *datasets.Retrieval, n int) *datasets.Retrieval {
	out := &datasets.Retrieval{Queries: set.Queries, Judged: map[string]map[string]int{}}
	home := map[string]string{}
	for at := 0; at < len(set.Documents); at += n {
		var bodies []string
		id := fmt.Sprint("joined ", at/n)
		for _, d := range set.Documents[at:min(at+n, len(set.Documents))] {
			bodies = append(bodies, d.Embedded())
			home[d.ID] = id
		}
		out.Documents = append(out.Documents, datasets.Text{ID: id, Body: strings.Join(bodies, "\n")})
	}
	for query, judged := range set.Judged {
		out.Judged[query] = map[string]int{}
		for d, gain := range judged {
			out.Judged[query][home[d]] = max(gain, out.Judged[query][home[d]])
		}
	}
	return out
}

// TestPiecesOfLongDocuments: pieces find what whole documents find, and a model that cuts them does
// not. Its figures are in docs/middleware.md.
func TestPiecesOfLongDocuments(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so Pieces is not held against cutting")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "test")
	expect.NoError(t, err)
	whole, err := static.New(static.Options{})
	expect.NoError(t, err)
	short := shortModel(whole)
	pieces := func(o middleware.PiecesOptions) embedding.Embedder {
		e, err := middleware.Pieces(embedding.Chain(short, middleware.Batch(middleware.BatchOptions{})), o)
		expect.NoError(t, err)
		return e
	}
	for _, n := range []int{1, 4} {
		set := joined(set, n)
		tokens := 0
		for _, d := range set.Documents {
			tokens += embedding.EstimateTokens(d.Body)
		}
		t.Logf("%d abstracts in a document: %d documents of %d tokens", n, len(set.Documents), tokens/len(set.Documents))
		got := map[string]float64{}
		for name, e := range map[string]embedding.Embedder{
			"whole": whole, "cut": short, "pieces": pieces(middleware.PiecesOptions{}), "pieces, overlap 16": pieces(middleware.PiecesOptions{Overlap: 16}),
		} {
			got[name] = ndcgOf(t, e, set)
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			t.Logf("%-18s nDCG@10 %.4f", name, got[name])
		}
		if p, lost := got["pieces"], got["whole"]-got["pieces"]; p < got["cut"]+.05 || lost > .05 {
			t.Errorf("%d abstracts: pieces have %.4f, cutting %.4f, the whole %.4f", n, p, got["cut"], got["whole"])
		}
	}
}

// ndcgOf returns the mean nDCG@10 of e's rankings.
func ndcgOf(t *testing.T, e embedding.Embedder, set *datasets.Retrieval) float64 {
	var ids, docs, queries []string
	for _, d := range set.Documents {
		ids, docs = append(ids, d.ID), append(docs, d.Embedded())
	}
	for _, q := range set.Queries {
		queries = append(queries, q.Body)
	}
	rows, err := embedding.Documents(t.Context(), e, docs)
	expect.NoError(t, err)
	asked, err := e.Embed(t.Context(), embedding.Request{Texts: queries, Task: embedding.TaskQuery})
	expect.NoError(t, err)
	rankings, err := flat.New(ids, rows, len(rows[0])).Search(t.Context(), asked.Vectors, depth)
	expect.NoError(t, err)
	sum := 0.0
	for i, q := range set.Queries {
		topic, err := metrics.Judge(rankings[i], set.Judged[q.ID])
		expect.NoError(t, err)
		sum += topic.NDCG(10)
	}
	return sum / float64(len(set.Queries))
}
