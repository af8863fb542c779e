// Package whole writes files that are there whole or not at all.
package whole

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Unfinished is the beginning of the name of a file that is being written.
const Unfinished = ".new-"

// Write writes a file as [File] does.
func Write(name string, data []byte) error { return write(name, data, false) }

// Replace is [Write] without waiting for the disk. After the end of the process the file holds the
// old content or the new; after a crash of the machine it may also be empty or cut short.
func Replace(name string, data []byte) error { return write(name, data, true) }

func write(name string, data []byte, fast bool) error {
	f, err := Create(name)
	if err != nil {
		return err
	}
	f.fast = fast
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// File is a file in the making. A regular file, or one that does not exist, is replaced by Commit,
// for its owner only: after a crash it holds the old content or the new. A link leads to the file.
// Anything else that exists, such as a device or a pipe, is opened and written.
type File struct {
	*os.File
	name string // where Commit puts it; "" if it is written in its place
	fast bool   // do not wait for the disk
}

// Create begins to write the file of a name. It waits for the reader of a named pipe. Call Commit
// or Abort.
func Create(name string) (*File, error) {
	name, err := target(name)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), Unfinished+"*")
	if err != nil {
		return nil, named(err, name)
	}
	return &File{File: f, name: name}, nil
}

// named puts the caller's name in the place of a temporary one.
func named(err error, name string) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok && name != "" {
		p.Path = name
	}
	return err
}

func (f *File) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, named(err, f.name)
}

// target follows links, also to a file that does not exist yet.
func target(name string) (string, error) {
	for range 40 {
		info, err := os.Lstat(name)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return name, nil // an error is met again, and told, by who opens the file
		}
		to, err := os.Readlink(name)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(name), to)
		}
		if _, err := os.Stat(name); err == nil {
			// The link may lead to what only the system can open, such as /dev/stdout to a pipe.
			if _, err := os.Lstat(to); err != nil {
				return name, nil
			}
		}
		name = to
	}
	return "", fmt.Errorf("%s: its links go round in a circle", name)
}

// Clear removes what Commit would replace.
func (f *File) Clear() error {
	if err := os.Remove(f.name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Whole reports whether Commit puts the file in its place: false for a device or a pipe.
func (f *File) Whole() bool { return f.name != "" }

// Commit puts the file in its place and closes it. After an error there is no new file.
func (f *File) Commit() error { return f.CommitAs("") }

// CommitAs is Commit under the file's name and a suffix. A device or a pipe has only its own name.
func (f *File) CommitAs(suffix string) error {
	if !f.Whole() {
		return f.Close()
	}
	var err error
	if !f.fast {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.name+suffix)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if f.fast {
		return nil
	}
	// The rename reaches the disk when the folder is synced. Not every system can sync one, and the
	// file is whole either way.
	if folder, err := os.Open(filepath.Dir(f.name)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

// Abort closes the file and leaves what was there before. After Commit it does nothing.
func (f *File) Abort() error {
	err := f.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	if f.Whole() {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
