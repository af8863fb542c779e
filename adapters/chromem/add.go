package chromem

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
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// AddDocuments stores docs and returns their IDs in the same order. It embeds only documents with
// new content, in one call. Documents that vectorstores.WithDeduplicater reports are left out of
// the write and of the IDs.
//
// If some documents fail, the others are stored: the error is an [*embedding.PartialError] with
// indexes into docs, and the IDs of documents that were not stored are empty. The same call again
// embeds only those. A document with metadata of an unsupported type, or to which Options.ID gives
// no ID, is not embedded. If the Embedder fails and none of the documents is in the store
// afterwards, the error is its own and there are no IDs. A disk error ends the call; the IDs of
// documents stored before it are returned, and the vectors of the others are in the PartialError.
//
// It is an error, before anything is embedded, if two different documents have one ID or, as
// [ErrInUse], if another Store is changing the folder.
//
// WithNameSpace names another collection. WithEmbedder takes an embedder with the same Space, made
// by adapters/langchaingo.New. Other options are ignored.
func (s *Store) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	o := s.options(options)
	e, err := percall.Embedder("chromem", s.e, o.Embedder)
	if err != nil {
		return nil, err
	}
	var batch []*entry
	origins := map[string]string{} // by ID
	failed := map[int]error{}      // by index in docs
	for i, doc := range docs {
		if o.Deduplicater != nil && o.Deduplicater(ctx, doc) {
			continue
		}
		x, err := s.entry(i, doc)
		if err != nil {
			x, failed[i] = &entry{at: i}, err
		} else if s.o.ID == nil {
			s.apart(s.collection(o.NameSpace), x, origins)
		}
		batch = append(batch, x)
	}
	if len(batch) == 0 {
		return []string{}, ctx.Err()
	}
	if len(failed) == len(batch) {
		return nil, fmt.Errorf("chromem: nothing was embedded: %w", partial(batch, failed, embedding.Usage{}, len(docs)))
	}
	unlock, err := s.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	c, err := s.create(o.NameSpace)
	if err != nil {
		return nil, err
	}
	usage, err := s.embed(ctx, e, c, batch, failed)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(batch, func(x *entry) bool { return x.fresh }) {
		if err := s.adopt(); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(batch))
	for k, x := range batch {
		if x.twin != nil {
			x.vector, x.kept = x.twin.vector, true
			if err := failed[x.twin.at]; err != nil {
				failed[x.at] = err
			}
		}
		if x.vector == nil {
			continue
		}
		s.mu.Lock() // per document, so that searches do not wait for all
		err := c.put(ctx, x)
		s.mu.Unlock()
		if err != nil { // of the disk, which the others would meet too
			err = fmt.Errorf("document %d (%s): %w", x.at, x.id, err)
			for _, x := range batch[k:] {
				failed[x.at] = err
			}
			return ids, fmt.Errorf("chromem: %w", partial(batch, failed, usage, len(docs)))
		}
		ids[k] = x.id
	}
	return ids, partial(batch, failed, usage, len(docs))
}

// Refused returns the documents that AddDocuments would refuse before it embeds anything, because
// the store cannot keep them, by index in docs.
func (s *Store) Refused(_ context.Context, docs []schema.Document) (refused []embedding.TextError) {
	for i, doc := range docs {
		if _, err := s.entry(i, doc); err != nil {
			refused = append(refused, embedding.TextError{Index: i, Err: err})
		}
	}
	return refused
}

// partial returns the failures as one error, nil if there are none.
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

// entry is a document that is being added.
type entry struct {
	at       int // index in the caller's documents
	id       string
	content  string
	metadata map[string]string
	vector   []float32 // nil until it is known
	kept     bool      // the store holds it unchanged
	fresh    bool      // this call embedded it
	twin     *entry    // the same document earlier in the call
}

// entry returns an error if the store cannot keep doc.
func (s *Store) entry(at int, doc schema.Document) (*entry, error) {
	metadata, err := encode(doc.Metadata)
	if err != nil {
		return nil, s.model.Errorf(embedding.Rejected, "chromem cannot keep document %d: %w", at, err)
	}
	var id string
	if s.o.ID == nil {
		id = hashed(doc.PageContent, metadata)
	} else if id = s.o.ID(doc); id == "" {
		return nil, s.model.Errorf(embedding.Rejected, "Options.ID gave document %d an empty ID", at)
	}
	metadata[keyID] = id
	return &entry{at: at, id: id, content: doc.PageContent, metadata: metadata}, nil
}

// apart gives x another ID if its own is that of an equal document that a migration has brought
// from somewhere else: both are kept.
func (s *Store) apart(c *indexed, x *entry, origins map[string]string) {
	origin, ok := x.metadata[collection.OriginKey]
	if !ok {
		return
	}
	had, taken := origins[x.id]
	if c != nil && !taken {
		if old, ok := s.get(c, x.id); ok {
			had, taken = old.Metadata[collection.OriginKey], true
		}
	}
	if taken && had != origin {
		x.id = hashed(x.content, x.metadata, collection.OriginKey)
		x.metadata[keyID] = x.id
	}
	origins[x.id] = origin
}

// embed gives every entry without a twin its vector: the stored one if the content has not changed.
// It skips those in failed, and adds failures to it. It returns an error if nothing of the call is
// or will be stored.
func (s *Store) embed(ctx context.Context, e embedding.Embedder, c *indexed, batch []*entry, failed map[int]error) (embedding.Usage, error) {
	first := map[string]*entry{} // by ID
	var texts []string
	var fresh []*entry
	for _, x := range batch {
		if failed[x.at] != nil {
			continue
		}
		if twin := first[x.id]; twin != nil {
			if twin.content != x.content || !maps.Equal(twin.metadata, x.metadata) {
				return embedding.Usage{}, fmt.Errorf("chromem: documents %d and %d are different and have the same ID %q", twin.at, x.at, x.id)
			}
			x.twin = twin
			continue
		}
		first[x.id] = x
		if old, ok := s.get(c, x.id); ok && old.Content == x.content {
			x.vector, x.kept = old.Embedding, maps.Equal(old.Metadata, x.metadata)
			continue
		}
		texts = append(texts, x.content)
		fresh = append(fresh, x)
	}
	if len(texts) == 0 {
		return embedding.Usage{}, nil
	}
	res, err := e.Embed(ctx, embedding.Request{Texts: texts})
	switch p, ok := errors.AsType[*embedding.PartialError](err); {
	case ok:
		for _, f := range p.Failed {
			failed[fresh[f.Index].at] = f.Err
		}
	case err != nil && len(fresh) == len(first): // nothing of this call is or will be stored
		return embedding.Usage{}, err
	case err != nil:
		for _, x := range fresh {
			failed[x.at] = err
		}
	}
	got := embedding.Salvage(res, err)
	for k, x := range fresh {
		if failed[x.at] != nil {
			continue
		}
		v, ok := unit(got.Vectors[k])
		if !ok {
			failed[x.at] = s.model.Errorf(embedding.Malformed, "the vector of document %d is zero and has no direction", x.at)
			continue
		}
		x.vector, x.fresh = v, true
	}
	return got.Usage, nil
}
