package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/lasting"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// New returns a Store that adds documents to s and finds them by c; both must mean the same
// collection. The Space and Dimensions of e must be known and be those of s. s must take
// vectorstores.WithEmbedder, as adapters/chromem and the guard of adapters/langchaingo/store do.
//
// The Store embeds with e, and only texts that its last List did not see and that it has not added
// since. If s has a method Refused, as chromem and the guard do, it embeds none of the documents
// that Refused returns. If s has a method Lock, as chromem does, Sync holds the lock from its List
// to its end. If the context ends after the embedding, the Store writes for up to 30 seconds more
// what was paid for. It is safe for concurrent use if s and c are.
func New(e embedding.Embedder, s vectorstores.VectorStore, c collection.Index) (Store, error) {
	if e == nil || s == nil || c == nil {
		return nil, errors.New("index: New needs an Embedder, a store and the Index of its collection")
	}
	e = embedding.Chain(e)
	if m := e.Model(); m.Space == "" || m.Dimensions == 0 {
		return nil, fmt.Errorf("index: the Space or the Dimensions of %s:%s are unknown: call embedding.Probe first", m.Provider, m.ID)
	}
	return &indexed{e: e, s: s, Index: c, known: map[string]string{}}, nil
}

type indexed struct {
	e embedding.Embedder
	s vectorstores.VectorStore
	collection.Index

	mu    sync.Mutex
	known map[string]string // ID of a document by its text's hash
}

func (x *indexed) List(ctx context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		for at, err := range x.Index.List(ctx) {
			if err == nil {
				x.know(at.Hash, at.ID)
			}
			if !yield(at, err) {
				return
			}
		}
	}
}

func (x *indexed) know(hash, id string) {
	if hash == "" || id == "" {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.known[textOf(hash)] = id
}

// refuser is a store that tells which documents it cannot keep, by index in docs.
type refuser interface {
	Refused(ctx context.Context, docs []schema.Document) []embedding.TextError
}

// locker is a store that keeps other programs out until unlock is called.
type locker interface {
	Lock() (unlock func(), err error)
}

// Lock locks the store, if it can be locked.
func (x *indexed) Lock() (unlock func(), err error) {
	if l, ok := x.s.(locker); ok {
		return l.Lock()
	}
	return func() {}, nil
}

// AddDocuments embeds what is new, and hands it to the store with its vectors.
func (x *indexed) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	errs := map[int]error{}
	if r, ok := x.s.(refuser); ok { // before their texts are paid for
		for _, f := range r.Refused(ctx, docs) {
			errs[f.Index] = f.Err
		}
	}
	var fit []schema.Document
	for i, doc := range docs {
		if errs[i] == nil {
			fit = append(fit, doc)
		}
	}
	rows, err := x.stored(ctx, fit)
	if err != nil {
		return nil, fmt.Errorf("nothing was written: %w", err)
	}
	failed, usage, err := x.embed(ctx, fit, rows)
	if err != nil {
		return nil, err
	}
	var good []schema.Document
	var at []int
	for i, doc := range docs {
		if err := failed[doc.PageContent]; err != nil && errs[i] == nil {
			errs[i] = err
		}
		if errs[i] == nil {
			good = append(good, doc)
			at = append(at, i)
		}
	}
	ids := make([]string, len(docs))
	if len(good) > 0 {
		given, err := x.write(ctx, good, rows, options)
		p, some := errors.AsType[*embedding.PartialError](err)
		if err != nil && !some {
			return place(ids, given, at), err
		}
		if some {
			for _, f := range p.Failed {
				errs[at[f.Index]] = f.Err
			}
		}
		for k := range place(ids, given, at) {
			x.know(collection.EntryOf("", docs[k].Metadata).Hash, ids[k])
		}
		if len(given) == 0 && len(errs) == 0 {
			return nil, nil
		}
	}
	return ids, partial(errs, docs, rows, usage)
}

// place puts the IDs of some documents among those of all.
func place(all, some []string, at []int) []string {
	if len(some) == len(at) {
		for k, i := range at {
			all[i] = some[k]
		}
	}
	return all
}

// partial returns the failures as one error, nil if there are none.
func partial(errs map[int]error, docs []schema.Document, rows map[string][]float32, usage embedding.Usage) error {
	if len(errs) == 0 {
		return nil
	}
	p := &embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, len(docs)), Usage: usage}}
	for i, doc := range docs {
		if err := errs[i]; err != nil {
			p.Failed = append(p.Failed, embedding.TextError{Index: i, Err: err})
		} else {
			p.Response.Vectors[i] = rows[doc.PageContent]
		}
	}
	return p
}

// stored returns the vectors that the collection has, by text.
func (x *indexed) stored(ctx context.Context, docs []schema.Document) (map[string][]float32, error) {
	texts := map[string]string{} // by ID
	var ids []string
	x.mu.Lock()
	for _, doc := range docs {
		id := x.known[textHash(doc.PageContent)]
		if _, twice := texts[id]; id != "" && !twice {
			texts[id] = doc.PageContent
			ids = append(ids, id)
		}
	}
	x.mu.Unlock()
	rows := make(map[string][]float32, len(docs))
	if len(ids) == 0 {
		return rows, nil
	}
	had, err := x.Vectors(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for vectors that are stored: %w", err)
	}
	for id, v := range had {
		if text, ok := texts[id]; ok && len(v) == x.e.Model().Dimensions {
			rows[text] = v
		}
	}
	return rows, nil
}

// embed adds the missing vectors to rows and returns the errors by text. It returns an error of its
// own if there is nothing to store.
func (x *indexed) embed(ctx context.Context, docs []schema.Document, rows map[string][]float32) (map[string]error, embedding.Usage, error) {
	var texts []string
	asked := map[string]bool{}
	for _, doc := range docs {
		if text := doc.PageContent; rows[text] == nil && !asked[text] {
			asked[text] = true
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil, embedding.Usage{}, nil
	}
	res, err := x.e.Embed(ctx, embedding.Request{Texts: texts})
	failed := map[string]error{}
	switch p, ok := errors.AsType[*embedding.PartialError](err); {
	case ok:
		for _, f := range p.Failed {
			failed[texts[f.Index]] = f.Err
		}
	case err != nil && len(rows) == 0:
		return nil, embedding.Usage{}, err
	case err != nil:
		for _, text := range texts {
			failed[text] = err
		}
	}
	got := embedding.Salvage(res, err)
	for i, text := range texts {
		if failed[text] == nil {
			rows[text] = got.Vectors[i]
		}
	}
	return failed, got.Usage, nil
}

// write stores documents whose vectors are in rows.
func (x *indexed) write(ctx context.Context, docs []schema.Document, rows map[string][]float32, options []vectorstores.Option) ([]string, error) {
	ctx, done := lasting.Context(ctx) // what was paid for is stored even if the caller leaves
	defer done()
	e := embedding.Wrap(x.e, x.e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		out := make([][]float32, len(req.Texts))
		for i, text := range req.Texts {
			v := rows[text]
			if v == nil || req.Task == embedding.TaskQuery {
				return x.e.Embed(ctx, req) // the store asks for something else
			}
			out[i] = append([]float32(nil), v...)
		}
		return embedding.Response{Vectors: out, Usage: embedding.Usage{Reused: len(out)}}, nil
	})
	return x.s.AddDocuments(ctx, docs, append(options[:len(options):len(options)], vectorstores.WithEmbedder(langchaingo.New(e)))...)
}
