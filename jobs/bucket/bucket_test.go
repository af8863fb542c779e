package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
)

// places are addresses below which a test may write, and their stores.
func places(t *testing.T) map[string]jobs.Store {
	t.Helper()
	all := Stores()
	return map[string]jobs.Store{"mem://bucket": all["mem"], "file://" + filepath.ToSlash(t.TempDir()): all["file"]}
}

func put(t *testing.T, s jobs.Store, address, text string) {
	t.Helper()
	expect.NoError(t, s.Put(t.Context(), address, strings.NewReader(text)))
}

func get(t *testing.T, s jobs.Store, address string, offset, length int64) string {
	t.Helper()
	r, err := s.Range(t.Context(), address, offset, length)
	expect.NoError(t, err)
	data, err := io.ReadAll(r)
	expect.NoError(t, errors.Join(err, r.Close()))
	return string(data)
}

// TestStore: what a jobs.Store promises.
func TestStore(t *testing.T) {
	for at, s := range places(t) {
		put(t, s, at+"/a/1.txt", "0123456789")
		if err := s.Put(t.Context(), at+"/a/1.txt", strings.NewReader("x")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: an object that is there: got the error %v, want fs.ErrExist", at, err)
		}
		expect.Equal(t, "all", get(t, s, at+"/a/1.txt", 0, -1), "0123456789")
		expect.Equal(t, "the middle", get(t, s, at+"/a/1.txt", 3, 4), "3456")
		o, err := s.Stat(t.Context(), at+"/a/1.txt")
		expect.NoError(t, err)
		expect.Equal(t, "size", o.Size, int64(10))
		_, err = s.Stat(t.Context(), at+"/a/2.txt")
		_, err2 := s.Range(t.Context(), at+"/a/2.txt", 0, -1)
		for _, err := range []error{err, err2} {
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), at+"/a/2.txt") {
				t.Errorf("%s: an object that is not there: got the error %v, want fs.ErrNotExist with its address", at, err)
			}
		}
		broken := errors.New("the reader broke")
		if err := s.Put(t.Context(), at+"/a/2.txt", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("%s: a reader that breaks: got the error %v", at, err)
		}
		if _, err := s.Stat(t.Context(), at+"/a/2.txt"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: half an object is there (%v)", at, err)
		}
		put(t, s, at+"/a/3.txt", "")
		put(t, s, at+"/a/b/4.txt", "")
		put(t, s, at+"/c/3.txt", "")
		for pattern, want := range map[string]string{"/a/*.txt": "/a/1.txt /a/3.txt", "/*/3.txt": "/a/3.txt /c/3.txt", "/a/1.txt": "/a/1.txt", "/a/?": "", "/a/*/*": "/a/b/4.txt"} {
			got, err := s.Glob(t.Context(), at+pattern)
			expect.NoError(t, err)
			expect.Equal(t, at+pattern, strings.ReplaceAll(strings.Join(got, " "), at, ""), want)
		}
		_, err = s.Glob(t.Context(), at+"/a/[")
		expect.Equal(t, "a bad pattern is an error", err != nil, true)
		_, err = s.Stat(t.Context(), strings.SplitAfter(at, "://")[0]+"bucket")
		expect.Equal(t, "an address without a name is an error", err != nil, true)
	}
	if _, err := Stores()["file"].Stat(t.Context(), "file://host/a"); err == nil || !strings.Contains(err.Error(), "host") {
		t.Errorf("a file with a host: got the error %v", err)
	}
}

func fake() *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Provider: "acme", ID: "m", Dimensions: 8, Endpoint: "acme.example", Symmetric: true}})
}

// weary is a store whose puts fail from some time on.
type weary struct {
	jobs.Store
	puts int
}

func (w *weary) Put(ctx context.Context, address string, r io.Reader) error {
	if w.puts--; w.puts < 0 {
		return errors.New("the store is weary")
	}
	return w.Store.Put(ctx, address, r)
}

