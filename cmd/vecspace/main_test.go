package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// asProgram is the variable that makes the test binary run as the program.
const asProgram = "VECSPACE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// The small build embeds with a file, and names the full build if the file needs it.
func TestProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "embedders.yaml")
	for field, want := range map[string]string{
		"cache: {}":                                       `{"index":0,"vector":[`,
		"cache: {tier: {disk: vectors.db}}":               "line 2: tier: disk needs the full build: go install github.com/vecspace/embedding/full/cmd/vecspace@latest",
		"limit: {rpm: 1, shared: {redis: a, account: b}}": "line 2: shared: redis needs the full build",
	} {
		text := "embedders:\n  a: {reference: 'static:base?dimensions=64', " + field + "}\n"
		expect.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		cmd := exec.CommandContext(t.Context(), os.Args[0], "embed", "-config", file)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		cmd.Stdin = strings.NewReader("a line\n")
		out, err := cmd.CombinedOutput()
		if (err == nil) != (field == "cache: {}") || !strings.Contains(string(out), want) {
			t.Errorf("%s: got %v and %.300s, want %q", field, err, out, want)
		}
	}
}
