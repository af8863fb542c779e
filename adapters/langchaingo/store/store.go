package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/canary"
)

// Options configures a [Store]. The zero value works for pgvector, redisvector and weaviate.
type Options struct {
	// Score says what the store's own scores are. Auto knows some stores. The first add detects a
	// wrong value.
	Score Score
	// Unstamped accepts documents without a stamp, which were not added through the guard. The caller
	// asserts that they have the embedder's Space.
	Unstamped bool
	// Missing reports whether a search failed because the collection does not exist yet. nil knows the
	// errors of the stores that Auto knows.
	Missing func(error) bool
	// Canary may be nil. Otherwise New checks the embedder against it before it opens the store, which
	// costs the canary's texts. A silently changed model would get the stamp of the old Space.
	Canary *canary.Reference
}

// Store is a guarded vector store. It is as safe for concurrent use as the store inside; the guard
// serializes the first AddDocuments.
type Store struct {
	e     embedding.Embedder
	model embedding.Model
	o     Options
	inner vectorstores.VectorStore
	name  string // the store's type
	trait trait
	index string // its name, if it may include the documents of another
	eager bool   // it embeds the query of every search

	gate    gate
	wrong   atomic.Pointer[error] // the scores are not what Options.Score says
	begun   atomic.Bool           // an add has succeeded
	checked sync.Map              // name spaces in which an add has succeeded
	fields  sync.Map              // whether redisvector's index has a key as a number
	fresh   atomic.Bool           // redisvector has no index yet
}

var _ vectorstores.VectorStore = (*Store)(nil)

// New opens a store with an embedder that stands in for e, and guards it. The Space and Dimensions
// of e must be known. If the collection holds documents, New examines one; it is an error if that
// has another Space. New embeds nothing unless Options.Canary is set.
func New(ctx context.Context, e embedding.Embedder, open func(embeddings.Embedder) (vectorstores.VectorStore, error), o Options) (*Store, error) {
	if e == nil || open == nil {
		return nil, errors.New("store: New needs an Embedder and a function that opens the store")
	}
	e = embedding.Chain(e)
	s := &Store{e: e, model: e.Model(), o: o, gate: newGate()}
	if s.model.Space == "" || s.model.Dimensions == 0 {
		return nil, fmt.Errorf("store: the Space or the Dimensions of %s:%s are unknown: call embedding.Probe first", s.model.Provider, s.model.ID)
	}
	if o.Canary != nil {
		if err := canary.Check(ctx, e, *o.Canary); err != nil {
			return nil, fmt.Errorf("store: checking the embedder against Options.Canary: %w", err)
		}
	}
	inner, err := open(hatch{s})
	if err != nil {
		return nil, fmt.Errorf("store: opening: %w", advised(err))
	}
	if v := reflect.ValueOf(inner); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("store: opening returned neither a store nor an error")
	}
	s.inner = inner
	s.identify()
	if s.o.Score == Auto {
		s.o.Score = s.trait.score
	}
	if s.o.Score == Auto || int(s.o.Score) >= len(scores) {
		return nil, fmt.Errorf("store: what the scores of %s are depends on how its collection was made: say it in Options.Score, "+
			"which is Cosine if its metric is the cosine (chroma.WithDistanceFunction(types.COSINE) for one)", s.name)
	}
	if err := s.column(ctx); err != nil {
		return nil, err
	}
	empty, err := s.look(ctx, s.at(""), 1)
	if err != nil {
		return nil, err
	}
	s.fresh.Store(empty)
	return s, nil
}

// Unwrap returns the store inside, for its own methods such as Close and Delete. Its AddDocuments
// and SimilaritySearch return errors; use the guard's.
func (s *Store) Unwrap() vectorstores.VectorStore { return s.inner }

// Model returns the embedder's model. Documents are stamped with its Space.
func (s *Store) Model() embedding.Model { return s.model }

func options(opts []vectorstores.Option) vectorstores.Options {
	var o vectorstores.Options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// at returns the options for a search in a name space.
func (s *Store) at(space string) []vectorstores.Option {
	if space = s.named(space); space == "" {
		return nil
	}
	return []vectorstores.Option{vectorstores.WithNameSpace(space)}
}

// searched returns the options for a search. The guard applies the others itself.
func (s *Store) searched(o vectorstores.Options) ([]vectorstores.Option, error) {
	if s.trait.sort == jsonb {
		if err := sound(o.NameSpace); err != nil {
			return nil, fmt.Errorf("store: the name space %w", err)
		}
	}
	filters := o.Filters
	if filters != nil && s.trait.sort == jsonb {
		same, err := equalities(filters)
		if err != nil {
			return nil, err
		}
		if filters = nil; same != nil {
			filters = same
		}
	}
	out := s.at(o.NameSpace)
	if filters != nil {
		out = append(out, vectorstores.WithFilters(filters))
	}
	return out, nil
}

// added returns the options for an add, which the store interprets or refuses.
func added(o vectorstores.Options) []vectorstores.Option {
	var out []vectorstores.Option
	if o.NameSpace != "" {
		out = append(out, vectorstores.WithNameSpace(o.NameSpace))
	}
	if o.Filters != nil {
		out = append(out, vectorstores.WithFilters(o.Filters))
	}
	if o.ScoreThreshold != 0 {
		out = append(out, vectorstores.WithScoreThreshold(o.ScoreThreshold))
	}
	return out
}
