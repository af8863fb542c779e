package chromem

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
)

// AddDocuments stores docs and returns their IDs, in their order. Only documents whose content is new are embedded, in one
// call. Documents that vectorstores.WithDeduplicater reports are left out of the call and of the IDs.
//
// If some texts fail, the others are stored all the same: the error is an *embedding.PartialError whose indexes are those of docs,
// and the IDs of documents that were not stored are empty. WithEmbedder takes an embedder of the same Space only.
func (s *Store) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	o := s.options(options)
	e, err := s.embedder(o)
	if err != nil {
		return nil, err
	}
	var batch []*entry
	for i, doc := range docs {
		if o.Deduplicater != nil && o.Deduplicater(ctx, doc) {
			continue
		}
		x, err := s.entry(i, doc)
		if err != nil {
			return nil, fmt.Errorf("chromem: document %d: %w", i, err)
		}
		batch = append(batch, x)
	}
	if len(batch) == 0 {
		return []string{}, ctx.Err()
	}
	c, err := s.collection(o.NameSpace, true)
	if err != nil {
		return nil, err
	}
	failed := map[int]error{} // by index among docs
	usage, err := s.embed(ctx, e, c, batch, failed)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(batch))
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, x := range batch {
		if x.vector == nil {
			continue
		}
		if err := c.put(ctx, x); err != nil {
			return ids, fmt.Errorf("chromem: document %d (%s): %w", x.at, x.id, err)
		}
		ids[k] = x.id
	}
	return ids, partial(batch, failed, usage, len(docs))
}

// partial returns what failed as an error, nil if nothing did.
func partial(batch []*entry, failed map[int]error, usage embedding.Usage, n int) error {
	if len(failed) == 0 {
		return nil
	}
	p := &embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, n), Usage: usage}}
	for _, x := range batch {
		p.Response.Vectors[x.at] = x.vector
		if err := failed[x.at]; err != nil {
			p.Failed = append(p.Failed, embedding.TextError{Index: x.at, Err: err})
		}
	}
	return p
}

// entry is a document on its way into the store.
type entry struct {
	at       int // among the caller's documents
	id       string
	content  string
	metadata map[string]string
	vector   []float32 // nil: not there yet
	kept     bool      // it is in the store as it is
}

func (s *Store) entry(at int, doc schema.Document) (*entry, error) {
	id := s.o.ID(doc)
	if id == "" {
		return nil, errors.New("Options.ID gave it an empty ID")
	}
	metadata, err := encode(id, doc.Metadata)
	if err != nil {
		return nil, err
	}
	return &entry{at: at, id: id, content: doc.PageContent, metadata: metadata}, nil
}

// embed gives every entry its vector: the stored one where the content has not changed. It fills in failed, or returns the error
// of a call of which nothing succeeded.
func (s *Store) embed(ctx context.Context, e embedding.Embedder, c *collection, batch []*entry, failed map[int]error) (embedding.Usage, error) {
	first := map[string]*entry{} // by ID
	var texts []string
	var fresh []*entry
	for _, x := range batch {
		if twin := first[x.id]; twin != nil {
			if twin.content != x.content || !maps.Equal(twin.metadata, x.metadata) {
				return embedding.Usage{}, fmt.Errorf("chromem: documents %d and %d are different and have the same ID %q", twin.at, x.at, x.id)
			}
			continue
		}
		first[x.id] = x
		if old, ok := s.get(ctx, c, x.id); ok && old.Content == x.content {
			x.vector, x.kept = old.Embedding, maps.Equal(old.Metadata, x.metadata)
			continue
		}
		texts = append(texts, x.content)
		fresh = append(fresh, x)
	}
	res, err := e.Embed(ctx, embedding.Request{Texts: texts}) // nothing happens if there are none
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			failed[fresh[f.Index].at] = f.Err
		}
	} else if err != nil {
		return embedding.Usage{}, err
	}
	got := embedding.Salvage(res, err)
	for k, x := range fresh {
		if failed[x.at] != nil {
			continue
		}
		v, ok := unit(got.Vectors[k])
		if !ok {
			failed[x.at] = &embedding.Error{
				Kind: embedding.Malformed, Provider: s.model.Provider, Model: s.model.ID,
				Err: fmt.Errorf("the vector of document %d is zero and has no direction", x.at),
			}
			continue
		}
		x.vector = v
	}
	for _, x := range batch {
		if twin := first[x.id]; twin != x {
			x.vector, x.kept = twin.vector, true
			if err := failed[twin.at]; err != nil {
				failed[x.at] = err
			}
		}
	}
	return got.Usage, nil
}

// get returns a stored document by its public ID.
func (s *Store) get(ctx context.Context, c *collection, id string) (chromem.Document, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	inner, ok := c.ids[id]
	if !ok {
		return chromem.Document{}, false
	}
	doc, err := c.GetByID(ctx, inner)
	return doc, err == nil
}

// put stores an entry that has its vector. The caller holds the store's lock.
func (c *collection) put(ctx context.Context, x *entry) error {
	inner, known := c.ids[x.id]
	if x.kept && known {
		return nil
	}
	if !known {
		inner = c.place(x.id)
	}
	doc := chromem.Document{ID: inner, Metadata: x.metadata, Embedding: x.vector, Content: x.content}
	if err := c.AddDocument(ctx, doc); err != nil {
		if !known { // it is in memory and not on disk
			err = errors.Join(err, c.Collection.Delete(ctx, nil, nil, inner))
		}
		return err
	}
	c.ids[x.id] = inner
	c.files[fileOf(inner)] = struct{}{}
	return nil
}
