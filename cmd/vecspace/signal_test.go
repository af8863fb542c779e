//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The program itself: it ends in good order on either signal.
func TestSignals(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "emulate", "dashscope", "-addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if all += lines.Text() + "\n"; strings.HasPrefix(lines.Text(), "DashScope emulator") {
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err != nil || !strings.Contains(all, "billed requests") {
			t.Errorf("%v: %v\n%s", sig, err, all)
		}
	}
}
