//go:build unix

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// TestMain is the program itself in a process that TestSignals starts.
func TestMain(m *testing.M) {
	if os.Getenv("RAG_TEST_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestSignals: the program that waits for an answer ends in good order on either signal.
func TestSignals(t *testing.T) {
	asked := make(chan struct{}, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		_, _ = r.Body.Read(make([]byte, 1<<16)) // a client that leaves is noticed after the body only
		<-r.Context().Done()
	}))
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "bread.txt")
	expect.NoError(t, os.WriteFile(file, []byte("Knead the dough."), 0o600))
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-file", file, "-embedder", "dashscope:text-embedding-v4", "bread")
		cmd.Env = append(os.Environ(), "RAG_TEST_CHILD=1", "DASHSCOPE_API_KEY="+emulator.DefaultKey,
			"DASHSCOPE_COMPATIBLE_BASE_URL="+srv.URL+dashscopetest.BasePath)
		expect.NoError(t, cmd.Start())
		<-asked
		expect.NoError(t, cmd.Process.Signal(sig))
		_ = cmd.Wait()
		expect.Equal(t, sig.String()+": exit code", cmd.ProcessState.ExitCode(), 1) // -1 if the signal killed it
	}
}
