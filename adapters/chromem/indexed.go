package chromem

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/philippgille/chromem-go"

	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/internal/floats"
)

// indexed is one of chromem's collections in memory, with what chromem does not report. The store's
// lock guards the maps and all changes.
type indexed struct {
	*chromem.Collection
	name  string               // "" while only the folder is known, which is a hash of the name
	dir   string               // of its files; "" in memory
	ids   map[string]string    // chromem's ID by document ID
	files map[[4]byte]struct{} // names of files: 4 bytes of a hash
	words *bm25.Index          // by document ID; nil without Options.Words
}

// newIndexed makes a collection of db. Its folder's name is the collection's name in db.
func newIndexed(db *chromem.DB, folder string, o Options) (*indexed, error) {
	c, err := db.CreateCollection(folder, nil, func(context.Context, string) ([]float32, error) {
		return nil, errors.New("a vector is missing") // vectors are always given
	})
	if err != nil {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	// The file 00000000 is the collection's own.
	made := &indexed{Collection: c, ids: map[string]string{}, files: map[[4]byte]struct{}{{}: {}}}
	if o.Dir != "" {
		made.dir = filepath.Join(o.Dir, folder)
	}
	if o.Words > 0 {
		made.words = bm25.New(nil, nil)
	}
	return made, nil
}

// load reads the whole folder into memory, in place of what was there.
func (s *Store) load() error {
	entries, err := os.ReadDir(s.o.Dir)
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	db, collections := chromem.NewDB(), map[string]*indexed{}
	var bad []string
	for _, e := range entries {
		if raw, err := hex.DecodeString(e.Name()); err != nil || len(raw) != 4 || !e.IsDir() {
			continue
		}
		c, err := newIndexed(db, e.Name(), s.o)
		if err != nil {
			return err
		}
		broken, err := c.load(s.model.Dimensions)
		if err != nil {
			return err
		}
		bad = append(bad, broken...)
		collections[e.Name()] = c
	}
	if len(bad) > 0 {
		return damaged(s.o.Dir, bad...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.db, s.collections = db, collections
	return nil
}

// load reads the files of a collection and returns the damaged ones.
func (c *indexed) load(dimensions int) (bad []string, err error) {
	names, err := documentFiles(c.dir)
	if err != nil {
		return nil, err
	}
	own := filepath.Join(c.dir, nameFile)
	var n named
	switch err := readFile(own, &n); {
	case errors.Is(err, errUnfinished), errors.Is(err, fs.ErrNotExist): // it is written again
	case err == nil && hexOf(n.Name) == filepath.Base(c.dir):
		c.name = n.Name
	case err == nil, errors.Is(err, errDamaged):
		bad = append(bad, own)
	default:
		return nil, err
	}
	for _, name := range names {
		path := filepath.Join(c.dir, name)
		var d chromem.Document
		switch err := readFile(path, &d); {
		case errors.Is(err, errUnfinished), errors.Is(err, fs.ErrNotExist): // not there, or deleted meanwhile
			continue
		case errors.Is(err, errDamaged):
			bad = append(bad, path)
			continue
		case err != nil:
			return nil, err
		}
		id, ok := d.Metadata[keyID]
		if !ok {
			return nil, fmt.Errorf("chromem: %s was not stored by this package: use another folder", path)
		}
		_, err := decode(d.Metadata)
		_, twice := c.ids[id]
		fits := hexOf(d.ID)+".gob" == name && (d.ID == id || strings.HasPrefix(d.ID, id+"\x00"))
		unit := len(d.Embedding) == dimensions && math.Abs(floats.Norm(d.Embedding)-1) < 1e-3
		if err != nil || twice || !fits || !unit {
			bad = append(bad, path)
			continue
		}
		if err := c.AddDocument(context.Background(), d); err != nil {
			return nil, fmt.Errorf("chromem: %s: %w", path, err)
		}
		c.keep(id, d)
	}
	return bad, nil
}

// fileOf returns the name of a document's file or of a collection's folder, which chromem-go has
// chosen. Among 77,000 names a collision is likelier than not.
func fileOf(name string) [4]byte {
	sum := sha256.Sum256([]byte(name))
	return [4]byte(sum[:4])
}

// file returns the path of a document's file.
func (c *indexed) file(inner string) string { return filepath.Join(c.dir, hexOf(inner)+".gob") }

func hexOf(name string) string {
	file := fileOf(name)
	return hex.EncodeToString(file[:])
}

// place returns chromem's ID for a new document: its own ID, or a changed one if another document
// has the file of that name.
func (c *indexed) place(id string) string {
	inner := id
	for n := 1; ; n++ {
		if _, taken := c.files[fileOf(inner)]; !taken {
			return inner
		}
		inner = id + "\x00" + strconv.Itoa(n)
	}
}

// put stores an entry that has its vector.
func (c *indexed) put(ctx context.Context, x *entry) error {
	inner, known := c.ids[x.id]
	if x.kept && known {
		return nil
	}
	if !known {
		inner = c.place(x.id)
	}
	doc := chromem.Document{ID: inner, Metadata: x.metadata, Embedding: x.vector, Content: x.content}
	if c.dir != "" {
		if err := writeFile(c.file(inner), doc); err != nil {
			return err
		}
	}
	if err := c.AddDocument(ctx, doc); err != nil {
		return err
	}
	c.keep(x.id, doc)
	return nil
}

// keep notes a document that chromem holds.
func (c *indexed) keep(id string, d chromem.Document) {
	c.ids[id] = d.ID
	c.files[fileOf(d.ID)] = struct{}{}
	if c.words != nil {
		c.words.Add(id, d.Content)
	}
}

// remove deletes a document if it exists. It deletes the file first, so that a document whose file
// stays is still in memory.
func (c *indexed) remove(ctx context.Context, id string) error {
	inner, ok := c.ids[id]
	if !ok {
		return nil
	}
	if c.dir != "" {
		if err := os.Remove(c.file(inner)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := c.Delete(ctx, nil, nil, inner); err != nil {
		return err
	}
	delete(c.ids, id)
	delete(c.files, fileOf(inner))
	if c.words != nil {
		c.words.Remove(id)
	}
	return nil
}

// unit returns a copy of v with length 1, the only length that chromem compares. It returns false
// if v has no direction.
func unit(v []float32) ([]float32, bool) {
	length := floats.Norm(v)
	if length == 0 {
		return nil, false
	}
	out := slices.Clone(v)
	if math.Abs(length-1) < 1e-7 {
		return out, true
	}
	for i, x := range out {
		out[i] = float32(float64(x) / length)
	}
	return out, true
}
