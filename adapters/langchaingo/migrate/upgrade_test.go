package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1"
)

// TestUpgrade resumes a migration that an earlier version began. That version was killed while it
// wrote the second block of ten.
func TestUpgrade(t *testing.T) {
	base, err := static.New(static.Options{Model: "base1", Dimensions: 64})
	expect.NoError(t, err)
	asked := 0
	e := embedding.Wrap(base, base.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked += len(req.Texts)
		return base.Embed(ctx, req)
	})
	from := old(25)
	begun := func(to *shelf, dir string) migrate.Plan {
		return migrate.Plan{From: from, To: to, Open: to.open, Journal: filepath.Join(dir, "journal"), Block: 10, Sample: -1}
	}
	dir := upgrade.Copy(t, "v0/migration", func(dir string) {
		expect.NoError(t, os.MkdirAll(dir, 0o755))
		to, writes := &shelf{id: "new"}, 0
		to.write = func(n int) (int, error) {
			if writes++; writes == 2 {
				return 4, errCrash
			}
			return n, nil
		}
		_, killed, err := drain(t.Context(), e, begun(to, dir))
		expect.NoError(t, err)
		expect.Equal(t, "killed", killed, true)
		var docs []collection.Document
		for _, d := range to.docs {
			docs = append(docs, d.Document)
		}
		data, err := json.MarshalIndent(docs, "", "\t")
		expect.NoError(t, err)
		expect.NoError(t, os.WriteFile(filepath.Join(dir, "collection.json"), append(data, '\n'), 0o644))
	})
	data, err := os.ReadFile(filepath.Join(dir, "collection.json"))
	expect.NoError(t, err)
	var docs []collection.Document
	expect.NoError(t, json.Unmarshal(data, &docs))
	to := &shelf{id: "new", made: true}
	for _, d := range docs {
		v, err := embedding.Documents(t.Context(), base, []string{d.PageContent})
		expect.NoError(t, err)
		to.docs = append(to.docs, shelved{d, v[0]})
	}
	expect.Equal(t, "documents of the interrupted migration", len(to.docs), 14)
	now, err := static.New(static.Options{Dimensions: 64})
	expect.NoError(t, err)
	_, _, err = drain(t.Context(), now, begun(to, dir))
	upgrade.Refused(t, err, "static:base1?dimensions=64")

	asked = 0
	r := report(t, e, begun(to, dir))
	expect.Equal(t, "documents moved", r.Moved, 25)
	expect.Equal(t, "documents of the new collection", len(to.docs), 25)
	expect.Equal(t, "texts embedded by the second run", asked, 11)

	expect.NoError(t, os.Truncate(filepath.Join(dir, "journal"), 100))
	_, _, err = drain(t.Context(), e, begun(to, dir))
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "journal")) || errors.Is(err, os.ErrNotExist) {
		t.Errorf("going on with a journal cut short: got %v, want an error that names it", err)
	}
}
