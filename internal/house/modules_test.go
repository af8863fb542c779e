package house

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestNestedModules: a module of its own may be combined with another version of the root, so it
// imports only the root's public packages. The full command is released with exactly its root, and
// what stays in this tree is never combined.
func TestNestedModules(t *testing.T) {
	const root, module = "../..", "github.com/vecspace/embedding/"
	stays := []string{".ci", "benchmarks", "examples", "integration"}
	nested := 0
	for _, f := range read(t, root) {
		if !strings.HasSuffix(f.name, ".go") || f.test() || slices.Contains(stays, strings.Split(f.name, "/")[0]) {
			continue
		}
		dir := f.where()
		for dir != "." {
			if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
				break
			}
			dir = path.Dir(dir)
		}
		if dir == "." || f.where() == "full/cmd/vecspace" {
			continue
		}
		nested++
		tree, err := parser.ParseFile(token.NewFileSet(), f.name, f.text, parser.ImportsOnly)
		expect.NoError(t, err)
		for _, i := range tree.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			expect.NoError(t, err)
			if rest, ours := strings.CutPrefix(name, module); ours && slices.Contains(strings.Split(rest, "/"), "internal") && !strings.HasPrefix(rest, dir+"/") {
				t.Errorf("%s imports %s, which only the root module may", f.name, name)
			}
		}
	}
	if nested == 0 {
		t.Error("no file of a nested module was found")
	}
}
