package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"github.com/vecspace/embedding/jobs"
)

// Stores returns the stores of this package. Those of memory are new and empty.
func Stores() map[string]jobs.Store {
	return map[string]jobs.Store{
		"s3":   &store{open: openS3},
		"file": &store{open: openFolder, dated: true},
		"mem":  &store{open: func(context.Context, string) (*blob.Bucket, error) { return memblob.OpenBucket(nil), nil }},
	}
}

func openS3(ctx context.Context, name string) (*blob.Bucket, error) {
	query := ""
	if os.Getenv("VECSPACE_S3_PATH_STYLE") == "1" {
		query = "?use_path_style=true"
	}
	return new(s3blob.URLOpener).OpenBucketURL(ctx, &url.URL{Scheme: "s3", Host: name, RawQuery: strings.TrimPrefix(query, "?")})
}

// openFolder opens the root of the file system. A new file is moved to its place from beside it,
// and nothing but the file is written.
func openFolder(_ context.Context, name string) (*blob.Bucket, error) {
	if name != "" {
		return nil, fmt.Errorf("a file's address is file:/// and its whole path, and this one has the host %s", name)
	}
	return fileblob.OpenBucket("/", &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
}

// store opens each bucket once.
type store struct {
	open  func(ctx context.Context, name string) (*blob.Bucket, error)
	dated bool // its ETags are of times, and a copy has another time

	mu      sync.Mutex
	buckets map[string]*blob.Bucket
}

// at returns the bucket and the key of an address.
func (s *store) at(ctx context.Context, address string) (*blob.Bucket, string, error) {
	_, rest, _ := strings.Cut(address, "://")
	name, key, _ := strings.Cut(rest, "/")
	if key == "" {
		return nil, "", fmt.Errorf("the address %s names no object: write SCHEME://BUCKET/NAME", address)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[name]; b != nil {
		return b, key, nil
	}
	b, err := s.open(ctx, name)
	if err != nil {
		return nil, "", fmt.Errorf("opening %s: %w", address, err)
	}
	if s.buckets == nil {
		s.buckets = map[string]*blob.Bucket{}
	}
	s.buckets[name] = b
	return b, key, nil
}

// of says of which object an error is, and whether it is missing or there.
func of(address string, err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return nil
	case gcerrors.NotFound:
		return &fs.PathError{Op: "find", Path: address, Err: fs.ErrNotExist}
	case gcerrors.FailedPrecondition:
		return &fs.PathError{Op: "write", Path: address, Err: fs.ErrExist}
	}
	return fmt.Errorf("%s: %w", address, err)
}

// Glob implements jobs.Store.
func (s *store) Glob(ctx context.Context, pattern string) (found []string, err error) {
	b, key, err := s.at(ctx, pattern)
	if err != nil {
		return nil, err
	}
	if _, err := path.Match(key, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	before := strings.TrimSuffix(pattern, key)
	prefix := key
	if i := strings.IndexAny(key, `*?[\`); i >= 0 {
		prefix = key[:i]
	}
	o := &blob.ListOptions{Prefix: prefix}
	if !strings.Contains(strings.TrimPrefix(key, prefix), "/") {
		o.Delimiter = "/" // and not all that is below
	}
	for all := b.List(o); ; {
		o, err := all.Next(ctx)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, of(pattern, err)
		}
		if ok, _ := path.Match(key, o.Key); ok && !o.IsDir {
			found = append(found, before+o.Key)
		}
	}
}

// Stat implements jobs.Store.
func (s *store) Stat(ctx context.Context, address string) (o jobs.Object, err error) {
	b, key, err := s.at(ctx, address)
	if err != nil {
		return o, err
	}
	a, err := b.Attributes(ctx, key)
	if err != nil {
		return o, of(address, err)
	}
	if s.dated {
		a.ETag = ""
	}
	return jobs.Object{Size: a.Size, ETag: a.ETag}, nil
}

// Range implements jobs.Store.
func (s *store) Range(ctx context.Context, address string, offset, length int64) (io.ReadCloser, error) {
	b, key, err := s.at(ctx, address)
	if err != nil {
		return nil, err
	}
	r, err := b.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, of(address, err)
	}
	return r, nil
}

// Put implements jobs.Store.
func (s *store) Put(ctx context.Context, address string, r io.Reader) error {
	b, key, err := s.at(ctx, address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close it discards what was written
	w, err := b.NewWriter(ctx, key, &blob.WriterOptions{IfNotExist: true, ContentType: "application/octet-stream"})
	if err != nil {
		return of(address, err)
	}
	if _, err := io.Copy(w, r); err != nil {
		cancel()
		_ = w.Close() // it was discarded
		return of(address, err)
	}
	return of(address, w.Close())
}
