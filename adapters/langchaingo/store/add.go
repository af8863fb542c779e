package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/percall"
)

// AddDocuments embeds docs, stamps them with the Space, writes them and returns the IDs that the
// store gives them, in the order of docs. Milvus gives none. Documents that
// vectorstores.WithDeduplicater reports are left out of the write and of the IDs.
//
// Nothing is written before all texts are embedded. A document that the store cannot keep is not
// embedded. If some documents fail, the others are written; the error holds an
// [*embedding.PartialError] with indexes into docs and, if any was stored, the IDs of those that
// were not are empty. The error says how many documents are in the store. If the store fails, the
// PartialError also holds the vectors of the documents that it did not take, so that nothing is
// paid for twice; some of a failed block may be in the store, which only the store knows. pgvector
// and Chroma keep nothing of a failed call: there, the guard halves the block until it knows which
// documents the store refuses, and writes the others.
//
// The first add looks at the collection before and after. It refuses one with another Space or
// other dimensions.
//
// WithEmbedder takes an embedder with the same Space, made by adapters/langchaingo.New. The store
// itself interprets or refuses WithNameSpace, WithFilters and WithScoreThreshold; what pgvector and
// Chroma refuse is refused before anything is embedded.
func (s *Store) AddDocuments(ctx context.Context, docs []schema.Document, opts ...vectorstores.Option) ([]string, error) {
	o := options(opts)
	if err := s.wrong.Load(); err != nil {
		return nil, fmt.Errorf("store: nothing was written: %w", *err)
	}
	if err := s.trait.takes(o); err != nil {
		return nil, fmt.Errorf("store: nothing was embedded: %s: %w", s.name, err)
	}
	e, err := percall.Embedder("store", s.e, o.Embedder)
	if err != nil {
		return nil, err
	}
	b := &batch{of: len(docs), failed: map[int]error{}, guessed: s.trait.sort == hash && s.fresh.Load()}
	for i, doc := range docs {
		if o.Deduplicater == nil || !o.Deduplicater(ctx, doc) {
			b.slots = append(b.slots, len(b.at))
			b.at = append(b.at, i)
			b.docs = append(b.docs, doc)
		}
	}
	all := len(b.docs)
	if all == 0 {
		return []string{}, ctx.Err()
	}
	s.refuse(ctx, o, b)
	if len(b.docs) == 0 {
		return nil, fmt.Errorf("store: nothing was written: %w", b.partial())
	}
	if err := s.embed(ctx, e, b); err != nil {
		return nil, err
	}
	ids, err := s.write(ctx, o, b)
	if len(b.failed) == 0 {
		return ids, err
	}
	if len(ids) == len(b.docs) && len(ids) > 0 { // else the store gives none
		spread := make([]string, all)
		for k, slot := range b.slots {
			spread[slot] = ids[k]
		}
		ids = spread
	} else if len(b.docs) > 0 {
		ids = make([]string, all)
	} else {
		ids = nil
	}
	if err != nil { // the PartialError repeats it
		return ids, &said{err.Error(), errors.Join(err, b.partial())}
	}
	return ids, fmt.Errorf("store: %d of %d documents are stored and the others are not: %w", len(b.docs), all, b.partial())
}

// Refused returns the documents that AddDocuments would refuse before it embeds anything, because
// the store cannot keep them, by index in docs.
func (s *Store) Refused(ctx context.Context, docs []schema.Document) []embedding.TextError {
	b := &batch{of: len(docs), failed: map[int]error{}, docs: slices.Clone(docs)}
	for i := range docs {
		b.at, b.slots = append(b.at, i), append(b.slots, i)
	}
	s.refuse(ctx, vectorstores.Options{}, b)
	return b.partial().Failed
}

// batch holds the documents to write.
type batch struct {
	of      int // number of the caller's documents
	at      []int
	docs    []schema.Document
	vectors [][]float32
	slots   []int // indexes of docs among those that the deduplicater left

	failed map[int]error     // by index of the caller's documents
	paid   map[int][]float32 // vectors of all that were embedded, if some failed
	usage  embedding.Usage

	guessed bool // that the index will be made of this call's first document
}

