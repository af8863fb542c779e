package index_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// drawer is a vector store and its Index: a folder with a file per document, each written whole.
type drawer struct {
	dir  string
	fail func(doc schema.Document) error // of a write; may be nil
}

type sheet struct {
	Text     string
	Metadata map[string]any
	Vector   []float32
}

func (d drawer) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	var o vectorstores.Options
	for _, option := range options {
		option(&o)
	}
	texts := make([]string, len(docs))
	for i, doc := range docs {
		texts[i] = doc.PageContent
	}
	vectors, err := o.Embedder.EmbedDocuments(ctx, texts)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(docs))
	for i, doc := range docs {
		if d.fail != nil {
			if err := d.fail(doc); err != nil {
				return nil, err
			}
		}
		data, err := json.Marshal(sheet{doc.PageContent, doc.Metadata, vectors[i]})
		if err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(d.dir, "tmp")
		if err != nil {
			return nil, err
		}
		if _, err = f.Write(data); err == nil {
			err = f.Close()
		}
		ids[i] = filepath.Base(f.Name()) + ".json"
		if err = errors.Join(err, os.Rename(f.Name(), filepath.Join(d.dir, ids[i]))); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (d drawer) SimilaritySearch(context.Context, string, int, ...vectorstores.Option) ([]schema.Document, error) {
	return nil, errors.ErrUnsupported
}

// all returns the stored documents by ID.
func (d drawer) all() (map[string]sheet, error) {
	entries, err := os.ReadDir(d.dir)
	out := map[string]sheet{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue // it was never finished
		}
		data, err := os.ReadFile(filepath.Join(d.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		var s sheet
		if err := json.Unmarshal(data, &s); err != nil {
			return nil, err
		}
		out[e.Name()] = s
	}
	return out, err
}

func (d drawer) List(context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		all, err := d.all()
		for id, s := range all {
			if !yield(collection.EntryOf(id, s.Metadata), nil) {
				return
			}
		}
		if err != nil {
			yield(collection.Entry{}, err)
		}
	}
}

func (d drawer) Vectors(_ context.Context, ids []string) (map[string][]float32, error) {
	all, err := d.all()
	out := map[string][]float32{}
	for id, s := range all {
		if slices.Contains(ids, id) {
			out[id] = s.Vector
		}
	}
	return out, err
}

func (d drawer) Delete(_ context.Context, ids []string) error {
	for _, id := range ids {
		if err := os.Remove(filepath.Join(d.dir, id)); err != nil {
			return err
		}
	}
	return nil
}

// texts returns what the store holds, as "text metadata", sorted.
func (d drawer) texts() []string {
	all, err := d.all()
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprint(s.Text, " ", collection.Own(s.Metadata)))
	}
	slices.Sort(out)
	return out
}
