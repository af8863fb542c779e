package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server's process, and done is closed when it has ended and its id is free again.
type process struct {
	*os.Process
	done chan struct{}
	err  error // of Wait; to be read after done
}

// launch starts cmd so that it cannot outlive the test. The kernel kills cmd when the thread that
// started it ends, so launch keeps a thread as long as cmd runs.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with this function and is not used again
		err := cmd.Start()
		p.Process = cmd.Process
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// kill ends the process and its children. It ends the children one by one as well, because
// PostgreSQL's leave its process group, and one may go on answering its client for a while without
// a server.
func (p *process) kill() {
	children := p.children()
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // it fails if all have ended already, which is fine
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.done
}

// children returns the processes that the process has started and that have not ended.
func (p *process) children() (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.Pid)) // the pattern is well formed
	for _, file := range files {
		text, _ := os.ReadFile(file) // of a thread that has ended meanwhile there is nothing to say
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

var (
	errPortTaken = errors.New("another process has its port")
	errEnded     = errors.New("it ended")
)

// start starts the process and waits until the server answers. Its error quotes the server's own
// words.
func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		said := len(s.Log())
		err := s.startOnce(ctx)
		if err == nil {
			return nil
		}
		var words string
		if log := s.Log(); len(log) > said {
			words = "\n" + tail(log[said:])
		}
		if errors.Is(err, errEnded) && s.spec.name == "postgres" && holdsOn.MatchString(words) {
			if wait(ctx, 100*time.Millisecond) == nil {
				continue
			}
		}
		return fmt.Errorf("%s on %s does not start: %w%s", s.Name, s.Addr, err, words)
	}
}

func (s *Server) startOnce(ctx context.Context) error {
	cmd, err := s.spec.command(s)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("%w: %w", errPortTaken, err)
	}
	if err := l.Close(); err != nil {
		return err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // it is the child that writes
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true, Credential: s.spec.as}
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%w: %w", errEnded, endOf(p))
		default:
		}
		err := s.spec.ready(ctx, s)
		if err == nil {
			s.proc = p
			return nil
		}
		if wait(ctx, 20*time.Millisecond) != nil {
			p.kill()
			return fmt.Errorf("it is not ready in time: %w", err)
		}
	}
}

func endOf(p *process) error {
	if p.err == nil {
		return errors.New("exit status 0")
	}
	return p.err
}

// halt ends the server in order. It does nothing if it is not running.
func (s *Server) halt() error {
	if s.proc == nil {
		return nil
	}
	p := s.proc
	s.proc = nil
	sig := s.spec.stop
	if sig == 0 {
		sig = syscall.SIGTERM
	}
	select {
	case <-p.done:
		return fmt.Errorf("%s on %s ended by itself: %w", s.Name, s.Addr, endOf(p))
	default:
	}
	_ = p.Signal(sig) // it fails if the process ends just now
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		p.kill()
		return fmt.Errorf("%s on %s did not stop within %v of %v and was killed", s.Name, s.Addr, stopLimit, sig)
	}
}

// freePort chooses a port below the range for outgoing connections, so that no connection takes the
// port while its server restarts.
func freePort() (int, error) {
	const from, to = 20000, 32000
	var err error
	for range 100 {
		port := from + rand.IntN(to-from)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port: %w", err)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
