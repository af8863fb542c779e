// Package guides_test follows the guides in docs: it runs their programs and compares what they
// print with what the guides show.
package guides_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestGuides(t *testing.T) {
	root, err := filepath.Abs("../..")
	expect.NoError(t, err)
	for _, guide := range []struct {
		doc, program string
		args         []string
	}{
		{doc: "start.md", program: "examples/hello"},
		{doc: "rag.md", program: "examples/guides/rag", args: []string{"notes", "index", "how often do I cut the grass?"}},
		{doc: "production.md", program: "examples/guides/production"},
		{doc: "errors.md", program: "examples/guides/errors"},
	} {
		t.Run(guide.doc, func(t *testing.T) {
			doc, err := os.ReadFile(filepath.Join(root, "docs", guide.doc))
			expect.NoError(t, err)
			_, want, ok := strings.Cut(string(doc), "```text\n")
			want, _, end := strings.Cut(want, "```")
			if !ok || !end {
				t.Fatal("the guide shows no output")
			}
			dir := t.TempDir()
			for name, text := range map[string]string{"lawn.md": "Mow the lawn every week in May.\n", "knives.txt": "Sharpen knives on a wet stone.\n"} {
				expect.NoError(t, os.MkdirAll(filepath.Join(dir, "notes"), 0o700))
				expect.NoError(t, os.WriteFile(filepath.Join(dir, "notes", name), []byte(text), 0o600))
			}
			program := filepath.Join(dir, "program.exe")
			build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+guide.program)
			build.Dir = root
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("go build: %v\n%s", err, out)
			}
			run := exec.CommandContext(t.Context(), program, guide.args...)
			run.Dir = dir
			out, err := run.CombinedOutput()
			if err != nil || string(out) != want {
				t.Errorf("%v, and it printed\n%s\nbut the guide shows\n%s", err, out, want)
			}
		})
	}
}
