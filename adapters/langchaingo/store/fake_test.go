package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// collection is what several fakes may have open: a server's.
type collection struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	doc    schema.Document
	vector []float32
}

// fake is a vector store with the faults of langchaingo's stores. Faults that are not set are
// absent.
type fake struct {
	*collection
	e embeddings.Embedder

	score          func(cosine float64) float64
	dropsNegative  bool // chroma
	queryAsDoc     bool // chroma
	panicsOnEmpty  bool // redisvector, milvus
	editsMetadata  bool // redisvector
	passesOver     bool // pgvector: a search sees its own dimensions only
	refusesOther   bool // redisvector, chroma, milvus: so does a search, with an error
	forgetsContext bool
	noIDs          bool           // milvus
	loses          bool           // weaviate: nothing is stored, without an error
	failsAfter     int            // documents, 0 never
	missing        bool           // a search is an error before the first add
	before         func(*fake)    // the write
	options        map[string]any // those that were passed
	single         bool           // asks for one vector after the other
}

func (f *fake) AddDocuments(ctx context.Context, docs []schema.Document, opts ...vectorstores.Option) ([]string, error) {
	f.see(opts)
	if f.panicsOnEmpty {
		_ = docs[0]
	}
	if f.forgetsContext {
		ctx = context.Background()
	}
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	vectors, err := f.embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	if f.before != nil {
		f.before(f)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make([]string, len(docs))
	for i, d := range docs {
		if f.failsAfter > 0 && i == f.failsAfter {
			return nil, errors.New("connection lost")
		}
		if f.editsMetadata {
			d.Metadata["content_vector"] = vectors[i]
		}
		if !f.loses {
			f.rows = append(f.rows, row{d, vectors[i]})
		}
		ids[i] = fmt.Sprintf("id of %s", d.PageContent)
	}
	if f.noIDs {
		return nil, nil
	}
	return ids, nil
}

func (f *fake) embed(ctx context.Context, texts []string) ([][]float32, error) {
	if !f.single {
		return f.e.EmbedDocuments(ctx, texts)
	}
	var out [][]float32
	for _, text := range texts {
		one, err := f.e.EmbedDocuments(ctx, []string{text})
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func (f *fake) SimilaritySearch(ctx context.Context, query string, n int, opts ...vectorstores.Option) ([]schema.Document, error) {
	o := f.see(opts)
	var q []float32
	var err error
	if f.queryAsDoc {
		var rows [][]float32
		if rows, err = f.e.EmbedDocuments(ctx, []string{query}); err == nil {
			q = rows[0]
		}
	} else {
		q, err = f.e.EmbedQuery(ctx, query)
	}
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing && len(f.rows) == 0 {
		return nil, errors.New("no such thing")
	}
	type hit struct {
		doc    schema.Document
		cosine float64
	}
	var hits []hit
	for _, r := range f.rows {
		switch {
		case len(r.vector) != len(q) && f.refusesOther:
			return nil, fmt.Errorf("blob size %d, want %d", len(q), len(r.vector))
		case len(r.vector) != len(q) && f.passesOver:
			continue
		case o.Filters != nil && !matches(r.doc.Metadata, o.Filters.(map[string]any)):
			continue
		}
		cosine := float64(embedding.Cosine(q, r.vector))
		doc := r.doc
		doc.Metadata = maps.Clone(doc.Metadata)
		doc.Score = float32(cosine)
		if f.score != nil {
			doc.Score = float32(f.score(cosine))
		}
		hits = append(hits, hit{doc, cosine})
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(b.cosine, a.cosine) })
	var out []schema.Document
	for _, h := range hits[:min(n, len(hits))] {
		if !f.dropsNegative || h.doc.Score >= o.ScoreThreshold {
			out = append(out, h.doc)
		}
	}
	return out, nil
}

func matches(metadata, want map[string]any) bool {
	for k, v := range want {
		if metadata[k] != v {
			return false
		}
	}
	return true
}

func (f *fake) see(opts []vectorstores.Option) vectorstores.Options {
	var o vectorstores.Options
	for _, opt := range opts {
		opt(&o)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.options = map[string]any{}
	if o.Embedder != nil {
		f.options["embedder"] = o.Embedder
	}
	if o.Deduplicater != nil {
		f.options["deduplicater"] = true
	}
	if o.ScoreThreshold != 0 {
		f.options["threshold"] = o.ScoreThreshold
	}
	if o.NameSpace != "" {
		f.options["namespace"] = o.NameSpace
	}
	return o
}

// lister is a fake that can list, as pgvector can.
type lister struct{ *fake }

func (l lister) Search(_ context.Context, n int, _ ...vectorstores.Option) ([]schema.Document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []schema.Document
	for _, r := range l.rows[:min(n, len(l.rows))] {
		out = append(out, schema.Document{PageContent: r.doc.PageContent, Metadata: r.doc.Metadata})
	}
	return out, nil
}

var cosine = store.Options{Score: store.Cosine}

// open returns a guarded fake whose collection is c, nil for one of its own.
func open(t *testing.T, e embedding.Embedder, f *fake, o store.Options) *store.Store {
	t.Helper()
	s, err := try(t, e, f, o)
	expect.NoError(t, err)
	return s
}

func try(t *testing.T, e embedding.Embedder, f *fake, o store.Options) (*store.Store, error) {
	t.Helper()
	if f.collection == nil {
		f.collection = &collection{}
	}
	return store.New(t.Context(), e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
		f.e = emb
		if f.passesOver {
			return lister{f}, nil
		}
		return f, nil
	}, o)
}

func model(id string, dimensions int) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dimensions}})
}

func docs(texts ...string) []schema.Document {
	out := make([]schema.Document, len(texts))
	for i, text := range texts {
		out[i] = schema.Document{PageContent: text, Metadata: map[string]any{"n": i}}
	}
	return out
}

func add(t *testing.T, s *store.Store, texts ...string) []string {
	t.Helper()
	ids, err := s.AddDocuments(t.Context(), docs(texts...))
	expect.NoError(t, err)
	return ids
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 }