// refuse removes the documents that the store cannot keep, before anything is paid for.
func (s *Store) refuse(ctx context.Context, o vectorstores.Options, b *batch) {
	first := -1
	ids := map[string]schema.Document{}
	b.keep(func(i int) bool {
		lead := b.docs[i]
		if first >= 0 {
			lead = b.docs[first]
		}
		err := s.unkept(ctx, b.docs[i], lead, o)
		if err == nil {
			err = s.replaces(b.docs[i], ids)
		}
		if err != nil {
			b.failed[b.at[i]] = s.model.Errorf(embedding.Rejected, "%s cannot keep document %d: %w", s.name, b.at[i], err)
		} else if first < 0 {
			first = 0 // it is the first that is kept
		}
		return err == nil
	})
}

// keep removes the documents for which ok is false. It asks for one after the other.
func (b *batch) keep(ok func(i int) bool) {
	n := 0
	for i := range b.docs {
		if !ok(i) {
			continue
		}
		b.docs[n], b.at[n], b.slots[n] = b.docs[i], b.at[i], b.slots[i]
		if b.vectors != nil {
			b.vectors[n] = b.vectors[i]
		}
		n++
	}
	b.docs, b.at, b.slots = b.docs[:n], b.at[:n], b.slots[:n]
	if b.vectors != nil {
		b.vectors = b.vectors[:n]
	}
}

// embed gives the documents of b their vectors and removes those that failed. If it returns an
// error, nothing will be written.
func (s *Store) embed(ctx context.Context, e embedding.Embedder, b *batch) error {
	texts := make([]string, len(b.docs))
	for i, doc := range b.docs {
		texts[i] = doc.PageContent
	}
	rows, err := embedding.Documents(ctx, e, texts) // copies, for the store to keep
	p, some := errors.AsType[*embedding.PartialError](err)
	switch {
	case err != nil && !some && len(b.failed) == 0:
		return fmt.Errorf("store: nothing was written: %w", err)
	case err != nil && !some:
		for _, at := range b.at {
			b.failed[at] = err
		}
		return fmt.Errorf("store: nothing was written: %w", b.partial())
	case some:
		b.usage = p.Response.Usage
		for _, f := range p.Failed {
			b.failed[b.at[f.Index]] = f.Err
		}
	}
	for i, v := range rows {
		if v == nil {
			continue
		}
		if why := s.o.Score.unfit(v); why != "" {
			if scores[s.o.Score].unit {
				return fmt.Errorf("store: nothing was written: the vector of document %d %s", b.at[i], why)
			}
			rows[i] = nil
			b.failed[b.at[i]] = s.model.Errorf(embedding.Malformed, "the vector of document %d %s", b.at[i], why)
		}
	}
	b.vectors = rows
	b.keep(func(i int) bool { return b.vectors[i] != nil })
	if len(b.failed) > 0 {
		b.remember()
		if ctx.Err() != nil || len(b.docs) == 0 {
			return fmt.Errorf("store: nothing was written: %w", b.partial())
		}
	}
	return nil
}

// remember copies the vectors, because the store keeps those it is given.
func (b *batch) remember() {
	if b.paid != nil {
		return
	}
	b.paid = make(map[int][]float32, len(b.docs))
	for i, v := range b.vectors {
		b.paid[b.at[i]] = slices.Clone(v)
	}
}

// partial returns the failures. It has the vectors of all documents that were embedded, also of
// those that the store did not take.
func (b *batch) partial() *embedding.PartialError {
	p := &embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, b.of), Usage: b.usage}}
	for at, v := range b.paid {
		p.Response.Vectors[at] = v
	}
	for _, at := range slices.Sorted(maps.Keys(b.failed)) {
		p.Failed = append(p.Failed, embedding.TextError{Index: at, Err: b.failed[at]})
	}
	return p
}

