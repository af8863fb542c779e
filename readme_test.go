package embedding_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestDocumentsAreCompiled compares every Go block in the documents with compiled code, which must
// have it line by line.
func TestDocumentsAreCompiled(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || !strings.Contains(name, "example") || name == "readme_test.go" {
			return err
		}
		data, err := os.ReadFile(name)
		code.WriteString(unindented(string(data)) + "\n")
		return err
	})
	expect.NoError(t, err)
	blocks := 0
	for _, doc := range []string{"README.md", filepath.Join("docs", "middleware.md"), filepath.Join("docs", "stores.md")} {
		data, err := os.ReadFile(doc)
		expect.NoError(t, err)
		for k, rest := range strings.Split(string(data), "```go\n") {
			if k == 0 {
				continue
			}
			block, _, ok := strings.Cut(rest, "```")
			if !ok {
				t.Fatalf("%s: a block of Go does not end", doc)
			}
			blocks++
			if !strings.Contains(code.String(), unindented(block)) {
				t.Errorf("%s: this block is in no example that is compiled:\n%s", doc, block)
			}
		}
	}
	if blocks < 6 {
		t.Errorf("%d blocks of Go were found", blocks)
	}
}

// TestReadmeShowsTheResults holds the figures of the README's section on speed to the file that
// benchmarks/peers writes.
func TestReadmeShowsTheResults(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	expect.NoError(t, err)
	results, err := os.ReadFile(filepath.Join("benchmarks", "RESULTS.md"))
	expect.NoError(t, err)
	_, section, ok := strings.Cut(string(readme), "\n## Speed\n")
	section, _, more := strings.Cut(section, "\n## ")
	if !ok || !more {
		t.Fatal("README.md has no section on speed")
	}
	rows := 0
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| ") {
			rows++
			if !strings.Contains(string(results), "\n"+line) {
				t.Errorf("this row is not in benchmarks/RESULTS.md, from which it is copied: %s", line)
			}
		}
	}
	if rows < 10 {
		t.Errorf("%d rows of figures", rows)
	}
}

// unindented removes the indentation, the only allowed difference between blocks.
func unindented(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, "\t")
	}
	return strings.Join(lines, "\n")
}
