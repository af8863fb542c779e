package chromem

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding"
)

// sidecar is the file that says what the vectors of a folder are.
const sidecar = "space.json"

type spaceFile struct {
	Format     int             `json:"format"` // 1
	Space      embedding.Space `json:"space"`
	Dimensions int             `json:"dimensions"`
}

// claim holds dir to the model's Space: it compares what an earlier run wrote, or writes it into a new folder.
func claim(dir string, m embedding.Model) error {
	name := filepath.Join(dir, sidecar)
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		var had spaceFile
		if err := json.Unmarshal(data, &had); err != nil || had.Format != 1 || had.Space == "" {
			return fmt.Errorf("chromem: %s is corrupt: delete the folder and index again", name)
		}
		if !had.Space.Same(m.Space) {
			return fmt.Errorf("chromem: the vectors in %s are of the space %q and the embedder's are of %q: they cannot be compared; "+
				"open it with the model it was made with, or use another folder and index again", dir, had.Space, m.Space)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("chromem: %w", err)
	}
	if old, err := filepath.Glob(filepath.Join(dir, "*", "*.gob")); err != nil || len(old) > 0 {
		return fmt.Errorf("chromem: %s holds an index without %s, so nobody knows which model its vectors are of: use another folder", dir, sidecar)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	data, err = json.Marshal(spaceFile{1, m.Space, m.Dimensions})
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	if err := replace(name, append(data, '\n')); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	return nil
}

// replace writes a file so that it is there whole or not at all.
func replace(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// corrupt explains why an index cannot be opened: it looks for the files that cannot be read.
func corrupt(dir string, err error) error {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.gob"))
	for _, name := range files {
		if !readable(name) {
			return fmt.Errorf("chromem: %s is corrupt or half-written: delete this file and add its document again, or delete %s and index again", name, dir)
		}
	}
	return fmt.Errorf("chromem: %s cannot be opened: %w; delete it and index again", dir, err)
}

// readable reports whether a file holds one gob, of whatever type.
func readable(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	return gob.NewDecoder(f).Decode(&struct {
		ID, Name string
		Metadata map[string]string
	}{}) == nil
}
