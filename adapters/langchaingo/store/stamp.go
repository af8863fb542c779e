package store

import (
	"fmt"
	"maps"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
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

// stamped returns copies of docs with their own metadata that carries the stamp.
func (s *Store) stamped(docs []schema.Document) []schema.Document {
	out := make([]schema.Document, len(docs))
	var stamp any = string(s.model.Space) // converted once for all
	for i, doc := range docs {
		metadata := make(map[string]any, len(doc.Metadata)+1)
		maps.Copy(metadata, doc.Metadata)
		metadata[Key] = stamp
		doc.Metadata = metadata
		out[i] = doc
	}
	return out
}

// compare returns an error if a document has another Space or is in another index.
func (s *Store) compare(docs []schema.Document) error {
	for _, doc := range docs {
		if err := s.strayed(doc); err != nil {
			return err
		}
		space := SpaceOf(doc.Metadata)
		if space == "" && s.o.Unstamped || space.Same(s.model.Space) {
			continue
		}
		return &SpaceError{Stored: space, Embedder: s.model.Space, Advice: spaces.Keep(s.model, space)}
	}
	return nil
}
