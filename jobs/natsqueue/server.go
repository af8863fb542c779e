package natsqueue

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions are options of [Serve].
type ServerOptions struct {
	// Dir is the server's folder. What is in it may be lost.
	Dir string
	// Addr is where the server listens; "" means 127.0.0.1:4222. Port 0 is a free one.
	Addr string
	// Token is what a process has to know. It is needed unless Addr is on the loopback interface.
	Token string
}

// Server is a NATS server in this process, for a job without a cluster.
type Server struct{ s *server.Server }

// Serve starts a server and returns when it is ready.
func Serve(o ServerOptions) (*Server, error) {
	host, port, err := net.SplitHostPort(cmp.Or(o.Addr, "127.0.0.1:4222"))
	if err != nil {
		return nil, fmt.Errorf("natsqueue: the address: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 0 || number > 65535 {
		return nil, fmt.Errorf("natsqueue: the address %s: the port is not a number up to 65535", o.Addr)
	}
	if number == 0 {
		number = server.RANDOM_PORT
	}
	if o.Dir == "" {
		return nil, errors.New("natsqueue: the server needs a folder (Dir)")
	}
	if ip, err := netip.ParseAddr(host); o.Token == "" && host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("natsqueue: a server at %s, which others can reach, needs a token", o.Addr)
	}
	s, err := server.NewServer(&server.Options{
		Host: host, Port: number, Authorization: o.Token, JetStream: true, StoreDir: o.Dir,
		NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, fmt.Errorf("natsqueue: the server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, fmt.Errorf("natsqueue: the server at %s is not ready after 10 s: is the address in use?", o.Addr)
	}
	return &Server{s}, nil
}

// URL is the address for nats.Connect, without the token.
func (s *Server) URL() string { return s.s.ClientURL() }

// Close ends the server. Processes that are connected wait for another one.
func (s *Server) Close() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}
