package migrate_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// shelf is a vector store and the reader of its only collection. Its content survives the crash of
// a run.
type shelf struct {
	id    string
	made  bool
	docs  []shelved
	e     embeddings.Embedder
	write func(docs int) (keep int, err error) // decides about a write; nil keeps all
	after func()                               // runs when a write is stored
	bad   func(schema.Document) bool           // fails a write that has one, of which nothing is kept; may be nil
}

type shelved struct {
	collection.Document
	vector []float32
}

var errCrash = errors.New("killed")

func (s *shelf) open(e embedding.Embedder) (vectorstores.VectorStore, error) {
	s.e, s.made = langchaingo.New(e), true
	return s, nil
}

func (s *shelf) AddDocuments(ctx context.Context, docs []schema.Document, _ ...vectorstores.Option) ([]string, error) {
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	vectors, err := s.e.EmbedDocuments(ctx, texts)
	if err != nil {
		return nil, err
	}
	keep := len(docs)
	if s.bad != nil && slices.ContainsFunc(docs, s.bad) {
		return nil, errors.New("the store cannot write this")
	}
	if s.write != nil {
		keep, err = s.write(len(docs))
	}
	if fault := ctx.Err(); fault != nil {
		return nil, fault
	}
	for i, d := range docs[:keep] {
		id := fmt.Sprintf("%s-%06d", s.id, len(s.docs))
		s.docs = append(s.docs, shelved{collection.Document{ID: id, Position: id, Document: d}, vectors[i]})
	}
	if err == errCrash {
		panic(errCrash)
	}
	if s.after != nil {
		s.after()
	}
	return make([]string, len(docs)), err
}

func (s *shelf) SimilaritySearch(ctx context.Context, query string, k int, _ ...vectorstores.Option) ([]schema.Document, error) {
	v, err := s.e.EmbedQuery(ctx, query)
	if err != nil {
		return nil, err
	}
	var out []schema.Document
	for _, d := range s.docs {
		found := d.Document.Document
		found.Score = embedding.Cosine(v, d.vector)
		out = append(out, found)
	}
	slices.SortStableFunc(out, func(a, b schema.Document) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	return out[:min(k, len(out))], nil
}

func (s *shelf) Describe(context.Context) (collection.Description, error) {
	d := collection.Description{Name: "the shelf " + s.id}
	if !s.made {
		return d, nil
	}
	d.ID, d.Documents = "shelf:"+s.id, len(s.docs)
	for _, x := range s.docs {
		if n := len(x.vector); n > 0 && !slices.Contains(d.Dimensions, n) {
			d.Dimensions = append(d.Dimensions, n)
		}
	}
	slices.Sort(d.Dimensions)
	return d, nil
}

func (s *shelf) Documents(_ context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		for _, d := range s.docs {
			if d.Position > after && !yield(d.Document, nil) {
				return
			}
		}
	}
}

// old returns a shelf of n documents of an old model.
func old(n int) *shelf {
	s := &shelf{id: "old", made: true}
	for i := range n {
		id := fmt.Sprintf("old-%06d", i)
		s.docs = append(s.docs, shelved{collection.Document{ID: id, Position: id, Document: schema.Document{
			PageContent: "text " + strconv.Itoa(i), Metadata: map[string]any{"page": i, store.Key: "old/model@4", store.VariantKey: `document="old: "`},
		}}, make([]float32, 4)})
	}
	return s
}

func plan(t interface{ TempDir() string }, from collection.Reader, to *shelf) migrate.Plan {
	return migrate.Plan{From: from, To: to, Open: to.open, Journal: filepath.Join(t.TempDir(), "journal"), Block: 10, Sample: 5}
}

// drain runs a plan to its end, or until it is killed.
func drain(ctx context.Context, e embedding.Embedder, p migrate.Plan) (steps []migrate.Step, killed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != errCrash {
				panic(p)
			}
			killed = true
		}
	}()
	for step, fault := range migrate.Run(ctx, e, p) {
		if fault != nil {
			return steps, false, fault
		}
		steps = append(steps, step)
	}
	return steps, false, nil
}

// report runs a plan that must succeed.
func report(t testing.TB, e embedding.Embedder, p migrate.Plan) *migrate.Report {
	t.Helper()
	steps, _, err := drain(context.Background(), e, p)
	expect.NoError(t, err)
	r := steps[len(steps)-1].Report
	if r == nil {
		t.Fatal("the last step has no report")
	}
	return r
}

// complete checks that every document of from which is not bad is in to once, with its own vector
// and metadata.
func complete(t expect.T, from, to *shelf, f *embedtest.Fake, bad func(string) bool) {
	t.Helper()
	there := map[string]int{}
	for _, d := range to.docs {
		id, _ := d.Metadata[migrate.SourceKey].(string)
		there[id]++
		expect.Equal(t, id+", vector", d.vector, f.Vector(embedding.TaskDocument, d.PageContent))
		if d.Metadata[store.Key] != string(f.Model().Space) || d.Metadata[store.VariantKey] != cmp.Or(f.Model().DocumentVariant(), "none") {
			t.Errorf("%s is stamped %v and %v", id, d.Metadata[store.Key], d.Metadata[store.VariantKey])
		}
	}
	for i, d := range from.docs {
		want := 1
		if bad != nil && bad(d.PageContent) {
			want = 0
		}
		expect.Equal(t, d.ID+", times there", there[d.ID], want)
		if d.Metadata["page"] != i || d.Metadata[store.Key] != "old/model@4" {
			t.Errorf("%s was changed in the source: %v", d.ID, d.Metadata)
		}
		delete(there, d.ID)
	}
	expect.Equal(t, "documents from nowhere", len(there), 0)
}
