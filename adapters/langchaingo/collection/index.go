package collection

import (
	"context"
	"iter"
	"maps"
)

// The metadata keys that this module reserves. The stores leave them out of search results, and
// chromem leaves them out of default IDs.
const (
	SpaceKey   = "vecspace_space"   // the Space of the vector: adapters/langchaingo/store
	VariantKey = "vecspace_variant" // its embedding.Model.DocumentVariant, or "none": the same
	OriginKey  = "vecspace_origin"  // the ID in the collection that a migration read
	HashKey    = "vecspace_hash"    // the hash of text and metadata: adapters/langchaingo/index
	SourceKey  = "vecspace_source"  // where a document comes from: adapters/langchaingo/index
)

// Reserved reports whether key is one of the reserved keys.
func Reserved(key string) bool {
	switch key {
	case SpaceKey, VariantKey, OriginKey, HashKey, SourceKey:
		return true
	}
	return false
}

// Own returns metadata without the reserved keys. It returns metadata itself if there are none, and
// never edits it.
func Own(metadata map[string]any) map[string]any {
	own := metadata
	for key := range metadata {
		if !Reserved(key) {
			continue
		}
		if len(own) == len(metadata) {
			own = maps.Clone(metadata)
		}
		delete(own, key)
	}
	return own
}

// Index finds and removes the documents of a collection, as adapters/langchaingo/index needs it. It
// is safe for concurrent use.
type Index interface {
	// List yields an Entry per document, in any order. An error is yielded last. A missing collection
	// has no documents.
	List(ctx context.Context) iter.Seq2[Entry, error]
	// Vectors returns the vectors of the documents with these IDs, by ID. Unknown IDs are left out.
	Vectors(ctx context.Context, ids []string) (map[string][]float32, error)
	// Delete removes documents. It ignores unknown IDs.
	Delete(ctx context.Context, ids []string) error
}

// Entry says which document is stored under an ID.
type Entry struct {
	ID     string // unique in the collection
	Hash   string // the metadata under [HashKey]; "" if there is none
	Source string // the metadata under [SourceKey]; "" if there is none
}

// EntryOf returns the Entry of a document with this ID and metadata.
func EntryOf(id string, metadata map[string]any) Entry {
	hash, _ := metadata[HashKey].(string)
	source, _ := metadata[SourceKey].(string)
	return Entry{ID: id, Hash: hash, Source: source}
}

// ReadIndex is a Reader that is an Index too.
type ReadIndex interface {
	Reader
	Index
}
