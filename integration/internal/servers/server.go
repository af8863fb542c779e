// Package servers starts real servers for tests. Each call starts a separate server, on a free port
// of the loopback interface and with its data in a temporary folder, and stops it when the test
// ends. It needs Linux on x86-64.
//
// If a server is not installed, the test is skipped with instructions to install it.
package servers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding/integration/internal/kit"
	"github.com/vecspace/embedding/internal/expect"
)

// The meaning of a missing server. INTEGRATION=required turns the skip into a failure. Slow servers
// also need INTEGRATION_SLOW, and Ollama is always optional.
const (
	RequiredVariable = "INTEGRATION"
	SlowVariable     = "INTEGRATION_SLOW"
)

// Server is a running server. Its methods are for the goroutine of the test that started it. Addr
// and URL do not change over Kill, Stop and Start.
type Server struct {
	Name string
	Addr string // 127.0.0.1:PORT
	URL  string // what a client is given
	Dir  string // has its data and log; removed when the test ends

	spec      spec
	installed string // the folder of its recipe
	proc      *process
}

// spec says how a kind of server is run.
type spec struct {
	name    string
	recipe  string                // "": name
	url     string                // with ADDR instead of the address
	stop    syscall.Signal        // asks for an orderly end; 0: SIGTERM
	as      *syscall.Credential   // the user that it runs as; nil: the test's
	prepare func(s *Server) error // once, before the first start
	command func(s *Server) (*exec.Cmd, error)
	ready   func(ctx context.Context, s *Server) error
}

const (
	startLimit = 90 * time.Second // an idle machine needs one or two
	stopLimit  = 20 * time.Second
)

// run is what the exported functions come down to.
func run(t testing.TB, sp spec) *Server {
	t.Helper()
	if sp.recipe == "" {
		sp.recipe = sp.name
	}
	installed, err := kit.Locate(sp.recipe)
	if err != nil {
		missing(t, err)
	}
	return start(t, sp, installed)
}

// start starts what is installed.
func start(t testing.TB, sp spec, installed string) *Server {
	t.Helper()
	from := time.Now()
	s, err := open(sp, installed)
	expect.NoError(t, err)
	t.Cleanup(func() { s.close(t) })
	for range 3 { // another process may take the port between the choice and its use
		if err = s.place(); err == nil {
			err = s.start(t.Context())
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	expect.NoError(t, err)
	if r, err := kit.Find(sp.recipe); err == nil {
		t.Logf("%s %s is ready on %s after %.1f s", s.Name, r.Version, s.Addr, time.Since(from).Seconds())
	}
	return s
}

// missing ends a test whose server or client cannot be had.
func missing(t testing.TB, err error) {
	t.Helper()
	m, ok := errors.AsType[*kit.Missing](err)
	optional := ok && (m.Recipe.ByName || m.Recipe.Slow && os.Getenv(SlowVariable) == "")
	if os.Getenv(RequiredVariable) != "required" || optional {
		t.Skip(err)
	}
	t.Fatal(err)
}

// open makes the server's folder.
func open(sp spec, installed string) (*Server, error) {
	dir, err := os.MkdirTemp("", "vecspace-"+sp.name+"-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // it may run as another user
		return nil, err
	}
	return &Server{Name: sp.name, Dir: dir, spec: sp, installed: installed}, nil
}

// place gives the server a free port, and prepares its folder the first time.
func (s *Server) place() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	first := s.Addr == ""
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.URL = strings.ReplaceAll(s.spec.url, "ADDR", s.Addr)
	if !first || s.spec.prepare == nil {
		return nil
	}
	return s.spec.prepare(s)
}

func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.Addr) // "" before there is one
	return port
}

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.proc == nil {
		t.Fatalf("%s is not running", s.Name)
	}
	s.proc.kill()
	s.proc = nil
}

// Stop ends the server as its operator would.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.proc == nil {
		t.Fatalf("%s is not running", s.Name)
	}
	expect.NoError(t, s.halt())
}

// Start starts the server again after Kill or Stop, with the same address and data, and returns
// when it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.proc != nil {
		t.Fatalf("%s is running already", s.Name)
	}
	expect.NoError(t, s.start(t.Context()))
}

// Restart is Stop and Start.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

// Log returns what the server has printed so far, over all its starts.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(text)
}

func (s *Server) logFile() string { return filepath.Join(s.Dir, "log") }

// close ends the server and removes its folder; the log of a failed test stays.
func (s *Server) close(t testing.TB) {
	if err := s.halt(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		kept := filepath.Join(os.TempDir(), fmt.Sprintf("vecspace-%s-%d-%s.log", s.Name, os.Getpid(), s.port()))
		if err := os.WriteFile(kept, []byte(s.Log()), 0o644); err != nil {
			kept = err.Error()
		}
		t.Logf("%s on %s; its log is kept in %s and ends:\n%s", s.Name, s.Addr, kept, tail(s.Log()))
	}
	if err := os.RemoveAll(s.Dir); err != nil {
		t.Error(err)
	}
}

// tail returns the end of a log, as much as a reader of a failed test bears.
func tail(log string) string {
	const most = 4096
	if len(log) > most {
		log = log[len(log)-most:]
		_, log, _ = strings.Cut(log, "\n")
	}
	return strings.TrimRight(log, "\n")
}
