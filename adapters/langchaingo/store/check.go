package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/percall"
)

// ask searches the store with v as the vector of text.
func (s *Store) ask(ctx context.Context, text string, v []float32, n int, options []vectorstores.Option) ([]schema.Document, error) {
	m := &mark{texts: []string{text}, vectors: [][]float32{v}}
	docs, err := s.inner.SimilaritySearch(percall.Whole(context.WithValue(ctx, markKey{}, m)), text, n, options...)
	if err != nil && !s.isMissing(err) {
		return nil, err
	}
	if !m.used() && (s.eager || len(docs) > 0) {
		return nil, fmt.Errorf("store: %s answered a search without asking the embedder it was opened with: does the function given to New pass it on?", s.name)
	}
	return docs, nil
}

// probe is the text of searches that check the store.
const probe = "vecspace probe"

// look examines up to n documents of the collection. It is an error if one has another Space or
// other dimensions. It embeds nothing.
func (s *Store) look(ctx context.Context, where []vectorstores.Option, n int) (empty bool, err error) {
	listed, lists, err := s.read(ctx, where, n)
	if err != nil {
		return false, err
	}
	if lists {
		n = 1 // the list shows everything, and large searches are slow
	}
	// Chroma omits results with a negative score, and its default scores are 1 - L2². Of a short
	// vector and its opposite, one has a positive score with any document.
	seen := 0
	for _, x := range []float32{0.01, -0.01} {
		v := make([]float32, s.model.Dimensions)
		for i := range v {
			v[i] = x / float32(math.Sqrt(float64(len(v))))
		}
		found, err := s.ask(ctx, probe, v, n, where)
		if err != nil && s.trait.lacks != "" && strings.Contains(err.Error(), s.trait.lacks) {
			return false, fmt.Errorf("store: the server of %s has no search module, without which it keeps no vectors: load it, or use a server that has it: %w", s.name, err)
		}
		if err != nil {
			return false, fmt.Errorf("store: %s cannot be searched with a vector of %d dimensions; if its collection was made with others, use another collection and index again; "+
				"if it has none yet, say so by Options.Missing: %w", s.name, len(v), err)
		}
		if err := s.compare(found); err != nil {
			return false, err
		}
		if seen += len(found); seen >= n {
			break
		}
	}
	if seen == 0 && len(listed) > 0 {
		return false, s.otherDimensions()
	}
	return seen == 0, nil
}

// vacant is look before the first add. New has searched already, so a store that lists nothing is
// not searched again.
func (s *Store) vacant(ctx context.Context, where []vectorstores.Option) (bool, error) {
	listed, lists, err := s.read(ctx, where, 1)
	if err != nil || lists && len(listed) == 0 {
		return err == nil, err
	}
	return s.look(ctx, where, 1)
}

// read lists up to n documents and refuses those of another Space. lists is false if the store
// cannot list.
func (s *Store) read(ctx context.Context, where []vectorstores.Option, n int) (listed []schema.Document, lists bool, err error) {
	listed, lists, err = s.list(ctx, n, where)
	if err != nil {
		return nil, lists, fmt.Errorf("store: looking at what %s holds: %w", s.name, err)
	}
	return listed, lists, s.compare(listed)
}

func (s *Store) otherDimensions() error {
	return fmt.Errorf("store: %s holds documents and none of them has a vector of %d dimensions, as the embedder's have: it was made with another model; "+
		"use another collection and index again", s.name, s.model.Dimensions)
}

// most is the number of documents to examine after the first add to an empty collection.
const most = 256

// measure searches for documents that have just been added. It is an error if they are not found,
// if their scores are not of the sort that Options.Score says, or if another process has added
// documents of another Space.
func (s *Store) measure(ctx context.Context, o vectorstores.Options, docs []schema.Document, vectors [][]float32, empty bool) error {
	where := s.at(o.NameSpace)
	if empty { // if there is more now than this call added, n documents show it
		n := min(len(docs)+1, most)
		_, lists, err := s.read(ctx, where, n)
		if err == nil && !lists { // otherwise the search below suffices
			_, err = s.look(ctx, where, n)
		}
		if err != nil {
			return fmt.Errorf("looking at the collection again, which was empty before: %w", err)
		}
	}
	q := between(vectors[0])
	found, err := s.ask(ctx, probe, q, 10, where)
	if err != nil {
		return fmt.Errorf("searching for one of them failed: %w", err)
	}
	if err := s.compare(found); err != nil {
		return fmt.Errorf("the collection holds others: %w", err)
	}
	if len(found) == 0 {
		return fmt.Errorf("a search for one of them finds nothing: %s accepted documents that it does not serve", s.name)
	}
	byText := make(map[string][]float32, len(docs))
	for i, doc := range docs {
		byText[doc.PageContent] = vectors[i]
	}
	for _, doc := range found {
		v, ok := byText[doc.PageContent]
		if !ok {
			continue
		}
		cosine := float64(embedding.Cosine(q, v))
		if math.Abs(scores[s.o.Score].cosine(float64(doc.Score))-cosine) <= tolerance {
			continue
		}
		err := fmt.Errorf("%s gives the score %.4g to a document whose cosine is %.4g: Options.Score is %v and should be %s", s.name, doc.Score, cosine, s.o.Score, matching(doc.Score, cosine))
		s.wrong.Store(&err)
		return err
	}
	return nil
}
