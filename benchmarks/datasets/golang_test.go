package datasets

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestGoLibrary(t *testing.T) {
	root, err := Toolchain()
	expect.NoError(t, err)
	r, err := GoLibrary(root)
	expect.NoError(t, err)
	documents := map[string]Text{}
	for _, d := range r.Documents {
		if _, twice := documents[d.ID]; twice || strings.Contains(d.ID, "internal") || strings.HasPrefix(d.ID, "cmd/") {
			t.Errorf("document %s", d.ID)
		}
		documents[d.ID] = d
	}
	texts := map[string]bool{}
	for _, q := range r.Queries {
		if texts[q.Body] || len(r.Judged[q.ID]) == 0 {
			t.Errorf("query %s is there twice, or has no answer", q.ID)
		}
		texts[q.Body] = true
		for d := range r.Judged[q.ID] {
			if documents[d].ID == "" {
				t.Errorf("query %s is answered by %s, which is no document", q.ID, d)
			}
		}
	}
	if len(documents) < 120 || len(r.Queries) < 1000 || !strings.HasPrefix(r.Name, "go1.") {
		t.Errorf("%s: %d documents, %d queries", r.Name, len(documents), len(r.Queries))
	}
	i := slices.IndexFunc(r.Queries, func(q Text) bool { return q.ID == "strings.Repeat" })
	if i < 0 || !strings.HasPrefix(r.Queries[i].Body, "returns a new string") || r.Judged["strings.Repeat"]["strings"] != 1 {
		t.Error("strings.Repeat is not asked by its first sentence without its name")
	}
	if _, err := GoLibrary(t.TempDir()); err == nil {
		t.Error("an empty folder is a toolchain")
	}
}
