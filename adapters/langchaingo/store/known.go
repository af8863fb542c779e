package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
)

// trait holds what is known about a store. The guard recognizes a store by its package, which it
// does not import.
type trait struct {
	score    Score
	missing  []string // in an error: the collection is not there yet
	lacks    string   // in an error: the server cannot search vectors
	index    string   // field with the index's name: document keys begin with "doc:NAME:"
	sort     sort     // what it can keep
	reserved []string // metadata keys that it uses itself
	names    []string // metadata keys with a document's ID: a later one replaces an earlier one
	atomic   bool     // of a call that fails it keeps nothing
	block    int      // most documents of a call; 0 means no limit
	lazy     bool     // it does not embed documents that it holds, or a query that finds nothing
}

const langchaingo = "github.com/tmc/langchaingo/vectorstores/"

var known = map[string]trait{
	langchaingo + "pgvector":  {score: Cosine, sort: jsonb, atomic: true},
	langchaingo + "chroma":    {sort: scalars, reserved: []string{"chroma:document"}, atomic: true, block: 5000},
	langchaingo + "milvus":    {},
	langchaingo + "milvus/v2": {},
	langchaingo + "redisvector": {
		score: Distance, missing: []string{"no such index", "unknown index name"}, lacks: "unknown command", index: "indexName",
		sort: hash, reserved: []string{"content", "content_vector", "distance"}, names: []string{"ids", "keys"},
	},
	langchaingo + "weaviate":                         {score: Certainty, missing: []string{"cannot query field", "empty response", "could not find class", "no graphql provider present"}},
	langchaingo + "dolt":                             {score: OneMinusL2},
	"github.com/vecspace/embedding/adapters/chromem": {score: Cosine, lazy: true},
}

// identify sets the traits of the guarded store.
func (s *Store) identify() {
	typ := reflect.TypeOf(s.inner)
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	s.name = typ.String()
	trait, known := known[typ.PkgPath()]
	s.trait, s.eager = trait, known && !trait.lazy
	if trait.index != "" {
		if f := reflect.Indirect(reflect.ValueOf(s.inner)).FieldByName(trait.index); f.Kind() == reflect.String {
			s.index = f.String()
		}
	}
}

// strayed refuses a document of another index. redisvector finds every key that begins with its
// index's name, without a separator.
func (s *Store) strayed(doc schema.Document) error {
	if s.index == "" {
		return nil
	}
	key, _ := doc.Metadata["id"].(string)
	rest, ours := strings.CutPrefix(key, "doc:"+s.index)
	if !ours || strings.HasPrefix(rest, ":") {
		return nil
	}
	return fmt.Errorf("store: a search in the index %q finds the document %q, which is of an index whose name begins in the same way: "+
		"name them so that no name is the beginning of another (end each in a dot), and index again under the new names; "+
		"dropping this index together with its documents would delete the other's as well", s.index, key)
}

// isMissing reports whether a search failed because the collection does not exist yet.
func (s *Store) isMissing(err error) bool {
	if s.o.Missing != nil {
		return s.o.Missing(err)
	}
	text := strings.ToLower(err.Error())
	for _, sign := range s.trait.missing {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// Some stores can list documents without a vector: pgvector and dolt with Search, weaviate with
// MetadataSearch.
type (
	searcher interface {
		Search(ctx context.Context, n int, options ...vectorstores.Option) ([]schema.Document, error)
	}
	metadataSearcher interface {
		MetadataSearch(ctx context.Context, n int, options ...vectorstores.Option) ([]schema.Document, error)
	}
)

// list returns up to n documents. ok is false if the store cannot list.
func (s *Store) list(ctx context.Context, n int, options []vectorstores.Option) (docs []schema.Document, ok bool, err error) {
	switch l := s.inner.(type) {
	case searcher:
		docs, err = l.Search(ctx, n, options...)
	case metadataSearcher:
		docs, err = l.MetadataSearch(ctx, n, options...)
	default:
		return nil, false, nil
	}
	if err != nil && s.isMissing(err) {
		return nil, true, nil
	}
	return docs, true, err
}
