package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/percall"
)

// AddDocuments embeds docs, stamps them with the Space, writes them and returns the IDs that the
// store gives them, in the order of docs. Milvus gives none. Documents that
// vectorstores.WithDeduplicater reports are left out of the write and of the IDs.
//
// Nothing is written before all texts are embedded. If some texts fail, the others are written; the
// error holds an [*embedding.PartialError] with indexes into docs, and the IDs of documents that
// were not stored are empty. The error says how many documents are in the store. If the store
// itself fails midway, only the store knows. If the context ends after embedding, the PartialError
// holds the vectors that were not written.
//
// The first add looks at the collection before and after. It refuses one with another Space or
// other dimensions.
//
// WithEmbedder takes an embedder with the same Space, made by adapters/langchaingo.New. The store
// itself interprets or refuses WithNameSpace, WithFilters and WithScoreThreshold.
func (s *Store) AddDocuments(ctx context.Context, docs []schema.Document, opts ...vectorstores.Option) ([]string, error) {
	o := options(opts)
	if err := s.wrong.Load(); err != nil {
		return nil, fmt.Errorf("store: nothing was written: %w", *err)
	}
	e, err := percall.Embedder("store", s.e, o.Embedder)
	if err != nil {
		return nil, err
	}
	b := batch{of: len(docs), at: make([]int, 0, len(docs)), docs: make([]schema.Document, 0, len(docs))}
	for i, doc := range docs {
		if o.Deduplicater == nil || !o.Deduplicater(ctx, doc) {
			b.at = append(b.at, i)
			b.docs = append(b.docs, doc)
		}
	}
	if len(b.docs) == 0 {
		return []string{}, ctx.Err()
	}
	failed, err := s.embed(ctx, e, &b)
	if err != nil {
		return nil, err
	}
	ids, err := s.write(ctx, o, &b)
	if failed == nil {
		return ids, err
	}
	// One ID per document that was not left out; those of failed documents are empty.
	all := make([]string, len(failed.Failed)+len(b.docs))
	if len(ids) == len(b.docs) {
		for k, slot := range b.slots {
			all[slot] = ids[k]
		}
	}
	if err != nil {
		return all, fmt.Errorf("%w; before that, some texts could not be embedded: %w", err, failed)
	}
	return all, fmt.Errorf("store: %d of %d documents are stored and the others are not: %w", len(b.docs), len(all), failed)
}

// batch holds the documents to write.
type batch struct {
	of      int // number of the caller's documents
	at      []int
	docs    []schema.Document
	vectors [][]float32
	slots   []int // indexes of docs among the texts that were embedded, if some failed
}

// embed gives the documents of b their vectors and removes those that failed. If it returns an
// error, nothing will be written.
func (s *Store) embed(ctx context.Context, e embedding.Embedder, b *batch) (*embedding.PartialError, error) {
	texts := make([]string, len(b.docs))
	for i, doc := range b.docs {
		texts[i] = doc.PageContent
	}
	rows, err := embedding.Documents(ctx, e, texts) // copies, for the store to keep
	p, some := errors.AsType[*embedding.PartialError](err)
	if err != nil && !some {
		return nil, fmt.Errorf("store: nothing was written: %w", err)
	}
	var failed []embedding.TextError
	var usage embedding.Usage
	if some {
		failed, usage = p.Failed, p.Response.Usage
	}
	for i, v := range rows {
		if v == nil {
			continue
		}
		if why := s.o.Score.unfit(v); why != "" {
			if scores[s.o.Score].unit {
				return nil, fmt.Errorf("store: nothing was written: the vector of document %d %s", b.at[i], why)
			}
			rows[i] = nil
			err := s.model.Errorf(embedding.Malformed, "the vector of document %d %s", b.at[i], why)
			failed = append(failed, embedding.TextError{Index: i, Err: err})
		}
	}
	if len(failed) == 0 {
		b.vectors = rows
		return nil, nil
	}
	out := b.partial(rows, failed, usage)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("store: nothing was written: %w", out)
	}
	if b.keep(rows) == 0 {
		return nil, fmt.Errorf("store: nothing was written: %w", out)
	}
	return out, nil
}

// partial returns the failures with indexes into the caller's documents.
func (b *batch) partial(rows [][]float32, failed []embedding.TextError, usage embedding.Usage) *embedding.PartialError {
	p := &embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, b.of), Usage: usage}}
	errs := make(map[int]error, len(failed))
	for _, f := range failed {
		errs[f.Index] = f.Err
	}
	for i, v := range rows {
		if v != nil {
			p.Response.Vectors[b.at[i]] = append([]float32(nil), v...) // the store keeps v
		} else {
			p.Failed = append(p.Failed, embedding.TextError{Index: b.at[i], Err: errs[i]})
		}
	}
	return p
}

// keep removes the documents without a vector from b and returns how many are left.
func (b *batch) keep(rows [][]float32) int {
	n := 0
	for i, v := range rows {
		if v != nil {
			b.docs[n], b.at[n] = b.docs[i], b.at[i]
			b.vectors = append(b.vectors, v)
			b.slots = append(b.slots, i)
			n++
		}
	}
	b.docs, b.at = b.docs[:n], b.at[:n]
	return n
}

// write writes the embedded documents of b.
func (s *Store) write(ctx context.Context, o vectorstores.Options, b *batch) ([]string, error) {
	enter := s.gate.share
	if !s.begun.Load() {
		enter = s.gate.alone
	}
	leave, err := enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: nothing was written: %w", err)
	}
	defer leave()
	_, checked := s.checked.Load(o.NameSpace)
	empty := false
	if !checked {
		if empty, err = s.vacant(ctx, passed(vectorstores.Options{NameSpace: o.NameSpace})); err != nil {
			return nil, fmt.Errorf("store: nothing was written: %w", err)
		}
	}
	m := &mark{texts: make([]string, len(b.docs)), vectors: b.vectors}
	for i, doc := range b.docs {
		m.texts[i] = doc.PageContent
	}
	direct := passed(o)
	if o.ScoreThreshold != 0 {
		direct = append(direct, vectorstores.WithScoreThreshold(o.ScoreThreshold))
	}
	ids, err := s.inner.AddDocuments(context.WithValue(ctx, markKey{}, m), s.stamped(b.docs), direct...)
	switch {
	case err != nil && !m.used():
		return nil, fmt.Errorf("store: nothing was written: %w", err)
	case err != nil:
		return nil, fmt.Errorf("store: %s failed while it was given %d documents, and may hold some of them: look before you add them again: %w", s.name, len(b.docs), advised(err))
	case !m.used() && !s.trait.lazy:
		return ids, fmt.Errorf("store: %s has stored %d documents without asking the embedder it was opened with, so their vectors are unknown: "+
			"remove them, and see that the function given to New passes its embedder on", s.name, len(b.docs))
	}
	if !checked {
		if err := s.measure(ctx, o, b.docs, b.vectors, empty); err != nil {
			return ids, fmt.Errorf("store: %d documents were written, but %w", len(b.docs), err)
		}
		s.checked.Store(o.NameSpace, true)
		s.begun.Store(true)
	}
	return ids, nil
}
