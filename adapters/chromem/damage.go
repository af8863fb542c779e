package chromem

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// gobs returns chromem's files under dir, one per document and one per collection. It does not use
// filepath.Glob because dir may contain the characters of a pattern.
func gobs(dir string) []string {
	files, err := fs.Glob(os.DirFS(dir), "*/*.gob")
	if err != nil {
		return nil // only a bad pattern is an error
	}
	for i, name := range files {
		files[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	return files
}

// unreadable explains why chromem cannot read an index: it finds the files that cannot be decoded.
func unreadable(dir string, err error) error {
	var bad []string
	for _, name := range gobs(dir) {
		switch cause := decodable(name); {
		case cause == nil:
		case errors.As(cause, new(*fs.PathError)): // a fault of the disk or a permission
			return fmt.Errorf("chromem: %w", cause)
		default:
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return fmt.Errorf("chromem: %s cannot be opened: %w; if it is damaged, delete the folder and index again", dir, err)
	}
	return damaged(dir, bad...)
}

// damaged returns the error for damaged files. It names at most three.
func damaged(dir string, bad ...string) error {
	for _, name := range bad {
		if filepath.Base(name) == "00000000.gob" {
			return fmt.Errorf("chromem: %s is corrupt or half-written: delete the folder %s, which is one collection, and index it again", name, filepath.Dir(name))
		}
	}
	if len(bad) == 1 {
		return fmt.Errorf("chromem: %s is corrupt or half-written: delete this file and add its document again, or delete the folder %s and index again", bad[0], dir)
	}
	names := strings.Join(bad[:min(3, len(bad))], ", ")
	return fmt.Errorf("chromem: %d files are corrupt or half-written, among them %s: delete them and add their documents again, or delete the folder %s and index again", len(bad), names, dir)
}

// decodable returns nil if a file holds the gob of a document or a collection.
func decodable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	return gob.NewDecoder(f).Decode(&struct {
		ID, Name, Content string
		Metadata          map[string]string
		Embedding         []float32
	}{})
}
