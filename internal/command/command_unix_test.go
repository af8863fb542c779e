//go:build unix

package command

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The program ends in good order on either signal.
func TestSignals(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "emulate", "dashscope", "-addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.StdoutPipe()
		expect.NoError(t, err)
		expect.NoError(t, cmd.Start())
		all := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if all += lines.Text() + "\n"; strings.HasPrefix(lines.Text(), "DashScope emulator") {
				expect.NoError(t, cmd.Process.Signal(sig))
			}
		}
		expect.NoError(t, cmd.Wait())
		holds(t, all, "billed requests")
	}
}
