//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestMain is the program itself in a process that TestSignals starts.
func TestMain(m *testing.M) {
	if os.Getenv("QUICKSTART_TEST_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestSignals: the program that waits for a question ends in good order on either signal.
func TestSignals(t *testing.T) {
	dir := notes(t, map[string]string{"bread.txt": "Knead the dough."})
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.Command(os.Args[0], "-dir", dir, "-store", t.TempDir())
		cmd.Env = append(os.Environ(), "QUICKSTART_TEST_CHILD=1")
		in, err := cmd.StdinPipe()
		expect.NoError(t, err)
		defer func() { _ = in.Close() }()
		out, err := cmd.StdoutPipe()
		expect.NoError(t, err)
		expect.NoError(t, cmd.Start())
		_, err = in.Write([]byte("bread\n"))
		expect.NoError(t, err)
		if lines := bufio.NewScanner(out); !lines.Scan() { // it is past indexing
			t.Errorf("%v: no answer: %v", sig, lines.Err())
		}
		expect.NoError(t, cmd.Process.Signal(sig))
		_ = cmd.Wait()
		expect.Equal(t, sig.String()+": exit code", cmd.ProcessState.ExitCode(), 1) // -1 if the signal killed it
	}
}
