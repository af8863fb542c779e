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
)

// indexed is one of chromem's collections, with what chromem does not report. The store's lock
// guards the maps and all changes.
type indexed struct {
	*chromem.Collection
	dir   string               // of its files; "" in memory
	ids   map[string]string    // chromem's ID by document ID
	files map[[4]byte]struct{} // names of chromem's files: 4 bytes of a hash
}

func newIndexed(c *chromem.Collection, dir string) *indexed {
	if dir != "" {
		dir = filepath.Join(dir, hexOf(c.Name))
	}
	// chromem keeps a collection's own metadata in the file 00000000.
	return &indexed{Collection: c, dir: dir, ids: map[string]string{}, files: map[[4]byte]struct{}{{}: {}}}
}

// load reads which documents a collection on disk holds, and checks them.
func load(from *chromem.Collection, dir string, dimensions int) (*indexed, error) {
	c := newIndexed(from, dir)
	n := c.Count()
	if n == 0 {
		return c, nil
	}
	// chromem cannot list documents, but a search can ask for all of them.
	whatever := make([]float32, dimensions)
	whatever[0] = 1
	all, err := c.QueryEmbedding(context.Background(), whatever, n, nil, nil)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	for _, r := range all {
		id, ok := r.Metadata[keyID]
		if !ok {
			return nil, fmt.Errorf("chromem: %s holds a document that was not stored by this package: use another folder", dir)
		}
		_, err := decode(r.Metadata)
		_, twice := c.ids[id]
		fits := r.ID == id || strings.HasPrefix(r.ID, id+"\x00")
		unit := math.Abs(norm(r.Embedding)-1) < 1e-3
		if err != nil || twice || !fits || !unit {
			return nil, damaged(dir, c.file(r.ID))
		}
		c.ids[id] = r.ID
		c.files[fileOf(r.ID)] = struct{}{}
	}
	return c, nil
}

// fileOf returns the name that chromem gives a document's file or a collection's folder. Among
// 77,000 names a collision is likelier than not, and chromem would overwrite one file with the
// other.
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
		c.ids[x.id] = inner
		c.files[fileOf(inner)] = struct{}{}
	}
	doc := chromem.Document{ID: inner, Metadata: x.metadata, Embedding: x.vector, Content: x.content}
	err := c.AddDocument(ctx, doc)
	if err == nil {
		return nil
	}
	// It is in memory but not complete on disk. Drop it, so that the next try stores it again.
	if c.Delete(ctx, nil, nil, inner) == nil {
		delete(c.ids, x.id)
		delete(c.files, fileOf(inner))
	} // else a file is left, and the ID keeps its name so that it is overwritten
	return err
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
	return nil
}

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// unit returns a copy of v with length 1, the only length that chromem compares. It returns false
// if v has no direction.
func unit(v []float32) ([]float32, bool) {
	length := norm(v)
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
