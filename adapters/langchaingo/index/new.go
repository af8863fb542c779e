package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/lasting"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/internal/recall"
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

// AddDocuments embeds what is new, and hands it to the store with its vectors: as the answers come
// if the embedder sends several requests by middleware.Batch, otherwise at the end. The store gets
// one write at a time. If it fails, the error is an [*embedding.PartialError] with the vectors of
// all documents that were paid for, stored or not.
func (x *indexed) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	a := &addition{x: x, ctx: ctx, docs: docs, options: options, writes: make(chan struct{}, 1), next: newPortion(),
		at: map[string][]int{}, rows: map[string][]float32{}, ids: make([]string, len(docs)), errs: map[int]error{}}
	if r, ok := x.s.(refuser); ok { // before their texts are paid for
		for _, f := range r.Refused(ctx, docs) {
			a.errs[f.Index] = f.Err
		}
	}
	var texts []string
	for i, doc := range docs {
		if a.errs[i] != nil {
			continue
		}
		if a.at[doc.PageContent] == nil {
			texts = append(texts, doc.PageContent)
		}
		a.at[doc.PageContent] = append(a.at[doc.PageContent], i)
	}
	rows, err := x.stored(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("nothing was written: %w", err)
	}
	for text, row := range rows {
		a.put(text, row)
	}
	if err := a.embed(slices.DeleteFunc(texts, func(text string) bool { return rows[text] != nil })); err != nil {
		return nil, err
	}
	a.flush()
	return a.end()
}

// addition is one call of AddDocuments. The layers of its embedder take it for a cache outside them
// and tell it of each answer.
type addition struct {
	x       *indexed
	ctx     context.Context
	docs    []schema.Document
	options []vectorstores.Option
	at      map[string][]int // indexes of the documents with a text that may be stored

	writes chan struct{} // has room for one: the store takes one write at a time
	ids    []string
	errs   map[int]error
	failed error // of the store; nothing is written after it
	none   bool  // the store gives no IDs

	mu    sync.Mutex
	rows  map[string][]float32 // vectors by text
	next  *portion
	over  bool
	usage embedding.Usage
}

// portion is what one write stores: what came since the last one began.
type portion struct {
	at   []int
	rows map[string][]float32
	done chan struct{} // closed when it was written
}

func newPortion() *portion {
	return &portion{rows: map[string][]float32{}, done: make(chan struct{})}
}

func (a *addition) Model() embedding.Model { return a.x.e.Model() }

func (a *addition) Recall(embedding.Task, string) []float32 { return nil }

// Keep writes the documents of an answer before the next request is sent in its place. So what a
// kill loses is what was under way.
func (a *addition) Keep(_ context.Context, task embedding.Task, texts []string, rows [][]float32) {
	if task != embedding.TaskDocument {
		return
	}
	for i, text := range texts {
		a.put(text, rows[i])
	}
	a.flush()
}

// put notes the vector of a text, unless it is known.
func (a *addition) put(text string, row []float32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if row == nil || a.at[text] == nil || a.rows[text] != nil || a.over {
		return
	}
	a.rows[text], a.next.rows[text] = row, row
	a.next.at = append(a.next.at, a.at[text]...)
}

// flush returns when what is ready is written. What comes during a write is written together.
func (a *addition) flush() {
	a.mu.Lock()
	own := a.next
	a.mu.Unlock()
	select {
	case <-own.done: // another caller wrote it
		return
	case a.writes <- struct{}{}:
	}
	defer func() { <-a.writes }()
	a.mu.Lock()
	if a.over || a.next != own || len(own.at) == 0 {
		a.mu.Unlock()
		return
	}
	a.next = newPortion()
	a.mu.Unlock()
	defer close(own.done)
	slices.Sort(own.at)
	if a.failed == nil {
		a.write(own.at, own.rows)
		return
	}
	for _, i := range own.at {
		a.errs[i] = a.failed
	}
}

// write stores documents whose vectors are in rows.
func (a *addition) write(at []int, rows map[string][]float32) {
	docs := make([]schema.Document, len(at))
	for k, i := range at {
		docs[k] = a.docs[i]
	}
	ids, err := a.x.write(a.ctx, docs, rows, a.options)
	if len(ids) == len(at) {
		for k, i := range at {
			a.ids[i] = ids[k]
			a.x.know(collection.EntryOf("", a.docs[i].Metadata).Hash, ids[k])
		}
	}
	p, some := errors.AsType[*embedding.PartialError](err)
	switch {
	case err == nil:
		a.none = a.none || len(ids) != len(at)
	case some:
		for _, f := range p.Failed {
			a.errs[at[f.Index]] = f.Err
			if !ofText(f.Err) {
				a.failed = f.Err
			}
		}
	default:
		a.failed = err
		for _, i := range at {
			if a.ids[i] == "" {
				a.errs[i] = err
			}
		}
	}
}

// ofText reports whether err is a single document's, so that the others may go on.
func ofText(err error) bool {
	kind := embedding.KindOf(err)
	return kind == embedding.Rejected || kind == embedding.Malformed
}

// embed asks for the vectors of texts. It returns an error if there is nothing to store.
func (a *addition) embed(texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	res, err := a.x.e.Embed(recall.With(a.ctx, a), embedding.Request{Texts: texts})
	got := embedding.Salvage(res, err)
	for i, text := range texts {
		if i < len(got.Vectors) {
			a.put(text, got.Vectors[i])
		}
	}
	failed := map[int]error{}
	p, some := errors.AsType[*embedding.PartialError](err)
	if some {
		for _, f := range p.Failed {
			failed[f.Index] = f.Err
		}
	}
	a.writes <- struct{}{}
	defer func() { <-a.writes }()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.usage = got.Usage
	if err != nil && !some && len(a.rows) == 0 {
		a.over = true
		return err
	}
	for i, text := range texts {
		if a.rows[text] != nil {
			continue
		}
		for _, at := range a.at[text] {
			a.errs[at] = cmp.Or(failed[i], err)
		}
	}
	return nil
}

// end returns what AddDocuments returns. Answers that come later are not for it.
func (a *addition) end() ([]string, error) {
	a.writes <- struct{}{}
	defer func() { <-a.writes }()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	if len(a.errs) == 0 {
		if a.none {
			return nil, nil
		}
		return a.ids, nil
	}
	p := &embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, len(a.docs)), Usage: a.usage}}
	for i, doc := range a.docs {
		p.Response.Vectors[i] = a.rows[doc.PageContent]
		if err := a.errs[i]; err != nil {
			p.Failed = append(p.Failed, embedding.TextError{Index: i, Err: err})
		}
	}
	return a.ids, p
}

// stored returns the vectors that the collection has, by text.
func (x *indexed) stored(ctx context.Context, all []string) (map[string][]float32, error) {
	texts := map[string]string{} // by ID
	var ids []string
	x.mu.Lock()
	for _, text := range all {
		id := x.known[textHash(text)]
		if _, twice := texts[id]; id != "" && !twice {
			texts[id] = text
			ids = append(ids, id)
		}
	}
	x.mu.Unlock()
	rows := make(map[string][]float32, len(all))
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
