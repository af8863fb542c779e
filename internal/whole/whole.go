// Package whole writes files that are there whole or not at all.
package whole

import (
	"errors"
	"os"
	"path/filepath"
)

// Write replaces or creates a file that only its owner can read. After a crash the file holds the
// old content or the new.
func Write(name string, data []byte) (err error) {
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
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	// The rename reaches the disk when the folder is synced. Not every system can sync one, and the
	// file is whole either way.
	if folder, err := os.Open(filepath.Dir(name)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}
