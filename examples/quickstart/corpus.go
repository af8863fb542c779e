package main

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/documents"
)

// document is what is indexed and found.
type document struct {
	name string            // its ID: a package's import path or a file, and the number of the part
	of   string            // what an answer names; the best of its documents counts
	show string            // what an answer prints
	text string            // what is embedded
	meta map[string]string // front matter
}

// metadata is what the store keeps beside the text.
func (d document) metadata() map[string]any {
	m := map[string]any{"name": d.name, "of": d.of, "show": d.show}
	for key, value := range d.meta {
		m["meta."+key] = value
	}
	return m
}

// library reads the documentation of the standard library that comes with this machine's own
// toolchain. A package is several documents: its synopsis with the words of its path, and its
// comment in parts, each under the synopsis.
func library(root string) ([]document, error) {
	src := filepath.Join(root, "src")
	var docs []document
	err := filepath.WalkDir(src, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(src, dir)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch base := path.Base(name); {
		case name == ".":
			return nil
		case name == "cmd" || base == "internal" || base == "vendor" || base == "testdata":
			return filepath.SkipDir
		}
		pkg, err := build.Default.ImportDir(dir, 0)
		if err != nil || pkg.Doc == "" || pkg.Name == "main" {
			return nil //nolint:nilerr // a folder without a package for this machine is no document
		}
		words := strings.ReplaceAll(name, "/", " ")
		docs = append(docs, document{name: name, of: name, show: pkg.Doc, text: words + ". " + pkg.Doc})
		text, err := comment(pkg)
		if err != nil {
			return err
		}
		if strings.Join(strings.Fields(text), " ") == pkg.Doc {
			return nil
		}
		for i, part := range documents.SplitText(text, 0) {
			docs = append(docs, document{name: fmt.Sprintf("%s#%d", name, i+1), of: name, show: pkg.Doc, text: pkg.Doc + "\n" + part})
		}
		return nil
	})
	if err != nil || len(docs) == 0 {
		return nil, fmt.Errorf("no sources of the Go standard library in %s: install Go with its sources, or index a folder of yours with -dir", src)
	}
	return docs, nil
}

// comment returns what the package's files say of it.
func comment(pkg *build.Package) (string, error) {
	var all []string
	for _, name := range slices.Concat(pkg.GoFiles, pkg.CgoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return "", err
		}
		if text := f.Doc.Text(); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, "\n"), nil
}

// toolchain returns the root of the Go installation.
func toolchain() (string, error) {
	if root := os.Getenv("GOROOT"); root != "" {
		return root, nil
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	root := strings.TrimSpace(string(out))
	if err != nil || root == "" {
		return "", errors.New("no Go toolchain was found by `go env GOROOT`: put go on the PATH, set GOROOT, or index a folder of yours with -dir")
	}
	return root, nil
}

// folder reads the text and Markdown files below dir, cut into parts that are short enough to mean
// one thing. It warns of those that are no text.
func folder(dir string, warn io.Writer) ([]document, error) {
	parts, out, err := documents.Folder(dir, documents.Options{})
	if err != nil {
		return nil, err
	}
	for _, left := range out {
		fmt.Fprintf(warn, "left out: %v\n", left)
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("no text in %s: -dir takes a folder with .txt, .md or other text files that are not empty", dir)
	}
	docs := make([]document, len(parts))
	for i, p := range parts {
		name := fmt.Sprintf("%s#%d", p.File, p.Number)
		docs[i] = document{name: name, of: name, show: strings.Join(strings.Fields(p.Text), " "), text: p.Text, meta: p.Meta}
	}
	return docs, nil
}

// best finds the k things that are nearest to a question where several documents may be of one: the
// nearest document of each counts.
type best struct {
	vectorstores.VectorStore
	most int // documents of one thing
	all  int // documents
}

func newBest(store vectorstores.VectorStore, docs []document) best {
	b := best{VectorStore: store, all: len(docs)}
	times := map[string]int{}
	for _, d := range docs {
		times[d.of]++
		b.most = max(b.most, times[d.of])
	}
	return b
}

// SimilaritySearch asks for so many documents that k things are among them in any case.
func (b best) SimilaritySearch(ctx context.Context, question string, k int, options ...vectorstores.Option) ([]schema.Document, error) {
	k = min(k, max(b.all, 1)) // more would overflow
	found, err := b.VectorStore.SimilaritySearch(ctx, question, (k-1)*b.most+1, options...)
	seen := map[any]bool{}
	found = slices.DeleteFunc(found, func(doc schema.Document) bool {
		of := doc.Metadata["of"]
		before := seen[of]
		seen[of] = true
		return before
	})
	return found[:min(max(k, 0), len(found))], err
}
