package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// program is a server of its own process.
type program struct {
	cmd  *exec.Cmd
	base string
}

// start starts a server and waits until it listens.
func start(ctx context.Context, cmd *exec.Cmd, address string) (*program, error) {
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 1200 {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			_ = c.Close()
			return &program{cmd, "http://" + address + "/v1"}, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	return nil, fmt.Errorf("%s does not listen on %s", cmd.Path, address)
}

// stop ends the server and returns the CPU time that it took.
func (p *program) stop() time.Duration {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// memory returns the resident memory in MB, or 0 where the system does not say.
func (p *program) memory() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.Atoi(kb)
	return float64(n) / 1024
}

// free returns an address of this machine that nobody uses.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// serve starts "vecspace serve" in front of the upstream.
func (b *bench) serve(env string, args ...string) (*program, error) {
	address, err := free()
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "openai:m?base_url=" + b.upstream + "&native_dimensions=1024", "-addr", address, "-ops", "off"}, args...)
	cmd := exec.CommandContext(b.ctx, b.vecspace, args...)
	cmd.Env = append(os.Environ(), env)
	return start(b.ctx, cmd, address)
}
