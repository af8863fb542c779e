//go:build unix

package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
)

// SIGTERM ends a job in good order: what is under way is kept, and the same command goes on without
// paying twice.
func TestJobTerminated(t *testing.T) {
	server, ref := paying(t)
	expect.NoError(t, server.Configure(emulator.Settings{Latency: 20 * time.Millisecond}))
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"job", "run", "-in", put(t, "a.txt", textsOf(20_000)), "-out", dir, "-e", ref, "-yes", "-in-flight", "2"}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out bytes.Buffer
	cmd.Stderr = &out
	expect.NoError(t, cmd.Start())
	for server.Ledger().Texts < 2000 {
		time.Sleep(time.Millisecond) // it only has to be somewhere in the middle
	}
	expect.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait() // the state says it
	ended(t, cmd.ProcessState.ExitCode(), 1, out.String(), "interrupted: ", "the same command goes on")
	if n := server.Ledger().Texts; n == 20_000 {
		t.Fatal("got all texts before the signal, want it in the middle")
	}
	code, o, errs := vecspace(t, "", args...)
	ended(t, code, 0, o+errs, "20000 vectors")
	expect.Equal(t, "texts billed", server.Ledger().Texts, 20_000)
}
