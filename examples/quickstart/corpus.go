package main

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/textsplitter"
)

// document is what is indexed and found.
type document struct {
	name string // a package's import path, or a file and the number of its part
	show string // what an answer prints
	text string // what is embedded
}

// library reads the documentation of the standard library that comes with the machine's own toolchain: a package's path
// words and synopsis are its document.
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
		docs = append(docs, document{name: name, show: pkg.Doc, text: words + ". " + pkg.Doc})
		return nil
	})
	if err != nil || len(docs) == 0 {
		return nil, fmt.Errorf("no sources of the Go standard library in %s: install Go with its sources, or index a folder of yours with -dir", src)
	}
	return docs, nil
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

// folder reads the text and Markdown files below dir, cut into parts that are short enough to mean one thing.
func folder(dir string) ([]document, error) {
	var docs []document
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != dir && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		markdown := slices.Contains([]string{".md", ".markdown"}, strings.ToLower(filepath.Ext(file)))
		if !markdown && strings.ToLower(filepath.Ext(file)) != ".txt" {
			return nil
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		parts, err := split(strings.ToValidUTF8(string(data), "\uFFFD"), markdown)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for i, part := range parts {
			docs = append(docs, document{
				name: fmt.Sprintf("%s#%d", filepath.ToSlash(rel), i+1),
				show: strings.Join(strings.Fields(part), " "),
				text: part,
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("no text in %s: -dir takes a folder with .txt, .md or .markdown files that are not empty", dir)
	}
	return docs, nil
}

func split(text string, markdown bool) ([]string, error) {
	var s textsplitter.TextSplitter = textsplitter.NewRecursiveCharacter(textsplitter.WithChunkSize(600), textsplitter.WithChunkOverlap(0))
	if markdown {
		s = textsplitter.NewMarkdownTextSplitter(textsplitter.WithChunkSize(600), textsplitter.WithChunkOverlap(0), textsplitter.WithHeadingHierarchy(true))
	}
	parts, err := s.SplitText(text)
	return slices.DeleteFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" }), err
}
