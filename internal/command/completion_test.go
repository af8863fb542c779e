package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// bash completes commands, services and the flags that the program has.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, errs := vecspace(t, "", "completion", shell)
		ended(t, code, 0, out+errs, "compare embed job check providers serve emulate completion version help", "dashscope deepinfra")
		if path, err := exec.LookPath(shell); err == nil {
			if said, err := exec.CommandContext(t.Context(), path, "-n", "-c", out).CombinedOutput(); err != nil {
				t.Errorf("%s: got %v and %s, want a script that it reads", shell, err, said)
			}
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	_, script, _ := vecspace(t, "", "completion", "bash")
	dir := t.TempDir()
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "vecspace"), []byte("#!/bin/sh\n"+asProgram+"=1 exec '"+os.Args[0]+"' \"$@\"\n"), 0o700))
	for words, want := range map[string]string{
		"em": "embed emulate", "help pro": "providers", "emulate dash": "dashscope", "completion b": "bash", "embed static:base -fi": "-field", "emulate dashscope -reg": "-region",
		"version x": "", "job ver": "verify", "job run -bud": "-budget",
	} {
		n := len(strings.Fields(words))
		cmd := exec.CommandContext(t.Context(), bash, "-c", script+"\nCOMP_WORDS=(vecspace "+words+"); COMP_CWORD="+string(rune('0'+n))+"; _vecspace; echo ${COMPREPLY[@]}")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q: got %q (error %v), want %q", words, out, err, want)
		}
	}
}
