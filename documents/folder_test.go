package documents

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/plain"
)

// written writes files into a new folder and returns it.
func written(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		expect.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

// told is Folder's result in lines.
func told(parts []Part, out []LeftOut) (lines []string) {
	for _, p := range parts {
		lines = append(lines, fmt.Sprintf("%s#%d %s", p.File, p.Number, p.Text))
	}
	for _, l := range out {
		lines = append(lines, l.Error())
	}
	return lines
}

func TestFolder(t *testing.T) {
	dir := written(t, map[string]string{
		"a.md":           "---\ntitle: Staging\n---\n# H\nbody\n# I\nmore\n",
		"b.TXT":          "plain # text\n",
		"c.html":         "<p>html</p>",
		"d.pdf":          "not read",
		"README":         "not read",
		"empty.txt":      " \n",
		"sub/e.markdown": "deep\n",
		"sub.md/f.rst":   "a folder whose name is a file's\n",
		".git/no.txt":    "hidden",
		".hidden.md":     "hidden",
		"._a.md":         "\x00\x05\x16\x07",
	})
	parts, out, err := Folder(dir, Options{Extensions: []string{".html"}})
	expect.NoError(t, err)
	expect.Equal(t, "parts", told(parts, out), []string{
		"a.md#1 # H\nbody", "a.md#2 # I\nmore", "b.TXT#1 plain # text", "c.html#1 <p>html</p>",
		"sub/e.markdown#1 deep", "sub.md/f.rst#1 a folder whose name is a file's",
	})
	parts[0].Meta["title"] = "changed"
	expect.Equal(t, "front matter of the other part", parts[1].Meta["title"], "Staging")
	if parts[2].Meta != nil {
		t.Errorf("got the metadata %v of plain text, want none", parts[2].Meta)
	}
	parts, out, err = Folder(filepath.Join(dir, "d.pdf"), Options{})
	expect.NoError(t, err)
	expect.Equal(t, "a single file", told(parts, out), []string{"d.pdf#1 not read"})
	for _, name := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "b.TXT", "x")} {
		if _, _, err := Folder(name, Options{}); err == nil {
			t.Errorf("%s: got no error", name)
		} else if _, ok := errors.AsType[*fs.PathError](err); !ok {
			t.Errorf("%s: got %v, want a PathError", name, err)
		}
	}
}

// Files that are not text are left out by name.
func TestFolderEncodings(t *testing.T) {
	dir := written(t, map[string]string{
		"bom.md":       "\ufeff# Staging\nbody",
		"utf16.md":     "\xff\xfe#\x00 \x00S\x00\n\x00b\x00",
		"utf16be.md":   "\xfe\xff\x00#\x00 \x00S\x00\n\x00b",
		"mark.md":      "\ufeff",
		"x1-gbk.txt":   "\xc4\xe3\xba\xc3",
		"x2-latin.txt": "caf\xe9",
		"x3-nul.txt":   "a\x00b",
		"x4-png.txt":   "\x89PNG\r\n\x1a\n",
		"x5-pdf.txt":   "%PDF-1.4\n1 0 obj",
		"x6-cut.txt":   "\xff\xfea\x00b",
	})
	parts, out, err := Folder(dir, Options{})
	expect.NoError(t, err)
	expect.Equal(t, "parts", told(parts, nil), []string{"bom.md#1 # Staging\nbody", "utf16.md#1 # S\nb", "utf16be.md#1 # S\nb"})
	for i, want := range []error{plain.ErrEncoding, plain.ErrEncoding, plain.ErrNUL, plain.ErrEncoding, plain.ErrBinary, plain.ErrUTF16} {
		if i >= len(out) || !errors.Is(out[i], want) || !strings.HasPrefix(out[i].File, fmt.Sprintf("x%d", i+1)) {
			t.Errorf("got %v left out at %d, want x%d and %v", out, i, i+1, want)
		}
	}
	if _, err := File(filepath.Join(dir, "x2-latin.txt"), Options{}); err == nil || !strings.HasPrefix(err.Error(), `"x2-latin.txt" is not UTF-8`) {
		t.Errorf("got %v, want the file's name and why it is no text", err)
	}
	parts, out, err = Folder(filepath.Join(dir, "x2-latin.txt"), Options{})
	if len(parts) != 0 || len(out) != 1 || err != nil {
		t.Errorf("got the parts %v, %v left out and the error %v; want the file left out", parts, out, err)
	}
}

func TestFolderLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a right of their own on Windows")
	}
	dir := written(t, map[string]string{"real/a.md": "alpha", "real/data.bin": "beta", "real/.store/c.md": "gamma", "outside/secret.md": "secret", "outside/sub/d.md": "delta"})
	real := filepath.Join(dir, "real")
	for name, target := range map[string]string{
		"away.md":         filepath.Join(dir, "outside", "secret.md"),
		"relative.md":     "../outside/secret.md",
		"archive.md":      filepath.Join(dir, "outside"),
		"folder":          "../outside/sub",
		"self":            ".",
		"dangling.md":     "none.md",
		"circle.md":       "circle.md",
		".#garden.md":     "user@host.1234",
		"again.md":        "a.md",
		"again2.md":       "again.md",
		"through.md":      "data.bin",
		"absolute.md":     filepath.Join(real, "data.bin"),
		"hidden.md":       ".store/c.md",
		"dangling":        "none",
		"tool":            "/usr/bin/env",
		"device.md":       "/dev/zero",
		"in-and-out-b.md": "../real/data.bin",
	} {
		expect.NoError(t, os.Symlink(target, filepath.Join(real, name)))
	}
	want := []string{
		"a.md#1 alpha", "absolute.md#1 beta", "hidden.md#1 gamma", "in-and-out-b.md#1 beta", "through.md#1 beta",
		`"archive.md" is a link to a folder: links to folders are not followed`,
		`"away.md" is a link out of the folder: copy the file into it`,
		`"circle.md" is a link that cannot be followed: EvalSymlinks: too many links`,
		`"dangling.md" is a link to a missing file`,
		`"device.md" is not a regular file but a pipe, a socket or a device`,
		`"folder" is a link to a folder: links to folders are not followed`,
		`"relative.md" is a link out of the folder: copy the file into it`,
		`"self" is a link to a folder: links to folders are not followed`,
	}
	expect.NoError(t, os.Symlink("real", filepath.Join(dir, "linked")))
	for _, name := range []string{real, filepath.Join(dir, "linked"), filepath.Join(dir, "linked") + "/", filepath.Join(dir, "linked", "..", "real")} {
		parts, out, err := Folder(name, Options{})
		expect.NoError(t, err)
		expect.Equal(t, name, told(parts, out), want)
	}
}

// A file or folder that vanishes while the folder is read is passed over.
func TestFolderVanishing(t *testing.T) {
	dir := written(t, map[string]string{"a.md": "alpha", "b.md": "beta", "c/d.md": "delta", "e.md": "epsilon"})
	root, err := os.OpenRoot(dir)
	expect.NoError(t, err)
	defer root.Close()
	w := walk{root: root, dir: dir}
	expect.NoError(t, filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if d.Name() == "a.md" { // the folder has been listed
			expect.NoError(t, os.Remove(filepath.Join(dir, "b.md")))
			expect.NoError(t, os.RemoveAll(filepath.Join(dir, "c")))
		}
		return w.visit(file, d, err)
	}))
	expect.Equal(t, "parts", told(w.parts, w.out), []string{"a.md#1 alpha", "e.md#1 epsilon"})
}

// One file or folder that cannot be read ends the walk with its name: leaving it out would delete
// its documents from an index.
func TestFolderUnreadable(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("nothing is unreadable here")
	}
	for _, name := range []string{"a.md", "sub"} {
		dir := written(t, map[string]string{"a.md": "alpha", "sub/b.md": "beta"})
		expect.NoError(t, os.Chmod(filepath.Join(dir, name), 0))
		if _, _, err := Folder(dir, Options{}); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want that %s may not be read", err, name)
		}
		expect.NoError(t, os.Chmod(filepath.Join(dir, name), 0o700))
	}
}

func TestFrontMatter(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"---\ntitle: \"A: b\"\ntags:\n  - x\n- y\nn: 1\n---\nrest": {"title": "A: b", "tags": "  - x\n- y", "n": "1"},
		"---\n# comment\na: 1\na: 2\n...\nrest":                    {"front_matter": "# comment", "a": "1\n2"},
		"--- \nvecspace_space: x\nvecspace_hash: y\n---\t\nrest":   {"front_matter": "vecspace_space: x\nvecspace_hash: y"},
		"+++\n'a b' = 'c'\nd = [\n  1,\n]\n[e]\nf = 2\n+++\nrest":  {"a b": "c", "d": "[\n  1,\n]", "front_matter": "[e]", "f": "2"},
		"---\nurl: https://example.org\nempty:\n---\nrest":         {"url": "https://example.org", "empty": ""},
		"rest":                           nil,
		"---\nrest":                      nil,
		"---\n---\nrest":                 nil,
		"---\na: b\nrest":                nil,
		"---\na: b\nno key\n---\nrest":   nil,
		"---\nhttp://example.org\n---\n": nil,
		"\n---\na: b\n---\n":             nil,
		"---\n- a\n---\n":                nil,
		"----\na: b\n---\n":              nil,
	} {
		meta, rest := frontMatter(text)
		wanted := "rest"
		if want == nil {
			wanted = text
		}
		expect.Equal(t, fmt.Sprintf("metadata of %q", text), meta, want)
		expect.Equal(t, fmt.Sprintf("rest of %q", text), rest, wanted)
	}
}

func TestExtensionsAreOfOneKind(t *testing.T) {
	for _, e := range markdownExtensions {
		if slices.Contains(textExtensions, e) {
			t.Errorf("%s is of both kinds", e)
		}
	}
}
