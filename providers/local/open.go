package local

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference, local:FOLDER. Its options set the fields of [Options]. Unlike the Open of
// other providers it reads files: the whole folder. Its errors are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	o := Options{Folder: r.Model}
	if err := r.Decode(&o); err != nil {
		return nil, err
	}
	return New(o)
}

// Catalog returns the entry of any folder. The result is the caller's own.
func Catalog() []catalog.Entry {
	return []catalog.Entry{{Reference: "local:FOLDER", Provider: "local", Model: catalog.AnyModel, Tasks: true}}
}
