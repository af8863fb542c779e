// Package migrate_test moves collections between real servers. It kills the moving process and the
// servers in the middle.
package migrate_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	chromatypes "github.com/amikos-tech/chroma-go/types"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/chroma"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
)

const (
	documents = 1200
	block     = 50
	before    = "static:base"
	after     = "static:base?dimensions=128"
)

// place is a collection on a server.
type place struct {
	Kind, URL, Collection string
}

func (p place) reader() (collection.Reader, error) {
	if p.Kind == "chroma" {
		return migrate.Chroma(migrate.ChromaOptions{URL: p.URL, Collection: p.Collection}), nil
	}
	db, err := sql.Open("pgx", p.URL)
	return migrate.PGVector(db, migrate.PGVectorOptions{Collection: p.Collection}), err
}

func (p place) open(e embeddings.Embedder) (vectorstores.VectorStore, error) {
	if p.Kind == "chroma" {
		return chroma.New(chroma.WithChromaURL(p.URL), chroma.WithNameSpace(p.Collection), chroma.WithEmbedder(e), chroma.WithDistanceFunction(chromatypes.COSINE))
	}
	return pgvector.New(context.Background(), pgvector.WithConnectionURL(p.URL), pgvector.WithCollectionName(p.Collection), pgvector.WithEmbedder(e))
}

// guarded opens the collection as a program should.
func (p place) guarded(e embedding.Embedder) (vectorstores.VectorStore, error) {
	return store.New(context.Background(), e, p.open, store.Options{Score: store.Cosine})
}

// task is what a child process does.
type task struct {
	From, To        place
	Journal, Ledger string
	Crash           string // where the process kills itself: "embedded" or "written"
	At              int    // at which block of its run
}

func (k task) plan(t *testing.T) migrate.Plan {
	t.Helper()
	from, err := k.From.reader()
	expect.NoError(t, err)
	to, err := k.To.reader()
	expect.NoError(t, err)
	return migrate.Plan{From: from, To: to, Journal: k.Journal, Block: block, Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
		s, err := k.To.guarded(e)
		return &dying{VectorStore: s, task: k}, err
	}}
}

// embedder is the new model. It writes what it was paid for to a file that survives the process.
func (k task) embedder(t *testing.T) embedding.Embedder {
	t.Helper()
	e, err := providers.Open(after)
	expect.NoError(t, err)
	ledger, err := os.OpenFile(k.Ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	expect.NoError(t, err)
	t.Cleanup(func() { ledger.Close() })
	calls := 0
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := e.Embed(ctx, req)
		var bill strings.Builder
		for i, v := range embedding.Salvage(res, err).Vectors {
			if v != nil {
				fmt.Fprintf(&bill, "%q\n", req.Texts[i])
			}
		}
		if _, err := ledger.WriteString(bill.String()); err != nil {
			return embedding.Response{}, err
		}
		if calls++; k.Crash == "embedded" && calls == k.At {
			die()
		}
		return res, err
	})
}

// dying is a store whose process ends as soon as a write is done.
type dying struct {
	vectorstores.VectorStore
	task   task
	writes int
}

func (d *dying) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	ids, err := d.VectorStore.AddDocuments(ctx, docs, options...)
	if d.writes++; err == nil && d.task.Crash == "written" && d.writes == d.task.At {
		die()
	}
	return ids, err
}

func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal is there
}

const taskVariable = "MIGRATE_TASK"

// TestChild is not a test of its own: it is the process that the others start and kill.
func TestChild(t *testing.T) {
	data := os.Getenv(taskVariable)
	if data == "" {
		t.Skip("the others start it")
	}
	var k task
	expect.NoError(t, json.Unmarshal([]byte(data), &k))
	for step, err := range migrate.Run(t.Context(), k.embedder(t), k.plan(t)) {
		expect.NoError(t, err)
		fmt.Println("step", step)
		if step.Report != nil {
			fmt.Println("report", step.Report.Moved, step.Report.Rejected, step.Report.Searched)
		}
	}
}

// child runs a task in a process of its own and kills it after so many steps; 0 means never. It
// returns the number of steps that it saw.
func (k task) child(t *testing.T, kill int) (steps int, report string) {
	t.Helper()
	data, err := json.Marshal(k)
	expect.NoError(t, err)
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), taskVariable+"="+string(data))
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	expect.NoError(t, err)
	var all strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&all, lines.Text())
		if strings.HasPrefix(lines.Text(), "step ") {
			if steps++; steps == kill {
				c.Process.Kill()
			}
		}
		if line, ok := strings.CutPrefix(lines.Text(), "report "); ok {
			report = line
		}
	}
	err = c.Wait()
	killed := false
	if status, ok := errors.AsType[*exec.ExitError](err); ok {
		ws, ok := status.Sys().(syscall.WaitStatus)
		killed = ok && ws.Signaled()
	}
	if wanted := kill > 0 || k.Crash != ""; killed != wanted || !wanted && err != nil {
		t.Fatalf("killed: %v, want %v; %v\n%s", killed, wanted, err, &all)
	}
	return steps, report
}