// write writes the embedded documents of b in blocks. If the store refuses some, it removes them
// from b.
func (s *Store) write(ctx context.Context, o vectorstores.Options, b *batch) ([]string, error) {
	enter := s.gate.share
	if !s.begun.Load() {
		enter = s.gate.alone
	}
	leave, err := enter(ctx)
	if err != nil {
		return nil, b.lost(0, len(b.docs), fmt.Errorf("store: nothing was written: %w", err))
	}
	defer leave()
	_, checked := s.checked.Load(o.NameSpace)
	empty := false
	if !checked {
		if empty, err = s.vacant(ctx, s.at(o.NameSpace)); err != nil {
			return nil, b.lost(0, len(b.docs), fmt.Errorf("store: nothing was written: %w", err))
		}
	}
	if b.guessed { // the first may have failed since, or another call's have come before
		b.remember()
		if s.refuse(ctx, o, b); len(b.docs) == 0 {
			return nil, fmt.Errorf("store: nothing was written: %s cannot keep any of the documents", s.name)
		}
	}
	w := &writing{s: s, o: o, b: b, ids: make([]string, len(b.docs))}
	block := len(b.docs)
	if s.trait.block > 0 {
		block = s.trait.block
	}
	for from := 0; from < len(b.docs) && err == nil; from += block {
		to := min(from+block, len(b.docs))
		if err = w.span(ctx, from, to, false); err != nil && to < len(b.docs) {
			err = b.lost(to, len(b.docs), err)
		}
	}
	ids := w.ids
	if len(b.failed) > 0 {
		n := 0
		b.keep(func(i int) bool {
			ok := b.failed[b.at[i]] == nil
			if ok {
				ids[n] = ids[i]
				n++
			}
			return ok
		})
		ids = ids[:n]
	}
	if w.none {
		ids = nil
	}
	if err != nil || len(b.docs) == 0 {
		if err == nil {
			err = fmt.Errorf("store: nothing was written: %s refuses each of the documents", s.name)
		}
		return ids, err
	}
	if !checked {
		if err := s.measure(ctx, o, b.docs, b.vectors, empty); err != nil {
			return ids, fmt.Errorf("store: %d documents were written, but %w", len(b.docs), err)
		}
		s.checked.Store(o.NameSpace, true)
		s.begun.Store(true)
		if s.fresh.Load() {
			s.learned(b.docs[0])
		}
	}
	return ids, nil
}

// lost marks a span of documents as failed and returns err.
func (b *batch) lost(from, to int, err error) error {
	b.remember()
	for _, at := range b.at[from:to] {
		b.failed[at] = err
	}
	return err
}

// writing is one call's writes.
type writing struct {
	s     *Store
	o     vectorstores.Options
	b     *batch
	ids   []string
	none  bool // the store gives no IDs
	took  bool // the store has taken something
	alone int  // documents that were refused alone
}

// hopeless is how many documents a store may refuse one by one before it has taken any.
const hopeless = 8

// span writes some of the documents. If the store refuses them, answers searches and keeps nothing
// of a call that fails, it writes each half, so that the sound ones are stored. alive says that the
// store has answered since the last refusal of something larger.
func (w *writing) span(ctx context.Context, from, to int, alive bool) error {
	s, b := w.s, w.b
	m := &mark{texts: make([]string, to-from), vectors: b.vectors[from:to]}
	for i, doc := range b.docs[from:to] {
		m.texts[i] = doc.PageContent
	}
	ids, err := s.inner.AddDocuments(context.WithValue(ctx, markKey{}, m), s.stamped(b.docs[from:to]), added(w.o)...)
	switch {
	case err == nil && !m.used() && !s.trait.lazy:
		copy(w.ids[from:to], ids)
		return fmt.Errorf("store: %s has stored %d documents without asking the embedder it was opened with, so their vectors are unknown: "+
			"remove them, and see that the function given to New passes its embedder on", s.name, to-from)
	case err == nil:
		w.took = true
		w.none = w.none || len(ids) != to-from
		copy(w.ids[from:to], ids)
		return nil
	case !m.used():
		return b.lost(from, to, fmt.Errorf("store: nothing was written: %w", err))
	}
	failed := fmt.Errorf("store: %s failed while it was given %d documents, and may hold some of them: look before you add them again: %w", s.name, to-from, advised(err))
	if !s.trait.atomic || ctx.Err() != nil || w.alone >= hopeless && !w.took {
		return b.lost(from, to, failed)
	}
	if !alive {
		if _, down := s.look(ctx, s.at(w.o.NameSpace), 1); down != nil {
			return b.lost(from, to, failed)
		}
	}
	if to-from == 1 {
		if !w.took && len(b.docs) == 1 {
			return b.lost(from, to, failed)
		}
		w.alone++
		_ = b.lost(from, to, s.model.Errorf(embedding.Rejected, "%s refuses document %d: %w", s.name, b.at[from], advised(err)))
		return nil
	}
	middle := (from + to) / 2
	if err := w.span(ctx, from, middle, true); err != nil {
		return b.lost(middle, to, err)
	}
	return w.span(ctx, middle, to, true)
}
