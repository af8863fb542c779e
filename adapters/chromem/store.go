package chromem

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
)

// Options of a Store. The zero value is in memory.
type Options struct {
	// Dir is the folder of a persistent store; it is made if it is not there. "" is in memory.
	Dir string
	// Collection is what is used where a call gives no vectorstores.WithNameSpace. "" is "documents".
	Collection string
	// ID returns the ID of a document, which must not be empty. nil is a hash of its content and metadata.
	ID func(schema.Document) string
}

// Store is a langchaingo vector store. It is safe for concurrent use.
type Store struct {
	e     embedding.Embedder
	model embedding.Model
	o     Options
	db    *chromem.DB

	mu          sync.RWMutex // held for reading while a collection is searched
	collections map[string]*collection
}

var _ vectorstores.VectorStore = (*Store)(nil)

// collection is one of chromem's, with what it cannot tell.
type collection struct {
	*chromem.Collection
	ids   map[string]string    // a document's public ID to chromem's
	files map[[4]byte]struct{} // the names of chromem's files, which are 4 bytes of a hash
}

// New opens a store for e, whose Space must be known. It is an error if the folder holds vectors of another Space, or a file
// that cannot be read.
func New(e embedding.Embedder, o Options) (*Store, error) {
	if e == nil {
		return nil, errors.New("chromem: the Embedder is nil")
	}
	e = embedding.Chain(e)
	s := &Store{e: e, model: e.Model(), o: o, collections: map[string]*collection{}}
	if s.model.Space == "" || s.model.Dimensions == 0 {
		return nil, fmt.Errorf("chromem: the Space of %s:%s is unknown: call embedding.Probe first", s.model.Provider, s.model.ID)
	}
	if s.o.Collection == "" {
		s.o.Collection = "documents"
	}
	if s.o.ID == nil {
		s.o.ID = hashed
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
		return nil, corrupt(o.Dir, err)
	}
	s.db = db
	for name, c := range db.ListCollections() {
		if err := s.load(name, c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// load learns which documents a collection holds.
func (s *Store) load(name string, c *chromem.Collection) error {
	own := newCollection(c)
	s.collections[name] = own
	all, err := own.all(s.model.Dimensions)
	if err != nil {
		return corrupt(s.o.Dir, err)
	}
	for _, r := range all {
		id, ok := r.Metadata[keyID]
		if !ok {
			return fmt.Errorf("chromem: %s holds a document that was not stored by this package: use another folder", s.o.Dir)
		}
		own.ids[id] = r.ID
		own.files[fileOf(r.ID)] = struct{}{}
	}
	return nil
}

func newCollection(c *chromem.Collection) *collection {
	// chromem keeps a collection's own metadata in the file 00000000.
	return &collection{Collection: c, ids: map[string]string{}, files: map[[4]byte]struct{}{{}: {}}}
}

func fileOf(id string) [4]byte {
	sum := sha256.Sum256([]byte(id))
	return [4]byte(sum[:4])
}

// place returns chromem's ID for a new document: its own, or where another document has the file of that name, a changed one.
func (c *collection) place(id string) string {
	inner := id
	for n := 1; ; n++ {
		if _, taken := c.files[fileOf(inner)]; !taken {
			return inner
		}
		inner = id + "\x00" + strconv.Itoa(n)
	}
}

// all returns every document, by a search that wants them all: chromem has no list.
func (c *collection) all(dimensions int) ([]chromem.Result, error) {
	n := c.Count()
	if n == 0 {
		return nil, nil
	}
	any := make([]float32, dimensions)
	any[0] = 1
	return c.QueryEmbedding(context.Background(), any, n, nil, nil)
}

// collection returns the collection of a name, or nil if there is none and it is not to be made.
func (s *Store) collection(name string, make bool) (*collection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.collections[name]; c != nil || !make {
		return c, nil
	}
	for other := range s.collections {
		if fileOf(other) == fileOf(name) {
			return nil, fmt.Errorf("chromem: the collections %q and %q would share a folder: choose another name", other, name)
		}
	}
	c, err := s.db.CreateCollection(name, nil, func(context.Context, string) ([]float32, error) {
		return nil, errors.New("chromem: a vector is missing") // vectors are always given
	})
	if err != nil {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	s.collections[name] = newCollection(c)
	return s.collections[name], nil
}

// hashed is the default ID.
func hashed(doc schema.Document) string {
	h := sha256.New()
	metadata, err := encode("", doc.Metadata)
	if err != nil {
		return "unencodable" // AddDocuments refuses it
	}
	data, err := json.Marshal([]any{doc.PageContent, metadata})
	if err != nil {
		return "unencodable"
	}
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Count returns how many documents the default collection, or that of vectorstores.WithNameSpace, holds.
func (s *Store) Count(options ...vectorstores.Option) int {
	c, err := s.collection(s.options(options).NameSpace, false)
	if c == nil || err != nil {
		return 0
	}
	return c.Count()
}

// All yields every document of a collection with its ID, ordered by ID. The documents are copies.
func (s *Store) All(options ...vectorstores.Option) iter.Seq2[string, schema.Document] {
	return func(yield func(string, schema.Document) bool) {
		c, err := s.collection(s.options(options).NameSpace, false)
		if c == nil || err != nil {
			return
		}
		s.mu.RLock()
		ids := maps.Clone(c.ids)
		s.mu.RUnlock()
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			doc, err := c.GetByID(context.Background(), ids[id])
			if err != nil {
				continue // deleted meanwhile
			}
			metadata, err := decode(doc.Metadata)
			if err != nil {
				continue // New has checked what was on disk
			}
			if !yield(id, schema.Document{PageContent: doc.Content, Metadata: metadata}) {
				return
			}
		}
	}
}

// Delete removes documents. An ID that is not there is passed over.
func (s *Store) Delete(ctx context.Context, ids []string, options ...vectorstores.Option) error {
	c, err := s.collection(s.options(options).NameSpace, false)
	if c == nil || err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		inner, ok := c.ids[id]
		if !ok {
			continue
		}
		if err := c.Collection.Delete(ctx, nil, nil, inner); err != nil {
			return fmt.Errorf("chromem: %w", err)
		}
		delete(c.ids, id)
		delete(c.files, fileOf(inner))
	}
	return nil
}

func (s *Store) options(options []vectorstores.Option) vectorstores.Options {
	var o vectorstores.Options
	for _, option := range options {
		option(&o)
	}
	if o.NameSpace == "" {
		o.NameSpace = s.o.Collection
	}
	return o
}

// embedder returns the store's own, or the one of vectorstores.WithEmbedder if it is known to be of the same Space.
func (s *Store) embedder(o vectorstores.Options) (embedding.Embedder, error) {
	if o.Embedder == nil {
		return s.e, nil
	}
	ours, ok := o.Embedder.(interface{ Unwrap() embedding.Embedder })
	if !ok {
		return nil, errors.New("chromem: vectorstores.WithEmbedder: the embedder's Space is unknown: wrap it by adapters/langchaingo.From and New")
	}
	e := ours.Unwrap()
	if space := e.Model().Space; !space.Same(s.model.Space) {
		return nil, fmt.Errorf("chromem: vectorstores.WithEmbedder: the embedder is of the space %q and the store of %q: their vectors cannot be compared", space, s.model.Space)
	}
	return e, nil
}

// unit returns a copy of v of length 1, which is all that chromem can compare; false if v has no direction.
func unit(v []float32) ([]float32, bool) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return nil, false
	}
	out := slices.Clone(v)
	if math.Abs(sum-1) < 1e-6 {
		return out, true
	}
	scale := 1 / math.Sqrt(sum)
	for i := range out {
		out[i] = float32(float64(out[i]) * scale)
	}
	return out, true
}
