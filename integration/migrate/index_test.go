package migrate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

// synced is what a child process syncs.
type synced struct {
	Place  place
	Ledger string
	Parts  int
}

const (
	syncVariable  = "SYNC_TASK"
	atOnce, texts = 4, 10 // requests at once, and texts of each
)

// sync makes the collection hold so many parts of a file. Every text that is embedded is a line of
// the ledger.
func (k synced) sync(t *testing.T, file string) index.Result {
	t.Helper()
	e, err := providers.Open(after)
	expect.NoError(t, err)
	ledger, err := os.OpenFile(k.Ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	expect.NoError(t, err)
	defer ledger.Close()
	billed := embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		for _, text := range req.Texts {
			fmt.Fprintf(ledger, "%q\n", text)
		}
		fmt.Println("step")
		return e.Embed(ctx, req)
	})
	s, err := k.Place.guarded(billed)
	expect.NoError(t, err)
	c, err := k.Place.reader()
	expect.NoError(t, err)
	batch := middleware.Batch(middleware.BatchOptions{Parallel: atOnce, Limits: embedding.Limits{Texts: texts}})
	x, err := index.New(embedding.Chain(billed, batch), s, c.(collection.Index))
	expect.NoError(t, err)
	docs := make([]schema.Document, k.Parts)
	for i := range docs {
		docs[i] = schema.Document{PageContent: text(i), Metadata: map[string]any{"file": file, "quote": `it's "so"`, "part": i}}
	}
	r, err := index.Sync(t.Context(), x, "folder", docs)
	expect.NoError(t, err)
	return r
}

// paid returns the lines of the ledger.
func (k synced) paid(t *testing.T) (all int, distinct int) {
	t.Helper()
	data, err := os.ReadFile(k.Ledger)
	expect.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	slices.Sort(lines)
	return len(lines), len(slices.Compact(slices.Clone(lines)))
}

// TestSyncChild is the process that TestSyncKilled kills.
func TestSyncChild(t *testing.T) {
	data := os.Getenv(syncVariable)
	if data == "" {
		t.Skip("TestSyncKilled starts it")
	}
	var k synced
	expect.NoError(t, json.Unmarshal([]byte(data), &k))
	k.sync(t, "a.md")
}

// TestSyncKilled: a process that syncs is killed at random moments. At the end every document is
// there once, with its metadata; only what was under way is paid for again, and nothing when the
// file is renamed.
func TestSyncKilled(t *testing.T) {
	for kind, url := range map[string]func(t *testing.T) string{
		"pgvector": func(t *testing.T) string { return servers.Postgres(t).URL },
		"chroma":   func(t *testing.T) string { return servers.Chroma(t).URL },
	} {
		t.Run(kind, func(t *testing.T) {
			k := synced{Place: place{Kind: kind, URL: url(t), Collection: "synced"}, Ledger: filepath.Join(t.TempDir(), "ledger"), Parts: documents}
			data, err := json.Marshal(k)
			expect.NoError(t, err)
			const kills = 6
			for range kills {
				c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSyncChild$")
				c.Env = append(os.Environ(), syncVariable+"="+string(data))
				out, err := c.StdoutPipe()
				expect.NoError(t, err)
				expect.NoError(t, c.Start())
				step, last := 0, 1+rand.IntN(documents/texts/4)
				for lines := bufio.NewScanner(out); lines.Scan(); {
					if step++; step == last {
						time.Sleep(rand.N(20 * time.Millisecond)) // somewhere in a block
						_ = c.Process.Kill()
					}
				}
				_ = c.Wait()
			}
			k.sync(t, "a.md")
			again := k.sync(t, "a.md") // takes away what a dying process wrote after the others had looked
			if again.Added != 0 || again.Kept != documents {
				t.Errorf("got %v, want all %d kept", again, documents)
			}
			k.check(t, "a.md")
			before, distinct := k.paid(t)
			if distinct != documents || before > documents+atOnce*texts*kills {
				t.Errorf("%d texts were paid for, %d of them distinct; want %d and at most %d more for each kill", before, distinct, documents, atOnce*texts)
			}
			if r := k.sync(t, "b.md"); r.Added != documents || r.Deleted != documents {
				t.Errorf("got %v after a rename, want all written anew", r)
			}
			k.check(t, "b.md")
			k.Parts = 700
			expect.Equal(t, "the report", k.sync(t, "b.md").String(), "0 added, 700 kept, 500 deleted")
			k.check(t, "b.md")
			if now, _ := k.paid(t); now != before {
				t.Errorf("%d texts were paid for after a rename and a cut, want none", now-before)
			}
		})
	}
}

// check compares the collection with what was synced last, and its vectors with the model's.
func (k synced) check(t *testing.T, file string) {
	t.Helper()
	reader, err := k.Place.reader()
	expect.NoError(t, err)
	e, err := providers.Open(after)
	expect.NoError(t, err)
	texts := map[string]string{} // by ID
	seen := map[string]bool{}
	for d, err := range reader.Documents(t.Context(), "") {
		expect.NoError(t, err)
		if seen[d.PageContent] || d.Metadata["file"] != file || d.Metadata["quote"] != `it's "so"` || d.Metadata[collection.SourceKey] != "folder" {
			t.Errorf("got the document %s, twice: %v, with %v", d.ID, seen[d.PageContent], d.Metadata)
		}
		seen[d.PageContent], texts[d.ID] = true, d.PageContent
	}
	expect.Equal(t, "documents", len(seen), k.Parts)
	ids := slices.Sorted(maps.Keys(texts))[:50]
	had, err := reader.(collection.Index).Vectors(t.Context(), append(ids, "00000000-0000-0000-0000-000000000000"))
	expect.NoError(t, err)
	for _, id := range ids {
		want, err := embedding.Documents(t.Context(), e, []string{texts[id]})
		expect.NoError(t, err)
		if len(had[id]) != len(want[0]) || embedding.Cosine(had[id], want[0]) < 0.9999 {
			t.Errorf("the document %s has another vector than the model gives its text", id)
		}
	}
}
