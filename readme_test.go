package embedding_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

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
	for _, doc := range documents(t) {
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
	if blocks < 20 {
		t.Errorf("%d blocks of Go were found", blocks)
	}
}

// documents returns the documents that show code and link to each other.
func documents(t *testing.T) []string {
	docs, err := filepath.Glob(filepath.Join("docs", "*.md"))
	expect.NoError(t, err)
	return append(docs, "README.md", "CONTRIBUTING.md", "SECURITY.md", filepath.Join("benchmarks", "README.md"))
}

// TestLinks follows every link of the documents that stays in the tree, to the heading if it names
// one.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`(?m)(?:^|\W)\[[^\]]*\]\(([^)\s]+)\)`)
	links := 0
	for _, doc := range documents(t) {
		text, err := os.ReadFile(doc)
		expect.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			name, anchor, _ := strings.Cut(m[1], "#")
			target := doc
			if name != "" {
				target = filepath.Join(filepath.Dir(doc), filepath.FromSlash(name))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			page, err := os.ReadFile(target)
			expect.NoError(t, err)
			if !slices.Contains(anchors(string(page)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", doc, m[1], target)
			}
		}
	}
	if links < 40 {
		t.Errorf("%d links were found", links)
	}
}

// anchors returns what a page's headings are called in links, by GitHub's rule.
func anchors(page string) (out []string) {
	for line := range strings.Lines(page) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			out = append(out, strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(heading)))
		}
	}
	return out
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
	figures := regexp.MustCompile(`\d+\.\d+`).FindAllString(section, -1)
	for _, f := range figures {
		if !strings.Contains(string(results), "("+f+")") && !strings.Contains(string(results), f+"x") {
			t.Errorf("the figure %s is not in benchmarks/RESULTS.md, from which it is copied", f)
		}
	}
	if len(figures) < 4 {
		t.Errorf("%d figures were found", len(figures))
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
