package jobs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vecspace/embedding/internal/whole"
)

// random returns a name that no other process chooses.
func random() string { return strings.ToLower(rand.Text()[:8]) }

// putNew writes a file that is there whole or not at all. It is an fs.ErrExist if it is there.
func putNew(name string, data []byte) error {
	temporary := filepath.Join(filepath.Dir(name), whole.Unfinished+random())
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Link(temporary, name)
	}
	return errors.Join(err, os.Remove(temporary))
}

// probe returns an error if a folder's file system lacks what keeps two processes apart: links to
// names that are free, and moves of folders that replace none.
func probe(dir string) error {
	at, err := os.MkdirTemp(dir, whole.Unfinished)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(at) }() // a folder of ours that stays does no harm
	name := filepath.Join(at, "link")
	if err := putNew(name, nil); err != nil {
		return fmt.Errorf("the file system of %s has no hard links, which keep processes apart: write to another one: %w", dir, err)
	}
	if err := putNew(name, nil); !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the file system of %s makes a link twice, so processes cannot be kept apart: write to another one", dir)
	}
	for _, part := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(at, part, "full"), 0o777); err != nil {
			return err
		}
	}
	if os.Rename(filepath.Join(at, "a"), filepath.Join(at, "b")) == nil {
		return fmt.Errorf("the file system of %s moves a folder over another, so results could be lost: write to another one", dir)
	}
	return nil
}

// sync waits until a folder's names are on the disk. Not every system can sync one.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}

// digest returns the SHA-256 of a file in hexadecimal.
func digest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checksum returns the CRC-32C of a file in hexadecimal. It finds damage at a tenth of the cost of
// a SHA-256, which would be a part of the cost of a small model.
func checksum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := crc32.New(castagnoli)
	_, err = io.CopyBuffer(h, onlyReader{f}, make([]byte, 256<<10))
	return fmt.Sprintf("%08x", h.Sum32()), err
}

// onlyReader hides what would make io.CopyBuffer choose a smaller buffer.
type onlyReader struct{ io.Reader }

// names calls visit with the names in a folder, some at a time, so that the folder may have any
// size. A folder that is not there is empty.
func names(dir string, visit func(name string)) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	for {
		some, err := f.Readdirnames(1000)
		for _, name := range some {
			visit(name)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
