package house

import (
	"go/doc"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// unshown are the public packages without an Example that prints something, and why.
var unshown = map[string]string{
	"jobs/pgtable":               "its Example needs a PostgreSQL server and is compiled; integration/pgtable runs the same calls",
	"jobs/queuetest":             "its functions take a *testing.T; the package comment has the call",
	"middleware/cache/storetest": "its function takes a *testing.T; the package comment has the call",
}

// TestPublicPackagesHaveExamples: every package that a user can import shows its main use in an
// Example whose output is compared. What stays in this tree cannot be imported.
func TestPublicPackagesHaveExamples(t *testing.T) {
	got := withoutExamples(read(t, filepath.Join("..", "..")))
	expect.Equal(t, "packages without an Example that prints something", got, slices.Sorted(maps.Keys(unshown)))
}

// TestWithoutExamples: the rule finds what it is for, and allows everything else.
func TestWithoutExamples(t *testing.T) {
	const code = "package a\n"
	files := []file{
		{"shown/a.go", code}, {"shown/a_test.go", "package a_test\n\nfunc Example() {\n\t// Output: 1\n}\n"},
		{"empty/a.go", code}, {"empty/a_test.go", "package a_test\n\nfunc ExampleNew() {\n\t// Output:\n}\n"},
		{"unordered/a.go", code}, {"unordered/a_test.go", "package a_test\n\nfunc Example() {\n\t// Unordered output: 1\n}\n"},
		{"silent/a.go", code}, {"silent/a_test.go", "package a_test\n\nfunc Example() {}\n"},
		{"misnamed/a.go", code}, {"misnamed/a_test.go", "package a_test\n\nfunc example() {\n\t// Output: 1\n}\n"},
		{"comment/a.go", code}, {"comment/a_test.go", "package a_test\n\n// Output: 1\nfunc Example() {}\n"},
		{"untested/a.go", code}, {"deep/internal/a.go", code}, {"internal/a.go", code}, {"tool/a.go", "package main\n"},
		{"ignored/a.go", "//go:build ignore\n\npackage a\n"}, {"integration/a.go", code}, {"onlytests/a_test.go", code},
	}
	expect.Equal(t, "packages", withoutExamples(files), []string{"comment", "misnamed", "silent", "untested"})
}

// withoutExamples returns the folders of public packages that have no Example with output.
func withoutExamples(files []file) []string {
	public, shown := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		dir := f.where()
		if !strings.HasSuffix(f.name, ".go") || strings.Contains("/"+dir+"/", "/internal/") ||
			slices.Contains([]string{".ci", "examples", "integration"}, strings.Split(f.name, "/")[0]) {
			continue
		}
		_, parsed, err := f.parse()
		switch {
		case err != nil || parsed.Name.Name == "main" || strings.HasPrefix(f.text, "//go:build ignore\n"):
		case f.test():
			for _, e := range doc.Examples(parsed) {
				shown[dir] = shown[dir] || e.Output != "" || e.EmptyOutput
			}
		default:
			public[dir] = true
		}
	}
	maps.DeleteFunc(public, func(dir string, _ bool) bool { return shown[dir] })
	return slices.Sorted(maps.Keys(public))
}
