//go:build unix

package whole

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	return string(data)
}

// Files are replaced whole, links lead to them, and anything else is written in its place.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	expect.NoError(t, os.Mkdir(at("sub"), 0o700))
	expect.NoError(t, os.WriteFile(at("sub/old"), []byte("old"), 0o644))
	for link, to := range map[string]string{"link": "sub/old", "chain": "link", "dangling": filepath.Join("sub", "fresh"), "loop": "loop", "null": "/dev/null"} {
		expect.NoError(t, os.Symlink(to, at(link)))
	}
	for name, file := range map[string]string{"new": "new", "link": "sub/old", "chain": "sub/old", "dangling": "sub/fresh"} {
		expect.NoError(t, Write(at(name), []byte(name)))
		expect.Equal(t, "content", read(t, at(file)), name)
		info, err := os.Stat(at(file))
		expect.NoError(t, err)
		expect.Equal(t, "mode of "+file, info.Mode(), 0o600)
	}
	info, err := os.Lstat(at("chain"))
	expect.NoError(t, err)
	expect.Equal(t, "a link is still one", info.Mode()&os.ModeSymlink != 0, true)
	for _, name := range []string{"loop", "sub", "absent/file"} {
		if err := Write(at(name), nil); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
	for _, name := range []string{"/dev/null", at("null")} {
		expect.NoError(t, Write(name, []byte("gone")))
	}
	info, err = os.Stat("/dev/null")
	expect.NoError(t, err)
	expect.Equal(t, "/dev/null is a device", info.Mode()&os.ModeDevice != 0, true)

	expect.NoError(t, syscall.Mkfifo(at("pipe"), 0o600))
	got := make(chan string, 1)
	go func() {
		data, err := os.ReadFile(at("pipe"))
		if err != nil {
			data = []byte(err.Error())
		}
		got <- string(data)
	}()
	expect.NoError(t, Write(at("pipe"), []byte("through")))
	expect.Equal(t, "read from the pipe", <-got, "through")
	left, err := filepath.Glob(at(".new-*"))
	expect.NoError(t, err)
	expect.Equal(t, "files left over", len(left), 0)
}

// Two writers of one file never mix, and one that gives up leaves what was there.
func TestTwoWriters(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	a, err := Create(name)
	expect.NoError(t, err)
	b, err := Create(name)
	expect.NoError(t, err)
	c, err := Create(name)
	expect.NoError(t, err)
	for f, text := range map[*File]string{a: "a", b: "b", c: "c"} {
		_, err := f.WriteString(text)
		expect.NoError(t, err)
	}
	expect.NoError(t, a.Commit())
	expect.NoError(t, a.Abort())
	expect.Equal(t, "content", read(t, name), "a")
	expect.NoError(t, b.Commit())
	expect.NoError(t, c.Abort())
	expect.Equal(t, "content", read(t, name), "b")
	files, err := os.ReadDir(filepath.Dir(name))
	expect.NoError(t, err)
	expect.Equal(t, "files", len(files), 1)
}
