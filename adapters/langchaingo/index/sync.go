package index

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// Store is what [Sync] needs of a vector store. [New] makes one.
type Store interface {
	// List yields an Entry per document, in any order. An error is yielded last.
	List(ctx context.Context) iter.Seq2[collection.Entry, error]
	// Delete removes documents. It ignores unknown IDs.
	Delete(ctx context.Context, ids []string) error
	// AddDocuments stores docs with all their metadata and returns their IDs, in order. It should not
	// embed a text that the store holds already, under whatever metadata. If some texts fail, it
	// stores the others: the error is an [*embedding.PartialError] with indexes into docs, and the IDs
	// of documents that were not stored are empty.
	AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error)
}

// Result counts the documents of a [Sync].
type Result struct {
	Added   int // new, or new in metadata
	Kept    int // unchanged
	Deleted int // gone, or there twice
	// Failed are the documents that the model or the store refused, with indexes into the caller's
	// documents.
	Failed []embedding.TextError
}

// String counts what was done, for people.
func (r Result) String() string {
	s := fmt.Sprintf("%d added, %d kept, %d deleted", r.Added, r.Kept, r.Deleted)
	if n := len(r.Failed); n > 0 {
		s += fmt.Sprintf(", %d failed", n)
	}
	return s
}

// What AddDocuments gets at once.
const (
	blockDocuments = 200
	blockBytes     = 1 << 20
)

// Sync makes s hold docs as the documents of source, and no others of that source. Equal documents
// count as one. No docs delete all of the source.
//
// Sync deletes nothing unless all docs are stored. If some texts are rejected, it stores the others
// and returns an error that holds an [*embedding.PartialError] with indexes into docs. Any other
// error ends it; what was stored is kept. The Result counts what was done until then.
//
// Metadata must be what JSON can express. Sync replaces the reserved keys of package collection. It
// edits neither docs nor their metadata.
func Sync(ctx context.Context, s Store, source string, docs []schema.Document) (Result, error) {
	r, err := run(ctx, s, source, docs)
	if err != nil {
		err = fmt.Errorf("index: %w", err)
	}
	return r, err
}

func run(ctx context.Context, s Store, source string, docs []schema.Document) (Result, error) {
	var r Result
	if s == nil || source == "" {
		return r, errors.New("Sync needs a Store and the name of a source")
	}
	wanted := make(map[string]int, len(docs)) // index in docs by hash
	hashes := make([]string, len(docs))
	for i, doc := range docs {
		hash, err := hashOf(doc)
		if err != nil {
			return r, fmt.Errorf("nothing was written: document %d: %w", i, err)
		}
		hashes[i] = hash
		if _, twice := wanted[hash]; !twice {
			wanted[hash] = i
		}
	}
	if l, ok := s.(locker); ok {
		unlock, err := l.Lock()
		if err != nil {
			return r, fmt.Errorf("nothing was written: %w", err)
		}
		defer unlock()
	}
	had := map[string]string{} // ID by hash
	others := map[string]string{}
	var gone []string
	for at, err := range s.List(ctx) {
		if err != nil {
			return r, fmt.Errorf("nothing was written: listing the documents: %w", err)
		}
		if at.Hash == "" || at.Source != source {
			others[at.ID] = at.Source
			continue
		}
		id, twice := had[at.Hash]
		if _, ok := wanted[at.Hash]; !ok {
			gone = append(gone, at.ID)
			continue
		}
		if twice { // two processes keep the same one
			gone = append(gone, max(id, at.ID))
			had[at.Hash] = min(id, at.ID)
			continue
		}
		had[at.Hash] = at.ID
	}
	r.Kept = len(had)
	b := &block{store: s, others: others, written: map[string]bool{}, result: &r}
	for i, doc := range docs {
		if _, kept := had[hashes[i]]; kept || wanted[hashes[i]] != i {
			continue
		}
		if b.full(doc) {
			if err := b.write(ctx); err != nil {
				return r, err
			}
		}
		b.at = append(b.at, i)
		b.docs = append(b.docs, marked(doc, hashes[i], source))
		b.bytes += len(doc.PageContent)
	}
	if err := b.write(ctx); err != nil {
		return r, err
	}
	if len(r.Failed) > 0 {
		return r, fmt.Errorf("%d of %d documents are not stored, and what is gone was not deleted: %w", len(r.Failed), len(docs),
			&embedding.PartialError{Response: embedding.Response{Vectors: make([][]float32, len(docs))}, Failed: r.Failed})
	}
	// A store with IDs of its own may have replaced one.
	gone = slices.DeleteFunc(gone, func(id string) bool { return b.written[id] })
	for part := range slices.Chunk(gone, blockDocuments) {
		if err := s.Delete(ctx, part); err != nil {
			return r, fmt.Errorf("all documents are stored, but what is gone could not be deleted: %w", err)
		}
		r.Deleted += len(part)
	}
	return r, nil
}

