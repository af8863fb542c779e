package jobs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
)

// shelf is a Store in memory, whose streams may end early.
type shelf struct {
	mu      sync.Mutex
	objects map[string]string
	cut     bool // streams end after half of what was asked for
	ranges  int
}

func (s *shelf) Glob(_ context.Context, pattern string) (found []string, err error) {
	for name := range s.objects {
		if ok, _ := path.Match(pattern, name); ok {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found, nil
}

func (s *shelf) Stat(_ context.Context, address string) (Object, error) {
	text, ok := s.objects[address]
	if !ok {
		return Object{}, &fs.PathError{Op: "read", Path: address, Err: fs.ErrNotExist}
	}
	return Object{Size: int64(len(text))}, nil
}

func (s *shelf) Range(_ context.Context, address string, offset, length int64) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges++
	text := s.objects[address][offset:]
	if length >= 0 {
		text = text[:min(length, int64(len(text)))]
	}
	if s.cut {
		text = text[:len(text)/2]
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func (s *shelf) Put(_ context.Context, address string, r io.Reader) error {
	if _, there := s.objects[address]; there {
		return fs.ErrExist
	}
	data, err := io.ReadAll(r)
	s.objects[address] = string(data)
	return err
}

// TestObject: an object is read as a file, from any place, and one whose stream ends early is an
// error and not a shorter file.
func TestObject(t *testing.T) {
	s := &shelf{objects: map[string]string{"a://b": lines(1000)}}
	open := func() file {
		f, err := Formats{Stores: map[string]Store{"a": s}}.open(t.Context(), "a://b")
		expect.NoError(t, err)
		return f
	}
	expect.NoError(t, iotest.TestReader(open(), []byte(lines(1000))))
	f := open()
	s.ranges = 0
	_, err := io.Copy(io.Discard, f)
	expect.NoError(t, err)
	expect.Equal(t, "requests for the whole", s.ranges, 1)
	_, err = f.Seek(-1, io.SeekStart)
	refused(t, err, "before its beginning")
	s.cut = true
	for _, read := range []func() error{
		func() error { _, err := io.ReadAll(open()); return err },
		func() error { _, err := open().ReadAt(make([]byte, 100), 5); return err },
	} {
		if err := read(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a stream that ends early: got the error %v, want io.ErrUnexpectedEOF", err)
		}
	}
}

// A job whose store ends its streams early fails no shard for good and loses no text.
func TestObjectsCut(t *testing.T) {
	s := &shelf{objects: map[string]string{"a://b.txt": lines(100)}}
	e := paid()
	o := Options{Inputs: []string{"a://b.txt"}, Out: filepath.Join(t.TempDir(), "out"), Formats: Formats{Stores: map[string]Store{"a": s}}}
	j := start(t, e, o)
	s.cut = true
	if err := j.Work(t.Context(), e, WorkOptions{}); err == nil {
		t.Error("got no error of a stream that ends early")
	}
	s.cut = false
	_, err := j.Resume()
	expect.NoError(t, err)
	expect.NoError(t, j.Work(t.Context(), e, WorkOptions{}))
	got, err := j.Verify(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "verified", got, Verified{Parts: 1, Texts: 100, Vectors: 100})
}

// Without stores an address is an error that names the build which has them.
func TestWithoutStores(t *testing.T) {
	_, err := NewPlan(t.Context(), paid(), Options{Inputs: []string{"s3://b/a.txt"}, Out: filepath.Join(t.TempDir(), "out")})
	refused(t, err, "s3://: objects need the full build")
	_, err = Formats{}.Glob(t.Context(), "s3://b/*")
	refused(t, err, "the full build")
	j := start(t, paid(), Options{Inputs: []string{put(t, "a.txt", "a\n")}, Out: filepath.Join(t.TempDir(), "out")})
	_, err = j.Publish(t.Context(), "s3://b")
	refused(t, err, "the full build")
}

func TestAlike(t *testing.T) {
	for _, n := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10} {
		a := strings.Repeat("a", n)
		for b, want := range map[string]bool{a: true, a + "b": false, "b" + a: false} {
			for _, pair := range [][2]string{{a, b}, {b, a}} {
				got, err := alike(strings.NewReader(pair[0]), iotest.OneByteReader(strings.NewReader(pair[1])))
				expect.NoError(t, err)
				expect.Equal(t, "alike", got, want)
			}
		}
	}
}
