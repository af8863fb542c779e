package chromem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// Folder returns a Reader of one collection in a [Store]'s folder, such as package migrate takes.
// It does not need the model that made the vectors and reads one document at a time, in the order
// of the files' names. A name of "" is "documents", as in [Options]. A Store may change the folder
// meanwhile. An unfinished file is left out.
func Folder(dir, name string) collection.Reader {
	return folder{dir, cmp.Or(name, "documents")}
}

type folder struct{ dir, collection string }

// files is the folder of the documents.
func (f folder) files() string { return filepath.Join(f.dir, hexOf(f.collection)) }

func (f folder) Describe(context.Context) (collection.Description, error) {
	d := collection.Description{Name: fmt.Sprintf("the collection %q of the chromem folder %s", f.collection, f.dir)}
	had, err := readSidecar(f.dir)
	if errors.Is(err, fs.ErrNotExist) && !gobs(f.dir) {
		return d, nil // there is no Store
	}
	if err != nil {
		return d, err
	}
	real, err := filepath.EvalSymlinks(f.dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return d, fmt.Errorf("chromem: %w", err)
	}
	names, err := documentFiles(f.files())
	if err != nil {
		return d, err
	}
	d.ID = "chromem:" + filepath.Join(real, hexOf(f.collection))
	if d.Documents = len(names); d.Documents > 0 {
		d.Dimensions = []int{had.Dimensions}
	}
	return d, nil
}

// documentFiles returns the sorted names of the documents' files in a collection's folder, without
// empty ones.
func documentFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name := e.Name(); filepath.Ext(name) != ".gob" || name == nameFile || e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil && info.Size() > 0 { // else it was deleted meanwhile, or is unfinished
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (f folder) Documents(ctx context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		names, err := documentFiles(f.files())
		if err != nil {
			yield(collection.Document{}, err)
			return
		}
		for _, name := range names {
			if name <= after {
				continue
			}
			err := ctx.Err()
			var d collection.Document
			if err == nil {
				d, err = f.read(name)
			}
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errUnfinished) {
				continue // deleted meanwhile, or never there
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (f folder) read(name string) (collection.Document, error) {
	path := filepath.Join(f.files(), name)
	var stored chromem.Document
	switch err := readFile(path, &stored); {
	case errors.Is(err, errDamaged):
		return collection.Document{}, damaged(f.dir, path)
	case err != nil:
		return collection.Document{}, err
	}
	id, ok := stored.Metadata[keyID]
	if !ok {
		return collection.Document{}, fmt.Errorf("chromem: %s was not stored by this package", path)
	}
	metadata, err := decode(stored.Metadata)
	if err != nil {
		return collection.Document{}, damaged(f.dir, path)
	}
	return collection.Document{ID: id, Position: name, Document: schema.Document{PageContent: stored.Content, Metadata: metadata}}, nil
}
