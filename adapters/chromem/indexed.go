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

// collection is one of chromem's, with what it cannot tell. The store's lock guards the maps, and all changes.
type indexed struct {
	*chromem.Collection
	dir   string               // where its files are, "" in memory
	ids   map[string]string    // a document's ID to chromem's
	files map[[4]byte]struct{} // the names of chromem's files, which are 4 bytes of a hash
}

func newIndexed(c *chromem.Collection, dir string) *indexed {
	if dir != "" {
		dir = filepath.Join(dir, hexOf(c.Name))
	}
	// chromem keeps a collection's own metadata in the file 00000000.
	return &indexed{Collection: c, dir: dir, ids: map[string]string{}, files: map[[4]byte]struct{}{{}: {}}}
}

// load learns which documents a collection from disk holds, and checks them.
func load(from *chromem.Collection, dir string, dimensions int) (*indexed, error) {
	c := newIndexed(from, dir)
	n := c.Count()
	if n == 0 {
		return c, nil
	}
	// chromem has no list, but a search that wants every document is one.
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

// fileOf returns what chromem names a document's file and a collection's folder by. Two of 77,000 names share one more often
// than not, and chromem would write the one over the other.
func fileOf(name string) [4]byte {
	sum := sha256.Sum256([]byte(name))
	return [4]byte(sum[:4])
}

// file returns where a document is on disk.
func (c *indexed) file(inner string) string { return filepath.Join(c.dir, hexOf(inner)+".gob") }

func hexOf(name string) string {
	file := fileOf(name)
	return hex.EncodeToString(file[:])
}

// place returns chromem's ID for a new document: its own, or where another document has the file of that name, a changed one.
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
	// It is in memory and not, or not whole, on disk: it is dropped, so that the next try stores it again.
	if c.Delete(ctx, nil, nil, inner) == nil {
		delete(c.ids, x.id)
		delete(c.files, fileOf(inner))
	} // else a file is left, and the ID keeps its name to be written over
	return err
}

// remove removes a document, if it is there: the file first, so that one which cannot be removed stays in both places.
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

// unit returns a copy of v of length 1, which is all that chromem can compare; false if v has no direction.
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
