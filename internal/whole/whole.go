// Package whole writes files that are there whole or not at all.
package whole

import (
	"errors"
	"os"
	"path/filepath"
)

// Unfinished is how the name of a file begins that is being written.
const Unfinished = ".new-"

// Write replaces a file, or makes it, for its owner only. After a crash of the machine it holds the
// old content or the new.
func Write(name string, data []byte) error {
	if err := replace(name, data, true); err != nil {
		return err
	}
	// The rename itself is on disk once the folder is. Not every system can sync one, and the file is
	// whole either way.
	if folder, err := os.Open(filepath.Dir(name)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

// Replace is Write without waiting for the disk. After the end of the process the file holds the
// old content or the new; after a crash of the machine it may also be empty or cut short.
func Replace(name string, data []byte) error { return replace(name, data, false) }

func replace(name string, data []byte, sync bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), Unfinished+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
