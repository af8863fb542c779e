package store

import (
	"fmt"
	"maps"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/variant"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/internal/spaces"
)

// Key is the metadata key of the stamp, the Space of a document's vector as a string. It is
// reserved; package migrate writes it too. It is a valid property, field and column name in every
// store.
const Key = collection.SpaceKey

// SpaceOf returns the stamp in a document's metadata, "" if there is none.
func SpaceOf(metadata map[string]any) embedding.Space {
	s, _ := metadata[Key].(string)
	return embedding.Space(s)
}

// VariantKey is the metadata key of a second stamp: what of the model's Variant changed the
// document's vector ([embedding.Model.DocumentVariant]), such as a prefix, or "none". Documents of
// earlier versions do not have it and are taken as they are. It is reserved too.
const VariantKey = collection.VariantKey

// VariantError is the error for documents with another prefix or other variant than the embedder's.
// Both variants are as [embedding.Model.DocumentVariant] returns them.
type VariantError struct {
	Stored, Embedder string
	advice           string
}

// Error names both variants and says what to write.
func (e *VariantError) Error() string {
	return "store: the collection's " + e.advice + ", or use another collection and index again"
}

// SpaceError is the error for vectors that cannot be compared.
type SpaceError struct {
	Stored   embedding.Space // of a document in the collection; "" if it has no stamp
	Embedder embedding.Space
	Advice   string // how to go on with a space that was only renamed, in words; may be empty
}

// Error names both spaces and says what to do.
func (e *SpaceError) Error() string {
	if e.Stored == "" {
		return fmt.Sprintf("store: the collection holds a document without the stamp %q, so the model of its vector is unknown, and the embedder has the space %q: "+
			"if they are of the same model, set Options.Unstamped, else use another collection and index again; "+
			"a store that returns only the metadata it is told to must be told of this key (weaviate.WithQueryAttrs, redisvector.WithIndexSchema)", Key, e.Embedder)
	}
	return fmt.Sprintf("store: the collection has vectors of the space %q and the embedder has the space %q: they cannot be compared; "+
		"open it with the model it was made with, or use another collection and index again%s", e.Stored, e.Embedder, e.Advice)
}

// stamped returns copies of docs with their own metadata that carries the stamps.
func (s *Store) stamped(docs []schema.Document) []schema.Document {
	out := make([]schema.Document, len(docs))
	var space, kind any = string(s.model.Space), variant.Stamp(s.model) // converted once for all
	for i, doc := range docs {
		metadata := make(map[string]any, len(doc.Metadata)+2)
		maps.Copy(metadata, doc.Metadata)
		metadata[Key], metadata[VariantKey] = space, kind
		doc.Metadata = metadata
		out[i] = doc
	}
	return out
}

// compare returns an error if a document has another Space or variant, or is in another index.
func (s *Store) compare(docs []schema.Document) error {
	for _, doc := range docs {
		if err := s.strayed(doc); err != nil {
			return err
		}
		space := SpaceOf(doc.Metadata)
		if !space.Same(s.model.Space) && (space != "" || !s.o.Unstamped) {
			return &SpaceError{Stored: space, Embedder: s.model.Space, Advice: spaces.Keep(s.model, space)}
		}
		if stored, known := variant.Of(doc.Metadata); known {
			if advice := variant.Differ(s.model, stored); advice != "" {
				return &VariantError{Stored: stored, Embedder: s.model.DocumentVariant(), advice: advice}
			}
		}
	}
	return nil
}