// block holds the documents that are written at once.
type block struct {
	store   Store
	others  map[string]string // sources by the IDs of documents that are not ours
	written map[string]bool   // IDs
	result  *Result

	at    []int // indexes into the caller's documents
	docs  []schema.Document
	bytes int
}

func (b *block) full(next schema.Document) bool {
	return len(b.docs) == blockDocuments || len(b.docs) > 0 && b.bytes+len(next.PageContent) > blockBytes
}

func (b *block) write(ctx context.Context) error {
	if len(b.docs) == 0 {
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ids, err := b.store.AddDocuments(ctx, b.docs)
	p, some := errors.AsType[*embedding.PartialError](err)
	some = some && !slices.ContainsFunc(p.Failed, func(f embedding.TextError) bool { return f.Index < 0 || f.Index >= len(b.at) })
	switch {
	case some:
		for _, f := range p.Failed {
			b.result.Failed = append(b.result.Failed, embedding.TextError{Index: b.at[f.Index], Err: f.Err})
		}
	case embedding.KindOf(err) == embedding.Rejected: // every text of the block was
		for _, i := range b.at {
			b.result.Failed = append(b.result.Failed, embedding.TextError{Index: i, Err: err})
		}
		err = nil
	case err == nil && len(ids) != len(b.docs): // Milvus returns none
		b.result.Added += len(b.docs)
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		b.result.Added++
		b.written[id] = true
		if source, taken := b.others[id]; taken {
			return fmt.Errorf("the store gave a document of the source %q the ID %q and so replaced another one: use the store's own IDs", source, id)
		}
	}
	b.at, b.docs, b.bytes = nil, nil, 0
	if !some {
		return err
	}
	for _, f := range p.Failed {
		if !ofText(f.Err) {
			return err
		}
	}
	return nil // go on: a bad text keeps no other one out
}

// marked returns a copy of doc with our metadata.
func marked(doc schema.Document, hash, source string) schema.Document {
	own := maps.Clone(collection.Own(doc.Metadata))
	if own == nil {
		own = map[string]any{}
	}
	own[collection.HashKey], own[collection.SourceKey] = hash, source
	return schema.Document{PageContent: doc.PageContent, Metadata: own}
}

// hashOf returns the hash of a document: of its text, by which its vector is found, a dash, and of
// its metadata.
func hashOf(doc schema.Document) (string, error) {
	data, err := json.Marshal(collection.Own(doc.Metadata)) // sorts the keys
	if err != nil {
		return "", fmt.Errorf("the metadata: %w", err)
	}
	if len(doc.Metadata) == 0 || string(data) == "{}" {
		data = nil
	}
	sum := sha256.Sum256(data)
	return textHash(doc.PageContent) + "-" + hex.EncodeToString(sum[:8]), nil
}

func textHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// textOf returns the text's part of a hash.
func textOf(hash string) string {
	text, _, _ := strings.Cut(hash, "-")
	return text
}
