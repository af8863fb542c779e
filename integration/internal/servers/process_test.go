package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

// fake is a server that is this test's own program.
func fake(t *testing.T, script string) *Server {
	t.Helper()
	s, err := open(spec{
		name:    "fake",
		command: func(*Server) (*exec.Cmd, error) { return exec.Command("/bin/sh", "-c", script), nil },
		ready:   func(context.Context, *Server) error { return nil },
	}, "")
	expect.NoError(t, err)
	t.Cleanup(func() { s.close(t) })
	expect.NoError(t, s.place())
	return s
}

func never(context.Context, *Server) error { return errors.New("not yet") }

func TestStartErrors(t *testing.T) {
	t.Run("it dies at once", func(t *testing.T) {
		s := fake(t, "echo where is the model; exit 3")
		s.spec.ready = never
		expect.Says(t, "the error", s.start(t.Context()), "fake on "+s.Addr+" does not start: it ended: exit status 3\nwhere is the model")
	})
	t.Run("its port is taken", func(t *testing.T) {
		s := fake(t, "sleep 60")
		l, err := net.Listen("tcp", s.Addr)
		expect.NoError(t, err)
		defer l.Close()
		expect.Says(t, "the error", s.start(t.Context()), "another process has its port: listen tcp "+s.Addr)
	})
	t.Run("no such program", func(t *testing.T) {
		s := fake(t, "")
		gone := filepath.Join(t.TempDir(), "gone")
		s.spec.command = func(*Server) (*exec.Cmd, error) { return exec.Command(gone), nil }
		expect.Says(t, "the error", s.start(t.Context()), gone+": no such file")
	})
	t.Run("it never gets ready", func(t *testing.T) {
		s := fake(t, "echo loading; sleep 60")
		s.spec.ready = func(_ context.Context, s *Server) error {
			if strings.Contains(s.Log(), "loading") {
				return errors.New("still loading")
			}
			return errors.New("not yet")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		expect.Says(t, "the error", s.start(ctx), "not ready in time: still loading\nloading")
		if s.proc != nil {
			t.Error("it still runs")
		}
	})
}

func TestEndedByItself(t *testing.T) {
	s := fake(t, "exit 4")
	if err := s.start(t.Context()); err != nil && !errors.Is(err, errEnded) {
		t.Fatalf("got the error %v, want none or %v", err, errEnded)
	} else if err == nil {
		<-s.proc.done
		expect.Says(t, "the error", s.halt(), "ended by itself: exit status 4")
	}
}

func TestStopIsAnOrderlyEnd(t *testing.T) {
	s := fake(t, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
	s.spec.ready = func(_ context.Context, s *Server) error {
		if !strings.HasSuffix(s.Log(), "up\n") {
			return errors.New("not yet")
		}
		return nil
	}
	s.Start(t)
	s.Restart(t)
	expect.Equal(t, "the log", s.Log(), "up\nbye\nup\n")
	s.Kill(t)
	expect.Equal(t, "the log", s.Log(), "up\nbye\nup\n")
}

// Servers that have processes of their own lose them with kill -9 of their machine, and so here.
func TestKillTakesTheChildren(t *testing.T) {
	for name, script := range map[string]string{
		"of its group": "sleep 60 & echo $!; wait",
		"in a session": "setsid sleep 60 & echo $!; wait", // as PostgreSQL's are
	} {
		t.Run(name, func(t *testing.T) { killTakesTheChild(t, script) })
	}
}

func killTakesTheChild(t *testing.T, script string) {
	s := fake(t, script)
	s.spec.ready = func(_ context.Context, s *Server) error {
		if !strings.HasSuffix(s.Log(), "\n") {
			return errors.New("not yet")
		}
		return nil
	}
	s.Start(t)
	var child int
	if _, err := fmt.Sscan(s.Log(), &child); err != nil || !alive(child) {
		t.Fatalf("the child %d does not run: %v", child, err)
	}
	s.Kill(t)
	mustEnd(t, child)
}

// recorder is a testing.TB whose end is not the end of the test.
type recorder struct {
	testing.TB
	said    string
	skipped bool
}

func (r *recorder) Helper() {}
func (r *recorder) Skip(args ...any) {
	r.said, r.skipped = fmt.Sprint(args...), true
	runtime.Goexit()
}
func (r *recorder) Fatal(args ...any) {
	r.said = fmt.Sprint(args...)
	runtime.Goexit()
}

func TestMissing(t *testing.T) {
	t.Setenv("EMBEDDING_SERVERS", t.TempDir())
	for _, c := range []struct {
		name           string
		call           func(testing.TB)
		required, slow string
		fails          bool
	}{
		{name: "valkey", call: func(t testing.TB) { Valkey(t) }, required: "", slow: "", fails: false},
		{name: "valkey", call: func(t testing.TB) { Valkey(t) }, required: "required", slow: "", fails: true},
		{name: "openai", call: func(t testing.TB) { OpenAIClient(t) }, required: "", slow: "1", fails: false},
		{name: "openai", call: func(t testing.TB) { OpenAIClient(t) }, required: "required", slow: "", fails: true},
		{name: "milvus", call: func(t testing.TB) { Milvus(t) }, required: "required", slow: "", fails: false},
		{name: "milvus", call: func(t testing.TB) { Milvus(t) }, required: "required", slow: "1", fails: true},
		{name: "ollama", call: func(t testing.TB) { Ollama(t) }, required: "required", slow: "1", fails: false},
	} {
		t.Setenv(RequiredVariable, c.required)
		t.Setenv(SlowVariable, c.slow)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.call(r)
		}()
		<-done
		if r.skipped == c.fails || !strings.Contains(r.said, c.name) || !strings.Contains(r.said, "go run ./install") {
			t.Errorf("%s, INTEGRATION=%q, INTEGRATION_SLOW=%q: skipped=%v: %s", c.name, c.required, c.slow, r.skipped, r.said)
		}
	}
}

// A test that is killed takes its servers with it.
func TestNoOrphans(t *testing.T) {
	const marker = "SERVERS_TEST_ORPHAN"
	if os.Getenv(marker) != "" {
		s := fake(t, "echo $$; exec sleep 60")
		s.Start(t)
		for !strings.Contains(s.Log(), "\n") {
			time.Sleep(time.Millisecond)
		}
		fmt.Printf("pid=%sdir=%s\n", s.Log(), s.Dir)
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoOrphans$")
	cmd.Env = append(os.Environ(), marker+"=1")
	out, err := cmd.StdoutPipe()
	expect.NoError(t, err)
	expect.NoError(t, cmd.Start())
	var pid int
	var dir string
	_, err = fmt.Fscanf(io.Reader(out), "pid=%d\ndir=%s\n", &pid, &dir)
	expect.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the server does not run: %v", err)
	}
	expect.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	mustEnd(t, pid)
}

func mustEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
