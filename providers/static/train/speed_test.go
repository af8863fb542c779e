package train

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

// BenchmarkSTSB embeds the sentences of STS-B's English test set in one call. speed.py starts it on
// one core.
func BenchmarkSTSB(b *testing.B) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		b.Skip("SKIPPED, NOT MEASURED: set EMBEDDING_TESTDATA to the folder with stsb-multi-mt")
	}
	f, err := os.Open(filepath.Join(dir, "stsb-multi-mt", "stsb-en-test.csv"))
	expect.NoError(b, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	expect.NoError(b, err)
	var texts []string
	for _, row := range rows {
		texts = append(texts, row[0], row[1])
	}
	e, err := static.New(static.Options{})
	expect.NoError(b, err)
	if _, err := embedding.Documents(b.Context(), e, texts); err != nil { // the vocabulary is indexed by the first text
		b.Fatalf("got the error %v, want none", err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := embedding.Documents(b.Context(), e, texts); err != nil {
			b.Fatalf("got the error %v, want none", err)
		}
	}
	b.ReportMetric(float64(len(texts))*float64(b.N)/b.Elapsed().Seconds(), "texts/s")
}
