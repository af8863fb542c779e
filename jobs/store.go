package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding/internal/rows"
)

// Store holds objects, which are files with addresses such as s3://bucket/docs.jsonl. It is safe
// for concurrent use. The module jobs/bucket has some.
type Store interface {
	// Glob returns the addresses of the objects that a pattern as of path.Match means, in their order.
	Glob(ctx context.Context, pattern string) ([]string, error)
	// Stat returns what is known of an object without reading it. The error for one that is not there
	// is an fs.ErrNotExist.
	Stat(ctx context.Context, address string) (Object, error)
	// Range reads length bytes of an object from an offset, or all that follow if length is negative.
	Range(ctx context.Context, address string, offset, length int64) (io.ReadCloser, error)
	// Put writes an object that is there whole or not at all. One that is there already stays, and the
	// error is an fs.ErrExist.
	Put(ctx context.Context, address string, r io.Reader) error
}

// Object is what a Store knows of an object.
type Object struct {
	Size int64
	ETag string // another one means other content; "" if the store has none
}

// isAddress reports whether an input is of a store and not of the file system.
func isAddress(path string) bool { return strings.Contains(path, "://") }

// store returns the store of an address, or names the build that has it.
func (f Formats) store(address string) (Store, error) {
	scheme, _, _ := strings.Cut(address, "://")
	if s := f.Stores[scheme]; s != nil {
		return s, nil
	}
	if len(f.Stores) == 0 {
		return nil, fmt.Errorf("jobs: %s: objects need %s, or Formats with the Stores of the module jobs/bucket", scheme+"://", rows.FullBuild)
	}
	return nil, fmt.Errorf("jobs: there is no store for %s: there are %s", scheme+"://", strings.Join(slices.Sorted(maps.Keys(f.Stores)), ", "))
}

// Glob returns the inputs that a name with *, ? and [] means: files, or objects of a store.
func (f Formats) Glob(ctx context.Context, pattern string) ([]string, error) {
	if !isAddress(pattern) {
		return filepath.Glob(pattern)
	}
	s, err := f.store(pattern)
	if err != nil {
		return nil, err
	}
	return s.Glob(ctx, pattern)
}

// file is an input.
type file interface {
	io.ReadSeeker
	io.ReaderAt
	io.Closer
}

// open opens an input.
func (f Formats) open(ctx context.Context, path string) (file, error) {
	if !isAddress(path) {
		in, err := os.Open(path)
		if err != nil {
			return nil, err // and not a file that is nil
		}
		return in, nil
	}
	s, err := f.store(path)
	if err != nil {
		return nil, err
	}
	o, err := s.Stat(ctx, path)
	if err != nil {
		return nil, err
	}
	return &object{ctx: ctx, store: s, address: path, size: o.Size}, nil
}

// object is an input in a store. What is read one after the other is one request.
type object struct {
	ctx     context.Context
	store   Store
	address string
	size    int64
	at      int64
	stream  io.ReadCloser // from at; may be nil
}

func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.stream == nil {
		s, err := o.store.Range(o.ctx, o.address, o.at, -1)
		if err != nil {
			return 0, err
		}
		o.stream = s
	}
	n, err := o.stream.Read(p)
	o.at += int64(n)
	if err == io.EOF && o.at < o.size {
		err = io.ErrUnexpectedEOF // of a connection, or the object is another one
	}
	return n, err
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("%s: a place before its beginning", o.address)
	}
	if offset != o.at {
		_ = o.Close() // it was only read
	}
	o.at = offset
	return offset, nil
}

func (o *object) ReadAt(p []byte, offset int64) (int, error) {
	want := min(int64(len(p)), o.size-offset)
	if want <= 0 {
		return 0, io.EOF
	}
	s, err := o.store.Range(o.ctx, o.address, offset, want)
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s, p[:want])
	if err = errors.Join(err, s.Close()); err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (o *object) Close() error {
	if o.stream == nil {
		return nil
	}
	s := o.stream
	o.stream = nil
	return s.Close()
}

// Published is what [Job.Publish] has done.
type Published struct {
	Parts    int  // that it has written
	Already  int  // that were there
	Complete bool // the job is complete, and its _SUCCESS.json is there
}

// Publish writes the parts that are done to a store, as they are in the job's folder, below an
// address such as s3://bucket/vectors. A part's part.json is its last object, and _SUCCESS.json is
// the last of all. Objects are never replaced: the same call goes on after a stop, two at once do
// no harm, and an object that is there with other content is an error.
func (j *Job) Publish(ctx context.Context, address string) (p Published, err error) {
	address = strings.TrimRight(address, "/")
	s, err := j.formats.store(address)
	if err != nil {
		return p, err
	}
	complete := exists(j.path(successName)) // before the parts are looked at
	for n := range j.Manifest.Plan.Shards {
		if !exists(filepath.Join(j.path(dataName), partFolder(n))) {
			continue
		}
		wrote, err := j.publishPart(ctx, s, address, n)
		if err != nil {
			return p, fmt.Errorf("jobs: publishing shard %d: %w", n, err)
		}
		if wrote {
			p.Parts++
		} else {
			p.Already++
		}
	}
	if complete {
		_, err = j.publishFile(ctx, s, address, successName)
		p.Complete = err == nil
	}
	return p, err
}

// publishPart writes the files of a part and reports whether its part.json was not there.
func (j *Job) publishPart(ctx context.Context, s Store, address string, n int) (bool, error) {
	p, err := j.readPart(n)
	if err != nil {
		return false, err
	}
	folder := dataName + "/" + partFolder(n) + "/"
	last := folder + partName
	if there, err := j.published(ctx, s, address+"/"+last, last); there || err != nil {
		return false, err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if _, err := j.publishFile(ctx, s, address, folder+name); err != nil {
			return false, err
		}
	}
	return j.publishFile(ctx, s, address, last)
}

// publishFile writes a file of the job's folder and reports whether it was not there.
func (j *Job) publishFile(ctx context.Context, s Store, address, name string) (bool, error) {
	to := address + "/" + name
	f, err := os.Open(j.path(filepath.FromSlash(name)))
	if err != nil {
		return false, err
	}
	err = s.Put(ctx, to, f)
	_ = f.Close() // it was only read
	if !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	_, err = j.published(ctx, s, to, name)
	return false, err
}

// published reports whether an object is there, which has to be as a file of the job's folder.
func (j *Job) published(ctx context.Context, s Store, address, name string) (bool, error) {
	if _, err := s.Stat(ctx, address); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	f, err := os.Open(j.path(filepath.FromSlash(name)))
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // it was only read
	there, err := s.Range(ctx, address, 0, -1)
	if err != nil {
		return false, err
	}
	defer func() { _ = there.Close() }() // it was only read
	same, err := alike(f, there)
	if err == nil && !same {
		err = fmt.Errorf("%s is there and is another one: publish to another address, or remove it", address)
	}
	return err == nil, err
}

// alike reports whether two readers have the same bytes.
func alike(a, b io.Reader) (bool, error) {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(a, x)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		m, wrong := io.ReadFull(b, y)
		if wrong != nil && wrong != io.EOF && wrong != io.ErrUnexpectedEOF {
			return false, wrong
		}
		if same := bytes.Equal(x[:n], y[:m]); !same || err != nil {
			return same, nil
		}
	}
}
