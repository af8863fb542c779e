package documents

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding/internal/plain"
)

// Part is a piece of a file.
type Part struct {
	File   string            // relative to the folder, with slashes
	Number int               // position in its file, from 1
	Text   string            // at most Options.Size characters
	Meta   map[string]string // a copy of the file's front matter; nil if there is none
}

// LeftOut is a file without parts, or a link to a folder.
type LeftOut struct {
	File string // relative to the folder, with slashes
	Err  error  // the reason
}

func (l LeftOut) Error() string { return fmt.Sprintf("%q %v", l.File, l.Err) }

func (l LeftOut) Unwrap() error { return l.Err }

// Options configures [Folder] and [File].
type Options struct {
	Size       int      // the size argument of [SplitText]
	Extensions []string // more files that Folder reads as plain text, such as ".html"
}

var (
	markdownExtensions = []string{".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"}
	textExtensions     = []string{".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org"}
)

// maxFile is the largest file in bytes that Folder reads, because reading needs memory for the
// whole file.
const maxFile = 256 << 20

// Reasons to leave out a file. Reasons in its content have no names.
var (
	errOutside   = errors.New("is a link out of the folder: copy the file into it")
	errDangling  = errors.New("is a link to a missing file")
	errFolder    = errors.New("is a link to a folder: links to folders are not followed")
	errIrregular = errors.New("is not a regular file but a pipe, a socket or a device")
	errLong      = fmt.Errorf("is longer than %d MiB: split it", maxFile>>20)
)

// Folder reads the text and Markdown files in and below a folder, sorted by name, and cuts them
// with [SplitText] and [SplitMarkdown]. It reads .md, .markdown, .mdown, .mkd, .mdx, .qmd and .rmd
// as Markdown, and .txt, .text, .rst, .adoc, .asciidoc, .org and Options.Extensions as plain text.
// Extensions match in any case. Files are UTF-8, or UTF-16 that begins with a byte order mark. dir
// may be a link, or a single file.
//
// Folder skips names that begin with a dot, files with other extensions, and files that vanish
// meanwhile. out lists the files with matching names that it did not read, such as binary files and
// links out of the folder. If a file or folder cannot be opened, Folder returns an error instead:
// an index updated without that file would lose its documents.
func Folder(dir string, o Options) (parts []Part, out []LeftOut, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().IsRegular() {
		parts, err = File(dir, o)
		if left, ok := errors.AsType[LeftOut](err); ok {
			return nil, []LeftOut{left}, nil
		}
		return parts, nil, err
	}
	if !info.IsDir() { // opening a pipe would wait for its writer
		return nil, nil, &fs.PathError{Op: "open", Path: dir, Err: errors.New("neither a folder nor a regular file")}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = root.Close() }()
	w := walk{root: root, dir: real, o: o}
	err = filepath.WalkDir(real, w.visit)
	return w.parts, w.out, err
}

// File reads one file with any name: as Markdown if Folder would, otherwise as plain text. If the
// file is not text, the error is a [LeftOut].
func File(name string, o Options) ([]Part, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return read(f, filepath.ToSlash(filepath.Base(name)), o)
}

type walk struct {
	root  *os.Root
	dir   string // root's name, without links
	o     Options
	parts []Part
	out   []LeftOut
}

func (w *walk) visit(file string, d fs.DirEntry, err error) error {
	if file != w.dir && errors.Is(err, fs.ErrNotExist) {
		return nil // it has vanished since its folder was listed
	}
	if err != nil {
		return err
	}
	name, err := filepath.Rel(w.dir, file)
	if err != nil {
		return err
	}
	switch {
	case name == ".":
		return nil
	case strings.HasPrefix(d.Name(), ".") && d.IsDir():
		return filepath.SkipDir
	case strings.HasPrefix(d.Name(), ".") || d.IsDir():
		return nil
	}
	target, err := w.regular(file, name, d)
	if err == nil && target != "" {
		var f *os.File
		if f, err = w.root.Open(target); err == nil {
			var parts []Part
			parts, err = read(f, filepath.ToSlash(name), w.o)
			_ = f.Close() // read only
			w.parts = append(w.parts, parts...)
		}
	}
	left, ok := errors.AsType[LeftOut](err)
	switch {
	case ok:
		w.out = append(w.out, left)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// regular returns the regular file behind a name of the walk: the name itself, or the target of a
// link. It returns "" for a name to skip.
func (w *walk) regular(file, name string, d fs.DirEntry) (string, error) {
	left := func(err error) (string, error) {
		return "", LeftOut{File: filepath.ToSlash(name), Err: err}
	}
	wanted := w.o.reads(name)
	if d.Type()&fs.ModeSymlink == 0 {
		switch {
		case !wanted:
			return "", nil
		case !d.Type().IsRegular():
			return left(errIrregular)
		}
		return name, nil
	}
	real, err := filepath.EvalSymlinks(file)
	switch {
	case err != nil && !wanted:
		return "", nil
	case errors.Is(err, fs.ErrNotExist):
		return left(errDangling)
	case err != nil: // links in a circle
		return left(fmt.Errorf("is a link that cannot be followed: %w", err))
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return left(errFolder)
	case !wanted:
		return "", nil
	case !info.Mode().IsRegular():
		return left(errIrregular)
	}
	target, err := filepath.Rel(w.dir, real)
	if err != nil || !filepath.IsLocal(target) {
		return left(errOutside)
	}
	if hidden := slices.ContainsFunc(strings.Split(filepath.ToSlash(target), "/"), func(n string) bool { return strings.HasPrefix(n, ".") }); !hidden && w.o.reads(target) {
		return "", nil // it is read under its own name
	}
	return target, nil
}

// reads reports whether Folder reads files of this name.
func (o Options) reads(name string) bool {
	for _, extensions := range [][]string{markdownExtensions, textExtensions, o.Extensions} {
		if slices.ContainsFunc(extensions, func(e string) bool { return strings.EqualFold(e, path.Ext(filepath.ToSlash(name))) }) {
			return true
		}
	}
	return false
}

// read cuts an open file. The error is a LeftOut only if the content is the reason.
func read(f io.Reader, name string, o Options) ([]Part, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, LeftOut{File: name, Err: errLong}
	}
	text, err := plain.Decode(data)
	if err != nil {
		return nil, LeftOut{File: name, Err: err}
	}
	var meta map[string]string
	var texts []string
	if slices.Contains(markdownExtensions, strings.ToLower(path.Ext(name))) {
		var rest string
		meta, rest = frontMatter(text)
		texts = SplitMarkdown(rest, o.Size)
	} else {
		texts = SplitText(text, o.Size)
	}
	if len(texts) == 0 && meta != nil { // the front matter is the only content
		texts = SplitText(text, o.Size)
	}
	parts := make([]Part, len(texts))
	for i, text := range texts {
		parts[i] = Part{File: name, Number: i + 1, Text: text, Meta: maps.Clone(meta)}
	}
	return parts, nil
}