// TestJob: a job reads objects in several requests and in any order, publishes its parts once,
// goes on where it was stopped, and replaces nothing.
func TestJob(t *testing.T) {
	for at, s := range places(t) {
		scheme, _, _ := strings.Cut(at, ":")
		for f := range 2 {
			var b strings.Builder
			for i := range 100 {
				fmt.Fprintf(&b, "{\"t\":\"text %d\"}\n", f*100+i)
			}
			put(t, s, fmt.Sprintf("%s/in/%d.jsonl", at, f), b.String())
		}
		formats := jobs.Formats{Stores: map[string]jobs.Store{scheme: s}}
		in, err := formats.Glob(t.Context(), at+"/in/*.jsonl")
		expect.NoError(t, err)
		o := jobs.Options{Inputs: in, Field: "t", Out: filepath.Join(t.TempDir(), "out"), ShardTexts: 30, Formats: formats}
		e := fake()
		p, err := jobs.NewPlan(t.Context(), e, o)
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		defer j.Close()
		done, err := j.Publish(t.Context(), at+"/early/")
		expect.NoError(t, err)
		expect.Equal(t, "published before the work", done, jobs.Published{})
		expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
		for r, err := range j.Vectors(t.Context()) {
			expect.NoError(t, err)
			expect.Equal(t, "vector", r.Vector, e.Vector(embedding.TaskDocument, fmt.Sprintf("text %d", r.Index)))
		}
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "verified", v, jobs.Verified{Parts: 8, Texts: 200, Vectors: 200})

		formats.Stores[scheme] = &weary{s, 10} // three parts of three files, and one file
		done, err = j.Publish(t.Context(), at+"/out")
		if err == nil || !strings.Contains(err.Error(), "shard 3: the store is weary") {
			t.Errorf("%s: a store that fails: got the error %v", at, err)
		}
		expect.Equal(t, "published by then", done, jobs.Published{Parts: 3})
		formats.Stores[scheme] = s
		done, err = j.Publish(t.Context(), at+"/out/")
		expect.NoError(t, err)
		expect.Equal(t, "published", done, jobs.Published{Parts: 5, Already: 3, Complete: true})
		done, err = j.Publish(t.Context(), at+"/out")
		expect.NoError(t, err)
		expect.Equal(t, "published again", done, jobs.Published{Already: 8, Complete: true})
		objects, err := s.Glob(t.Context(), at+"/out/data/*/*")
		expect.NoError(t, err)
		expect.Equal(t, "objects", len(objects), 24)
		for _, name := range append(objects, at+"/out/_SUCCESS.json") {
			data, err := os.ReadFile(filepath.Join(o.Out, filepath.FromSlash(strings.TrimPrefix(name, at+"/out"))))
			expect.NoError(t, err)
			expect.Equal(t, name, bytes.Equal([]byte(get(t, s, name, 0, -1)), data), true)
		}
		put(t, s, at+"/taken/data/part-000002/vectors.npy", "of another job")
		if _, err = j.Publish(t.Context(), at+"/taken"); err == nil || !strings.Contains(err.Error(), at+"/taken/data/part-000002/vectors.npy is there and is another one") {
			t.Errorf("%s: an object of another job: got the error %v", at, err)
		}
	}
}

// An object that is another one than when the job was planned is an error that names it.
func TestChanged(t *testing.T) {
	s := Stores()["mem"]
	formats := jobs.Formats{Stores: map[string]jobs.Store{"mem": s}}
	put(t, s, "mem://b/a.txt", "one\ntwo\n")
	o := jobs.Options{Inputs: []string{"mem://b/a.txt"}, Out: filepath.Join(t.TempDir(), "out"), Formats: formats}
	p, err := jobs.NewPlan(t.Context(), fake(), o)
	expect.NoError(t, err)
	j, err := p.Start()
	expect.NoError(t, err)
	formats.Stores["mem"] = Stores()["mem"]
	for text, want := range map[string]string{"one\nTWO\n": "other content", "one\n": "has shrunk from 8 to 4 bytes", "": "file does not exist"} {
		formats.Stores["mem"] = Stores()["mem"]
		if text != "" {
			put(t, formats.Stores["mem"], "mem://b/a.txt", text)
		}
		if err := j.Work(t.Context(), fake(), jobs.WorkOptions{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "mem://b/a.txt") {
			t.Errorf("%q: got the error %v, want %s and the address", text, err, want)
		}
	}
	expect.NoError(t, j.Close())
	_, err = jobs.NewPlan(t.Context(), fake(), jobs.Options{Inputs: []string{"ftp://b/a.txt"}, Out: filepath.Join(t.TempDir(), "out"), Formats: formats})
	if err == nil || !strings.Contains(err.Error(), "there is no store for ftp://: there are mem") {
		t.Errorf("another scheme: got the error %v", err)
	}
}
