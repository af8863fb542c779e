package embedtest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

const (
	wirePath = "/v1" // of the base URL
	// pipeHost is loopback, because providers send a key over plain HTTP only there. Nothing listens
	// on the port.
	pipeHost  = "127.0.0.1:1"
	otherHost = "elsewhere.example"
)

// httpNet connects the provider with the suite's two servers: the one at the base URL, and
// another that gets a request only if the provider follows a redirect.
type httpNet struct {
	host        string // of the base URL
	virtual     bool   // in memory, and in a bubble
	main, other net.Listener
	dialMain    func(context.Context) (net.Conn, error)
	dialOther   func(context.Context) (net.Conn, error)
	open        atomic.Int64 // connections that the client has not closed
	servers     sync.WaitGroup
	started     []*http.Server
}

// newPipeNet connects through memory, so that all that waits in it belongs to the caller's bubble.
func newPipeNet() *httpNet {
	main, other := newPipeListener(), newPipeListener()
	return &httpNet{host: pipeHost, virtual: true, main: main, other: other, dialMain: main.dial, dialOther: other.dial}
}

// newLoopbackNet connects over the loopback network.
func newLoopbackNet() (*httpNet, error) {
	main, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = main.Close()
		return nil, err
	}
	dial := func(l net.Listener) func(context.Context) (net.Conn, error) {
		return func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		}
	}
	return &httpNet{host: main.Addr().String(), main: main, other: other, dialMain: dial(main), dialOther: dial(other)}, nil
}

func (n *httpNet) base() string { return "http://" + n.host + wirePath }

// client returns a client that connects only to the two servers. It is like http.DefaultClient,
// redirects included, but asks for no compression.
func (n *httpNet) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			dial := n.dialMain
			if addr == otherHost+":80" {
				dial = n.dialOther
			}
			c, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			n.open.Add(1)
			return &countedConn{Conn: c, open: &n.open}, nil
		},
	}}
}

func (n *httpNet) serve(main, other http.Handler) {
	quiet := log.New(io.Discard, "", 0)
	for l, h := range map[net.Listener]http.Handler{n.main: main, n.other: other} {
		s := &http.Server{Handler: h, ErrorLog: quiet}
		n.started = append(n.started, s)
		n.servers.Go(func() { _ = s.Serve(l) })
	}
}

func (n *httpNet) close() {
	for _, s := range n.started {
		_ = s.Close()
	}
	n.servers.Wait()
}

type countedConn struct {
	net.Conn
	once sync.Once
	open *atomic.Int64
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// pipeListener accepts connections made of net.Pipe.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
