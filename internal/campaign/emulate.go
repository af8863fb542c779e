package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// emulateMode is the first argument of an emulator's process.
const emulateMode = "-emulate"

// emulate serves an emulator until stdin ends, which happens when the campaign ends, or until the
// fault kill strikes. The first line of stdout is its address.
func emulate(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("campaign "+emulateMode, flag.ContinueOnError)
	fs.SetOutput(stderr)
	addr := fs.String("addr", "127.0.0.1:0", "loopback `address` to listen on")
	seed := fs.Uint64("seed", 1, "decides the vectors and what fails")
	path := fs.String("journal", "", "`file` to append each request to")
	if err := fs.Parse(args); err != nil {
		return err
	}
	to, err := os.OpenFile(*path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	// Never closed: every record is one write, and requests may outlive the server by a moment.
	service, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{
		Seed: *seed, Control: true,
		Killed: func() { os.Exit(137) }, // like SIGKILL: nothing is flushed or finished
	}})
	if err != nil {
		return err
	}
	listener, err := listen(*addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &journal{next: service, to: to}, ReadHeaderTimeout: 10 * time.Second}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if _, err := fmt.Fprintln(stdout, listener.Addr()); err != nil {
		return errors.Join(err, server.Close())
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		_ = server.Close()
	}()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen waits a moment for an address that the previous process has just released.
func listen(addr string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("%s can be reached from other machines: use 127.0.0.1", addr)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		l, err := net.ListenTCP("tcp", tcp)
		if err == nil || time.Now().After(end) {
			return l, err
		}
	}
}
