package chromem

import (
	"cmp"
	"context"
	"encoding/gob"
	"encoding/json"
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
// of the files' names. A name of "" is "documents", as in [Options]. A Store may have the folder
// open meanwhile; a document that it is just writing may be missing, or fail the read with an
// error.
func Folder(dir, name string) collection.Reader {
	return folder{dir, cmp.Or(name, "documents")}
}

type folder struct{ dir, collection string }

// files is the folder of the documents.
func (f folder) files() string { return filepath.Join(f.dir, hexOf(f.collection)) }

func (f folder) Describe(context.Context) (collection.Description, error) {
	d := collection.Description{Name: fmt.Sprintf("the collection %q of the chromem folder %s", f.collection, f.dir)}
	name := filepath.Join(f.dir, sidecar)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && len(gobs(f.dir)) == 0 {
		return d, nil // there is no Store
	}
	if err != nil {
		return d, fmt.Errorf("chromem: %w", err)
	}
	var had spaceFile
	if err := json.Unmarshal(data, &had); err != nil {
		had = spaceFile{}
	}
	if err := had.sound(f.dir, name); err != nil {
		return d, err
	}
	real, err := filepath.EvalSymlinks(f.dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return d, fmt.Errorf("chromem: %w", err)
	}
	names, err := f.names()
	if err != nil {
		return d, err
	}
	d.ID = "chromem:" + filepath.Join(real, hexOf(f.collection))
	if d.Documents = len(names); d.Documents > 0 {
		d.Dimensions = []int{had.Dimensions}
	}
	return d, nil
}

// names returns the sorted names of the documents' files.
func (f folder) names() ([]string, error) {
	entries, err := os.ReadDir(f.files())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name := e.Name(); filepath.Ext(name) == ".gob" && name != "00000000.gob" {
			names = append(names, name)
		}
	}
	return names, nil
}

func (f folder) Documents(ctx context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		names, err := f.names()
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
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (f folder) read(name string) (collection.Document, error) {
	path := filepath.Join(f.files(), name)
	file, err := os.Open(path)
	if err != nil {
		return collection.Document{}, fmt.Errorf("chromem: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var stored chromem.Document
	if err := gob.NewDecoder(file).Decode(&stored); err != nil {
		return collection.Document{}, damaged(f.dir, path)
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
