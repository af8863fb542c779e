package chromem

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/vecspace/embedding/internal/flock"
)

// ErrInUse is in the error of a call that would change a folder while another Store is changing it.
// Nothing was embedded or changed; the call may be made again later.
var ErrInUse = errors.New("another program, or another Store of this one, is changing the folder")

// lockFile is locked by the Store that changes the folder. Its content says who changed it last:
// done and a random name, or open and a random name while a change is under way or was cut off.
const lockFile = "lock"

// turn is a Store's right to change its folder.
type turn struct {
	mu    sync.Mutex
	calls int // that share it
	file  *os.File
	seen  string // the content of lockFile that memory agrees with; unknown if none
}

const unknown = "unknown"

// Lock keeps the folder for this Store until unlock is called, so that several calls are one change
// to other Stores. AddDocuments and Delete lock the folder for themselves. If another Store has it,
// the error is [ErrInUse], at once. What other Stores have changed is in memory when Lock returns.
// A Store in memory has nothing to lock. unlock may be called more than once.
func (s *Store) Lock() (unlock func(), err error) {
	if s.o.Dir == "" {
		return func() {}, nil
	}
	t := &s.turn
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == 0 {
		if err := s.take(); err != nil {
			return nil, err
		}
	}
	t.calls++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.calls--; t.calls == 0 {
			t.seen = "done " + rand.Text()
			if note(t.file, t.seen) != nil {
				t.seen = unknown // the next change reads the folder again
			}
			_ = t.file.Close() // which unlocks it
		}
	}), nil
}

// take locks the folder and brings memory up to date.
func (s *Store) take() (err error) {
	f, err := locked(s.o.Dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // which unlocks it
		}
	}()
	if err := s.agrees(); err != nil {
		return err
	}
	now, err := os.ReadFile(filepath.Join(s.o.Dir, lockFile))
	if err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	if string(now) != s.turn.seen {
		tidy(s.o.Dir)
		if err := s.load(); err != nil {
			return err
		}
	}
	s.turn.file, s.turn.seen = f, unknown
	if err := note(f, "open "+rand.Text()); err != nil {
		return fmt.Errorf("chromem: %w", err)
	}
	return nil
}

// locked opens and locks a folder's lockFile.
func locked(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("chromem: the folder cannot be changed: %w", err)
	}
	taken, err := flock.Try(f)
	if taken {
		err = fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("chromem: %w", err)
	}
	return f, nil
}

// note writes the content of lockFile, which always has the same length.
func note(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// state returns the content of lockFile, which is empty before the first change.
func state(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, lockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || bytes.HasPrefix(data, []byte("open ")) {
		return unknown
	}
	return string(data)
}

// tidy removes what killed writers left. Whoever calls it has the lock.
func tidy(dir string) {
	for _, pattern := range []string{".new-*", "*/.new-*"} {
		names, _ := fs.Glob(os.DirFS(dir), pattern) // only a bad pattern is an error
		for _, name := range names {
			_ = os.Remove(filepath.Join(dir, filepath.FromSlash(name))) // it does no harm if it stays
		}
	}
}