// fill makes a collection of the old model: texts in several languages, metadata, and one document
// that no model embeds.
func fill(t *testing.T, p place, n int) {
	t.Helper()
	e, err := providers.Open(before)
	expect.NoError(t, err)
	s, err := p.open(blank{langchaingo.New(e)})
	expect.NoError(t, err)
	all := make([]schema.Document, n)
	for i := range all {
		all[i] = schema.Document{PageContent: text(i), Metadata: map[string]any{"page": i, "lang": i % len(sentences), store.Key: string(e.Model().Space)}}
	}
	all[77].PageContent = " "
	for at := 0; at < n; at += 400 {
		_, err := s.AddDocuments(t.Context(), all[at:min(at+400, n)])
		expect.NoError(t, err)
	}
}

// blank gives a blank text the vector of a word, as careless models do.
type blank struct{ *langchaingo.Embedder }

func (b blank) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	texts = append([]string(nil), texts...)
	for i := range texts {
		if strings.TrimSpace(texts[i]) == "" {
			texts[i] = "blank"
		}
	}
	return b.Embedder.EmbedDocuments(ctx, texts)
}

var sentences = []string{"The cat number %d sleeps on sofa %d.", "第%d号数据库存储了%d个向量。", "Die Zinsen stiegen um %d auf %d Punkte.", "Le vélo %d est réparé à l'atelier %d.", "Кот %d спит на диване %d."}

func text(i int) string { return fmt.Sprintf(sentences[i%len(sentences)], i, i*7919%104729) }

// check compares the new collection with the old one's input, and the bill with what the migration
// had to buy.
func (k task) check(t *testing.T, lost int) {
	t.Helper()
	e, err := providers.Open(after)
	expect.NoError(t, err)
	reader, err := k.To.reader()
	expect.NoError(t, err)
	there := map[string]int{}
	for d, err := range reader.Documents(t.Context(), "") {
		expect.NoError(t, err)
		there[d.PageContent]++
		i, _ := d.Metadata["page"].(int64)
		if d.PageContent != text(int(i)) || d.Metadata[store.Key] != string(e.Model().Space) || d.Metadata[migrate.SourceKey] == nil {
			t.Fatalf("%q has the metadata %v", d.PageContent, d.Metadata)
		}
	}
	ledger, err := os.ReadFile(k.Ledger)
	expect.NoError(t, err)
	paid, total := map[string]int{}, 0
	for line := range strings.Lines(string(ledger)) {
		var s string
		if _, err := fmt.Sscanf(line, "%q\n", &s); err != nil {
			t.Fatalf("the ledger's line %q: got the error %v, want none", line, err)
		}
		paid[s]++
		total++
	}
	for i := range documents {
		if i == 77 {
			continue
		}
		if there[text(i)] != 1 || paid[text(i)] < 1 {
			t.Errorf("document %d is there %d times and was paid for %d times", i, there[text(i)], paid[text(i)])
		}
	}
	const sample = 20
	if len(there) != documents-1 || total > documents-1+sample+lost {
		t.Errorf("%d documents, %d texts paid for, want at most %d: once each, the sample of %d, and %d that were embedded and not written when a process was killed",
			len(there), total, documents-1+sample+lost, sample, lost)
	}
	t.Logf("%d texts, %d paid for: %d more than once each and the sample", documents-1, total, total-(documents-1)-sample)
	s, err := k.To.guarded(e)
	expect.NoError(t, err)
	missed := 0
	for range 20 {
		i := rand.IntN(documents)
		if i == 77 {
			continue
		}
		found, err := s.SimilaritySearch(t.Context(), text(i), 10)
		if err != nil || len(found) != 10 {
			t.Fatalf("%d documents, %v", len(found), err)
		}
		if found[0].Score < 0.999 { // the numbers of two documents may be the same words to the model
			missed++
		}
	}
	if missed > 1 { // Chroma's index is approximate: it missed 3 of 19,200 such searches
		t.Errorf("%d of 20 searches for a document's own text found nothing like it", missed)
	}
}

