package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
)

// childVariable, if set, makes the program the mock server in a process of its own, so that the
// measured processor time and allocations are the client's.
const childVariable = "PEERS_SERVER"

// counts is what the server has seen since it started.
type counts struct{ Dials, Calls int64 }

// serve runs the mock server. It prints its address, then its counts for each line of standard
// input, and ends with that input, so that it never outlives its parent.
func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m := newMock()
	var dials atomic.Int64
	server := &http.Server{Handler: m, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dials.Add(1)
		}
	}}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Println(listener.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := json.NewEncoder(os.Stdout).Encode(counts{dials.Load(), m.calls.Load()}); err != nil {
			return err
		}
	}
	err = server.Close()
	if serving := <-failed; !errors.Is(serving, http.ErrServerClosed) {
		return serving
	}
	return err
}

// child is the mock server's process as its parent sees it.
type child struct {
	url string
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func startChild(ctx context.Context) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self)}
	c.cmd.Env = append(os.Environ(), childVariable+"=1")
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	var address string
	if _, err := fmt.Fscanln(c.out, &address); err != nil {
		return nil, fmt.Errorf("the mock server did not start: %w", err)
	}
	c.url = "http://" + address
	return c, nil
}

func (c *child) counts() (n counts, err error) {
	if _, err = io.WriteString(c.in, "\n"); err != nil {
		return n, err
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(line, &n)
}

func (c *child) close() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}
