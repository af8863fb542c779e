package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guide.md")
	text := "# Garden\n\n## Roses\n\nRoses want sun and a deep soil.\n\n## Lawn\n\nMow the lawn every week in May.\n\n# Kitchen\n\n## Knives\n\nSharpen knives on a wet stone.\n"
	expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var out bytes.Buffer
	expect.NoError(t, run(t.Context(), []string{"-file", file, "-k", "1", "how often do I cut the grass?"}, &out))
	if got := out.String(); !strings.Contains(got, "Mow the lawn every week") || strings.Contains(got, "wet stone") || !strings.HasSuffix(got, "Question: how often do I cut the grass?\n") {
		t.Errorf("printed %q", got)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(folder, name)
		expect.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	out.Reset()
	expect.NoError(t, run(t.Context(), []string{"-file", write("code.md", "```go\nfunc agate() {}\n"), "agate"}, &out))
	if got := out.String(); !strings.Contains(got, "[1] ```go\nfunc agate() {}") {
		t.Errorf("printed %q, want the code as a passage", got)
	}
	out.Reset()
	expect.NoError(t, run(t.Context(), []string{"-file", write("bad.md", "agate \x1b[31m\u202e\n"), "agate"}, &out))
	if got := out.String(); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, `agate \u001b[31m\u202e`) {
		t.Errorf("printed %q, want characters that show", got)
	}
	for want, args := range map[string][]string{
		"no question":             {"-file", file},
		"none.md":                 {"-file", "none.md", "q"},
		"no text in":              {"-file", write("empty.md", "\n"), "q"},
		`"latin.md" is not UTF-8`: {"-file", write("latin.md", "caf\xe9\n\nmore"), "q"},
		"nobody":                  {"-file", file, "-embedder", "nobody:x", "q"},
	} {
		if err := run(t.Context(), args, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