func pair(t *testing.T, from, to string) task {
	t.Helper()
	dir := t.TempDir()
	k := task{From: place{Kind: from, Collection: "notes"}, To: place{Kind: to, Collection: "notes-new"}, Journal: filepath.Join(dir, "journal"), Ledger: filepath.Join(dir, "ledger")}
	urls := map[string]string{}
	for _, p := range []*place{&k.From, &k.To} {
		if urls[p.Kind] == "" {
			if p.Kind == "chroma" {
				urls[p.Kind] = servers.Chroma(t).URL
			} else {
				urls[p.Kind] = servers.Postgres(t).URL
			}
		}
		p.URL = urls[p.Kind]
	}
	fill(t, k.From, documents)
	return k
}

// TestKilledProcess: a process is killed at the worst points and at random ones, and later
// processes finish the migration.
func TestKilledProcess(t *testing.T) {
	for _, kind := range []string{"pgvector", "chroma"} {
		t.Run(kind, func(t *testing.T) {
			k := pair(t, kind, kind)
			k.Crash, k.At = "embedded", 4 // the fourth block is embedded and not written
			k.child(t, 0)
			k.Crash, k.At = "written", 5 // the fifth of this run is written and not checked off
			k.child(t, 0)
			k.Crash = ""
			if steps, _ := k.child(t, 3); steps > documents/block-8 {
				t.Logf("the kill came late, after %d steps", steps)
			}
			steps, report := k.child(t, 0)
			if report != fmt.Sprintf("%d 1 20", documents-1) || steps < 2 {
				t.Errorf("%d steps, %s", steps, report)
			}
			k.check(t, 2*block) // the kill by the test may also have come between the two
		})
	}
}

// TestBetweenStores moves a collection from one kind of store to another. It also moves one onto
// itself, which is refused.
func TestBetweenStores(t *testing.T) {
	k := pair(t, "pgvector", "chroma")
	if _, report := k.child(t, 0); report != fmt.Sprintf("%d 1 20", documents-1) {
		t.Errorf("report: got %q, want %q", report, fmt.Sprintf("%d 1 20", documents-1))
	}
	k.check(t, 0)
	back := k
	back.From, back.To = k.To, k.From
	back.To.Collection = "notes-back"
	back.Journal, back.Ledger = k.Journal+"2", k.Ledger+"2"
	if _, report := back.child(t, 0); report != fmt.Sprintf("%d 0 20", documents-1) {
		t.Errorf("report: got %q, want %q", report, fmt.Sprintf("%d 0 20", documents-1))
	}
	back.check(t, 0)

	for name, c := range map[string]struct {
		change func(*task)
		want   string
	}{
		"onto itself": {func(k *task) { k.To = k.From }, "are one"},
		"into the collection of another model": {func(k *task) {
			k.From, k.To = k.To, k.From
			k.Journal += "3"
		}, "cannot be compared"},
		"a second time":                {func(k *task) { k.Journal += "4" }, "is new: use an empty collection"},
		"into another, by one journal": {func(k *task) { k.To.Collection = "notes-other" }, "is of another new collection"},
		"from nowhere":                 {func(k *task) { k.From.Collection = "nothing" }, "is not there"},
	} {
		refused := k
		c.change(&refused)
		for _, err := range migrate.Run(t.Context(), refused.embedder(t), refused.plan(t)) {
			expect.Says(t, name, err, c.want)
			break
		}
	}
}

// TestKilledServer: the server of the new collection dies between two blocks. The run ends with an
// error, and the next run continues.
func TestKilledServer(t *testing.T) {
	for _, kind := range []string{"pgvector", "chroma"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			source, s := servers.Postgres(t), (*servers.Server)(nil)
			if kind == "chroma" {
				s = servers.Chroma(t)
			} else {
				s = servers.Postgres(t)
			}
			k := task{
				From: place{"pgvector", source.URL, "notes"}, To: place{kind, s.URL, "notes-new"},
				Journal: filepath.Join(dir, "journal"), Ledger: filepath.Join(dir, "ledger"),
			}
			fill(t, k.From, documents)
			var last error
			steps := 0
			for _, err := range migrate.Run(t.Context(), k.embedder(t), k.plan(t)) {
				last = err
				if steps++; steps == 5 {
					s.Kill(t)
				}
			}
			if last == nil || steps != 6 || !strings.Contains(last.Error(), "migrate: ") {
				t.Fatalf("%d steps, %v", steps, last)
			}
			s.Start(t)
			if _, report := k.child(t, 0); report != fmt.Sprintf("%d 1 20", documents-1) {
				t.Errorf("report: got %q, want %q", report, fmt.Sprintf("%d 1 20", documents-1))
			}
			k.check(t, block)
		})
	}
}

func docs(texts ...string) []schema.Document {
	out := make([]schema.Document, len(texts))
	for i, text := range texts {
		out[i].PageContent = text
	}
	return out
}
