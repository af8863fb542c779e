package chromem

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
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
	// Words is the weight of words in searches, see [bm25.Fuse]; bm25.Weight is a good one to begin
	// with. 0 searches by meaning alone and keeps no index of words.
	Words float64
}

// Store is a langchaingo vector store. It is safe for concurrent use and needs no closing. Several
// Stores, of several programs too, may have one folder open; one of them at a time changes it.
type Store struct {
	e     embedding.Embedder
	model embedding.Model
	o     Options
	db    *chromem.DB

	mu          sync.RWMutex        // read-locked for searches, write-locked for changes
	collections map[string]*indexed // by the name of the folder

	turn turn
}

var _ vectorstores.VectorStore = (*Store)(nil)

// New opens a store for e, whose Space and Dimensions must be known. It is an error if the folder
// holds vectors of another Space, an index of unknown origin or a damaged file. New embeds nothing.
// A folder that cannot be written, or that another Store is changing, opens for searching.
func New(e embedding.Embedder, o Options) (*Store, error) {
	if e == nil {
		return nil, errors.New("chromem: the Embedder is nil")
	}
	if !(o.Words >= 0) || math.IsInf(o.Words, 1) {
		return nil, fmt.Errorf("chromem: Options.Words is %v: it must be 0 or more, and finite", o.Words)
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
	if err := s.claim(); err != nil {
		return nil, err
	}
	before := state(o.Dir)
	if err := s.load(); err != nil {
		return nil, err
	}
	if s.turn.seen = state(o.Dir); s.turn.seen != before {
		s.turn.seen = unknown
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
		for id, stored := range s.stored(s.collection(s.options(options).NameSpace)) {
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
// the document, and the documents after it stay. If another Store is changing the folder, the error
// is [ErrInUse].
func (s *Store) Delete(ctx context.Context, ids []string, options ...vectorstores.Option) error {
	if len(ids) == 0 {
		return nil
	}
	unlock, err := s.Lock()
	if err != nil {
		return err
	}
	defer unlock()
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
	c := s.collections[hexOf(name)]
	if c != nil && c.name != name && c.name != "" {
		return nil
	}
	return c
}

// create returns the collection with this name and creates it if there is none. The caller has the
// folder's lock.
func (s *Store) create(name string) (*indexed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	folder := hexOf(name)
	c := s.collections[folder]
	if c != nil && c.name == name {
		return c, nil
	}
	if c != nil && c.name != "" {
		return nil, fmt.Errorf("chromem: the collections %q and %q would share a folder: choose another name", c.name, name)
	}
	if c == nil {
		var err error
		if c, err = newIndexed(s.db, folder, s.o); err != nil {
			return nil, err
		}
		s.collections[folder] = c
	}
	if c.dir != "" {
		err := os.MkdirAll(c.dir, 0o700)
		if err == nil {
			err = writeFile(filepath.Join(c.dir, nameFile), named{Name: name})
		}
		if err != nil {
			return nil, fmt.Errorf("chromem: %w", err)
		}
	}
	c.name = name
	return c, nil
}

// stored yields the documents that c holds now, ordered by ID, but for those deleted meanwhile. c
// may be nil.
func (s *Store) stored(c *indexed) iter.Seq2[string, chromem.Document] {
	return func(yield func(string, chromem.Document) bool) {
		if c == nil {
			return
		}
		s.mu.RLock()
		ids := slices.Sorted(maps.Keys(c.ids))
		s.mu.RUnlock()
		for _, id := range ids {
			if doc, ok := s.get(c, id); ok && !yield(id, doc) {
				return
			}
		}
	}
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
