package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Toolchain returns the root of the installed Go toolchain: the variable GOROOT, or what `go env
// GOROOT` prints.
func Toolchain() (string, error) {
	if root := os.Getenv("GOROOT"); root != "" {
		return root, nil
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	root := strings.TrimSpace(string(out))
	if err != nil || root == "" {
		return "", errors.New("no Go toolchain was found by `go env GOROOT`: put go on the PATH, or set GOROOT")
	}
	return root, nil
}

// GoLibrary makes a retrieval set of the Go standard library at root. Documents are the package
// comments. Queries are the first sentences of exported functions' comments without the leading
// name; the answers are all packages that have the sentence. The set depends on the Go version,
// which is part of its Name.
func GoLibrary(root string) (*Retrieval, error) {
	version := "go"
	if b, err := os.ReadFile(filepath.Join(root, "VERSION")); err == nil {
		version, _, _ = strings.Cut(string(b), "\n")
	}
	r := &Retrieval{Name: strings.TrimSpace(version) + " library", Judged: map[string]map[string]int{}}
	src := filepath.Join(root, "src")
	asked := map[string]string{} // query ids by sentence
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
		pkg, err := documentation(dir, name)
		if err != nil || pkg == nil || strings.TrimSpace(pkg.Doc) == "" {
			return err
		}
		r.Documents = append(r.Documents, Text{ID: name, Title: name, Body: strings.TrimSpace(pkg.Doc)})
		for _, f := range functions(pkg) {
			sentence := question(f.Name, pkg.Synopsis(f.Doc))
			if sentence == "" {
				continue
			}
			id, known := asked[sentence]
			if !known {
				id = name + "." + f.Name
				asked[sentence] = id
				r.Queries = append(r.Queries, Text{ID: id, Body: sentence})
				r.Judged[id] = map[string]int{}
			}
			r.Judged[id][name] = 1
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(r.Documents) == 0 || len(r.Queries) == 0 {
		return nil, fmt.Errorf("%s: no sources of the Go standard library: install Go with its sources", src)
	}
	return r, nil
}

// documentation parses the package in a folder as built for linux/amd64, so that the set is the
// same on every machine. It returns nil if there is no package.
func documentation(dir, name string) (*doc.Package, error) {
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled = "linux", "amd64", false
	found, err := c.ImportDir(dir, 0)
	if err != nil || found.Name == "main" {
		return nil, nil //nolint:nilerr // a folder without a package is no document
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, file := range found.GoFiles {
		f, err := parser.ParseFile(set, filepath.Join(dir, file), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return doc.NewFromFiles(set, files, name)
}

// functions returns a package's exported functions, including the constructors of its types.
func functions(pkg *doc.Package) []*doc.Func {
	out := slices.Clone(pkg.Funcs)
	for _, t := range pkg.Types {
		out = append(out, t.Funcs...)
	}
	slices.SortFunc(out, func(a, b *doc.Func) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// question returns a first sentence without the function's name at its beginning.
func question(name, sentence string) string {
	if rest, ok := strings.CutPrefix(sentence, name+" "); ok {
		sentence = rest
	}
	if len(strings.Fields(sentence)) < 3 {
		return ""
	}
	return sentence
}
