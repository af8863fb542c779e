package chromem

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/variant"
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/internal/whole"
)

// sidecar is the file with the Space of a folder's vectors.
const sidecar = "space.json"

// The versions of what this package writes: the sidecar and the metadata of documents. Earlier
// versions of the package, which do not compare variants, refuse a folder that has one.
const (
	format  = 1
	varying = 2 // the documents have a variant, such as a prefix
)

type spaceFile struct {
	Format     int             `json:"format"`
	Space      embedding.Space `json:"space"`
	Dimensions int             `json:"dimensions"`
	Variant    *string         `json:"variant,omitempty"` // of the documents; nil if an earlier version wrote them all
	Sum        string          `json:"sum,omitempty"`     // "" in files of earlier versions
}

// described returns the sidecar of m's documents.
func described(m embedding.Model) spaceFile {
	v := m.DocumentVariant()
	f := spaceFile{Format: format, Space: m.Space, Dimensions: m.Dimensions, Variant: &v}
	if v != "" {
		f.Format = varying
	}
	f.Sum = f.sum()
	return f
}

// sum returns a checksum of what earlier versions know: a changed bit of the variant is refused as
// another variant.
func (f spaceFile) sum() string {
	text := fmt.Sprintf("%d %q %d", f.Format, f.Space, f.Dimensions)
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(text), castagnoli))
}

// claim compares the folder's sidecar with the model, or writes one into a new folder.
func (s *Store) claim() error {
	dir := s.o.Dir
	if _, err := os.Lstat(filepath.Join(dir, sidecar)); !errors.Is(err, fs.ErrNotExist) {
		return s.agrees()
	}
	if gobs(dir) {
		return fmt.Errorf("chromem: %s holds an index without %s, so the model of its vectors is unknown: use another folder, or delete this one and index again", dir, sidecar)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	lock, err := locked(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // which unlocks it
	name := filepath.Join(dir, sidecar)
	if _, err := os.Lstat(name); err == nil { // another Store has been quicker
		return s.agrees()
	}
	return s.sign()
}

// sign writes the sidecar. The caller has the folder's lock.
func (s *Store) sign() error {
	data, err := json.Marshal(described(s.model))
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	if err := whole.Write(filepath.Join(s.o.Dir, sidecar), append(data, '\n')); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	return nil
}

// adopt writes the model's variant into the sidecar of an earlier version, before the first
// document that is known to have it. The caller has the folder's lock.
func (s *Store) adopt() error {
	if s.o.Dir == "" {
		return nil
	}
	had, err := readSidecar(s.o.Dir)
	if err != nil || had.Variant != nil {
		return err
	}
	return s.sign()
}

// readSidecar reads a folder's sidecar, which this package can read if there is no error.
func readSidecar(dir string) (had spaceFile, err error) {
	name := filepath.Join(dir, sidecar)
	data, err := os.ReadFile(name)
	if err != nil {
		return had, fmt.Errorf("chromem: %w", err)
	}
	if err := json.Unmarshal(data, &had); err != nil {
		had = spaceFile{}
	}
	return had, had.sound(dir, name)
}

// agrees compares the folder's sidecar with the model.
func (s *Store) agrees() error {
	had, err := readSidecar(s.o.Dir)
	if err != nil {
		return err
	}
	dir, m := s.o.Dir, s.model
	switch {
	case !had.Space.Same(m.Space):
		return fmt.Errorf("chromem: the vectors in %s have the space %q and the embedder has %q: they cannot be compared; "+
			"open it with the model it was made with, or use another folder and index again%s", dir, had.Space, m.Space, spaces.Keep(m, had.Space))
	case had.Dimensions != m.Dimensions:
		return fmt.Errorf("chromem: the vectors in %s have %d dimensions and the embedder's have %d, though both are said to be of the space %q: "+
			"is space= or Options.Space right?", dir, had.Dimensions, m.Dimensions, m.Space)
	case had.Variant != nil && variant.Differ(m, *had.Variant) != "":
		return fmt.Errorf("chromem: in %s %s, or use another folder and index again", dir, variant.Differ(m, *had.Variant))
	}
	return nil
}

// sound returns an error if this package cannot read the sidecar. The zero value stands for one
// that cannot be decoded.
func (had spaceFile) sound(dir, name string) error {
	switch {
	case had.Format == 0 || had.Format == varying && had.Variant == nil || had.Space == "" || had.Dimensions < 1 || had.Sum != "" && had.Sum != had.sum():
		return fmt.Errorf("chromem: %s is corrupt or half-written, so the model of its vectors is unknown: delete the folder %s and index again", name, dir)
	case had.Format > varying:
		return fmt.Errorf("chromem: %s is of format %d and this version of the package reads %d: open it with the version that made it, "+
			"or use another folder and index again", dir, had.Format, varying)
	}
	return nil
}
