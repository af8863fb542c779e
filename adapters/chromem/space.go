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
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/internal/whole"
)

// sidecar is the file with the Space of a folder's vectors.
const sidecar = "space.json"

// format is the version of what this package writes: the sidecar and the metadata of documents.
const format = 1

type spaceFile struct {
	Format     int             `json:"format"`
	Space      embedding.Space `json:"space"`
	Dimensions int             `json:"dimensions"`
	Sum        string          `json:"sum,omitempty"` // "" in files of earlier versions
}

// sum returns a checksum of the other fields.
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
	f := spaceFile{Format: format, Space: s.model.Space, Dimensions: s.model.Dimensions}
	f.Sum = f.sum()
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	if err := whole.Write(name, append(data, '\n')); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	return nil
}

// agrees compares the folder's sidecar with the model.
func (s *Store) agrees() error {
	name := filepath.Join(s.o.Dir, sidecar)
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	return compare(s.o.Dir, name, data, s.model)
}

// compare compares a sidecar with the model.
func compare(dir, name string, data []byte, m embedding.Model) error {
	var had spaceFile
	if err := json.Unmarshal(data, &had); err != nil {
		had = spaceFile{}
	}
	if err := had.sound(dir, name); err != nil {
		return err
	}
	switch {
	case !had.Space.Same(m.Space):
		return fmt.Errorf("chromem: the vectors in %s have the space %q and the embedder has %q: they cannot be compared; "+
			"open it with the model it was made with, or use another folder and index again%s", dir, had.Space, m.Space, spaces.Keep(m, had.Space))
	case had.Dimensions != m.Dimensions:
		return fmt.Errorf("chromem: the vectors in %s have %d dimensions and the embedder's have %d, though both are said to be of the space %q: "+
			"is space= or Options.Space right?", dir, had.Dimensions, m.Dimensions, m.Space)
	}
	return nil
}

// sound returns an error if this package cannot read the sidecar. The zero value stands for one
// that cannot be decoded.
func (had spaceFile) sound(dir, name string) error {
	switch {
	case had.Format == 0 || had.Space == "" || had.Dimensions < 1 || had.Sum != "" && had.Sum != had.sum():
		return fmt.Errorf("chromem: %s is corrupt or half-written, so the model of its vectors is unknown: delete the folder %s and index again", name, dir)
	case had.Format != format:
		return fmt.Errorf("chromem: %s is of format %d and this version of the package reads %d: open it with the version that made it, "+
			"or use another folder and index again", dir, had.Format, format)
	}
	return nil
}
