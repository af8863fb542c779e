package chromem

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// Options configures a [Store]. The zero value means a store in memory.
type Options struct {
	// Dir is the folder of a persistent store. New creates it. "" means in memory.
	Dir string
	// Collection is the name for calls without vectorstores.WithNameSpace. "" is "documents".
	Collection string
	// ID returns a document's ID, which must not be empty. nil means a hash of its content and
	// metadata.
	ID func(schema.Document) string
}

// Store is a langchaingo vector store. It is safe for concurrent use and needs no closing.
type Store struct {
	e     embedding.Embedder
	model embedding.Model
	o     Options
	db    *chromem.DB

	mu          sync.RWMutex // read-locked for searches, write-locked for changes
	collections map[string]*indexed
}

var _ vectorstores.VectorStore = (*Store)(nil)

// New opens a store for e, whose Space and Dimensions must be known. It is an error if the folder
// holds vectors of another Space, an index of unknown origin or a damaged file. New embeds nothing.
func New(e embedding.Embedder, o Options) (*Store, error) {
	if e == nil {
		return nil, errors.New("chromem: the Embedder is nil")
	}
	e = embedding.Chain(e)
	s := &Store{e: e, model: e.Model(), o: o, collections: map[string]*indexed{}}
	if s.model.Space == "" || s.model.Dimensions == 0 {
		return nil, fmt.Errorf("chromem: the Space or the Dimensions of %s:%s are unknown: call embedding.Probe first", s.model.Provider, s.model.ID)
	}
	if s.o.Collection == "" {
		s.o.Collection = "documents"
	}
	if o.Dir == "" {
		s.db = chromem.NewDB()
		return s, nil
	}
	if err := claim(o.Dir, s.model); err != nil {
		return nil, err
	}
	db, err := chromem.NewPersistentDB(o.Dir, false)
	if err != nil {
		return nil, unreadable(o.Dir, err)
	}
	s.db = db
	for name, c := range db.ListCollections() {
		if s.collections[name], err = load(c, o.Dir, s.model.Dimensions); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Count returns the number of documents in the default collection, or in the one that
// vectorstores.WithNameSpace names.
func (s *Store) Count(options ...vectorstores.Option) int {
	c := s.collection(s.options(options).NameSpace)
	if c == nil {
		return 0
	}
	return c.Count()
}

// All yields copies of all documents in a collection with their IDs, ordered by ID. It leaves out
// documents that are added after the call began, and the reserved keys of package collection. The
// store may be used and changed meanwhile.
func (s *Store) All(options ...vectorstores.Option) iter.Seq2[string, schema.Document] {
	return func(yield func(string, schema.Document) bool) {
		c := s.collection(s.options(options).NameSpace)
		if c == nil {
			return
		}
		s.mu.RLock()
		ids := slices.Sorted(maps.Keys(c.ids))
		s.mu.RUnlock()
		for _, id := range ids {
			stored, ok := s.get(c, id)
			if !ok {
				continue // deleted meanwhile
			}
			metadata, err := decode(stored.Metadata)
			if err != nil {
				continue // impossible: New decoded what was on disk, AddDocuments encoded the rest
			}
			if !yield(id, schema.Document{PageContent: stored.Content, Metadata: collection.Own(metadata)}) {
				return
			}
		}
	}
}

// Delete removes documents and ignores unknown IDs. If a file cannot be removed, the error names
// the document, and the documents after it stay.
func (s *Store) Delete(ctx context.Context, ids []string, options ...vectorstores.Option) error {
	c := s.collection(s.options(options).NameSpace)
	if c == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.remove(ctx, id); err != nil {
			return fmt.Errorf("chromem: document %s: %w", id, err)
		}
	}
	return nil
}

// collection returns the collection with this name, nil if there is none.
func (s *Store) collection(name string) *indexed {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.collections[name]
}

// create returns the collection with this name and creates it if there is none.
func (s *Store) create(name string) (*indexed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.collections[name]; c != nil {
		return c, nil
	}
	for other := range s.collections {
		if fileOf(other) == fileOf(name) {
			return nil, fmt.Errorf("chromem: the collections %q and %q would share a folder: choose another name", other, name)
		}
	}
	c, err := s.db.CreateCollection(name, nil, func(context.Context, string) ([]float32, error) {
		return nil, errors.New("a vector is missing") // vectors are always given
	})
	if err != nil {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	s.collections[name] = newIndexed(c, s.o.Dir)
	return s.collections[name], nil
}

// get returns a copy of a stored document.
func (s *Store) get(c *indexed, id string) (chromem.Document, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	inner, ok := c.ids[id]
	if !ok {
		return chromem.Document{}, false
	}
	doc, err := c.GetByID(context.Background(), inner) // does no I/O
	return doc, err == nil
}

func (s *Store) options(options []vectorstores.Option) vectorstores.Options {
	o := vectorstores.Options{NameSpace: s.o.Collection}
	for _, option := range options {
		option(&o)
	}
	if o.NameSpace == "" {
		o.NameSpace = s.o.Collection
	}
	return o
}
