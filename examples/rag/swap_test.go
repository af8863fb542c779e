package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
)

const guide = `# Garden

## Roses

Roses want sun and a deep soil.

## Lawn

Mow the lawn every week in May.

# Kitchen

## Knives

Sharpen knives on a wet stone.
`

// TestSwap runs the program with every provider, each against its emulator. Only the reference
// changes, and the environment, which has the keys.
func TestSwap(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "guide.md")
	expect.NoError(t, os.WriteFile(file, []byte(guide), 0o600))
	vecspace := filepath.Join(dir, "vecspace.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", vecspace, "../../cmd/vecspace")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	models := providers.Catalog()
	for name := range providers.Builtin() {
		t.Run(name, func(t *testing.T) {
			reference := emulate(t, vecspace, name)
			if reference == "" { // such as static: no server to emulate
				first := slices.IndexFunc(models, func(e catalog.Entry) bool { return e.Provider == name })
				reference = models[first].Reference
			}
			var out bytes.Buffer
			expect.NoError(t, run(t.Context(), []string{"-file", file, "-embedder", reference, "-k", "2", "how often do I cut the grass?"}, &out))
			if got := out.String(); !strings.Contains(got, "Mow the lawn every week") || strings.Contains(got, "wet stone") {
				t.Errorf("%s printed %q, want the lawn and not the knives", reference, got)
			}
		})
	}
}

// emulate runs "vecspace emulate" until the test ends. It sets the key's variable as the greeting
// says and returns the greeting's reference, "" if there is no such emulator.
func emulate(t *testing.T, vecspace, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), vecspace, "emulate", name, "-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended if there is no such emulator
		_ = cmd.Wait()         // the kill is its error
	})
	key := regexp.MustCompile(`export (\w+_(?:KEY|TOKEN\w*))=(\S+)$`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if m := key.FindStringSubmatch(line); m != nil {
			t.Setenv(m[1], m[2])
		}
		if _, rest, ok := strings.Cut(line, "vecspace embed '"); ok {
			return strings.TrimSuffix(rest, "'")
		}
	}
	return ""
}
