package natsqueue_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
	"github.com/vecspace/embedding/jobs/queuetest"
)

const lease = time.Second

// line is a network whose traffic can be stopped for a while, or for good.
type line struct {
	mu   sync.Mutex
	flow sync.RWMutex
	dead bool
	open []net.Conn
}

func (l *line) Dial(network, address string) (net.Conn, error) {
	l.flow.RLock()
	defer l.flow.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return nil, net.ErrClosed
	}
	c, err := net.Dial(network, address)
	if err == nil {
		l.open = append(l.open, c)
		c = through{c, l}
	}
	return c, err
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	for _, c := range l.open {
		_ = c.Close()
	}
}

type through struct {
	net.Conn
	line *line
}

func (c through) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.line.flow.RLock()
	defer c.line.flow.RUnlock()
	return n, err
}

func (c through) Write(b []byte) (int, error) {
	c.line.flow.RLock()
	defer c.line.flow.RUnlock()
	return c.Conn.Write(b)
}

func serve(t *testing.T, dir, addr string) *natsqueue.Server {
	t.Helper()
	s, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: dir, Addr: addr})
	if err != nil {
		t.Fatalf("Serve: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// place has the Queues of processes that reach a server through lines of their own.
func place(t *testing.T, url string, o natsqueue.Options) queuetest.Place {
	lines := map[jobs.Queue]*line{}
	return queuetest.Place{
		Join: func() (jobs.Queue, error) {
			l := &line{}
			nc, err := nats.Connect(url, nats.SetCustomDialer(l), nats.MaxReconnects(-1), nats.ReconnectWait(lease/10), nats.Timeout(10*time.Second))
			if err != nil {
				return nil, err
			}
			t.Cleanup(nc.Close)
			q, err := natsqueue.New(t.Context(), nc, o)
			if err != nil {
				return nil, err
			}
			lines[q] = l
			return q, nil
		},
		Kill:     func(q jobs.Queue) { lines[q].cut() },
		Freeze:   func(q jobs.Queue) { lines[q].flow.Lock() },
		Thaw:     func(q jobs.Queue) { lines[q].flow.Unlock() },
		Patience: 2 * lease,
	}
}

func TestQueue(t *testing.T) {
	queuetest.Test(t, func(t *testing.T) queuetest.Place {
		s := serve(t, t.TempDir(), "127.0.0.1:0")
		return place(t, s.URL(), natsqueue.Options{Job: "a1", Lease: lease})
	})
}

// TestServerComesBack: while the server is away the queue waits. What was claimed is claimed anew
// if the server has lost its folder, and still held if it has not and was away for a short time.
func TestServerComesBack(t *testing.T) {
	for name, lost := range map[string]bool{"its folder kept": false, "its folder lost": true} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "nats")
			s := serve(t, dir, "127.0.0.1:0")
			addr := s.URL()[len("nats://"):]
			p := place(t, s.URL(), natsqueue.Options{Job: "a1", Lease: lease})
			one, err := p.Join()
			if err != nil {
				t.Fatalf("Join: %v", err)
			}
			both := func(yield func(int) bool) { _ = yield(0) && yield(1) }
			if err := one.Put(t.Context(), both); err != nil {
				t.Fatalf("Put: %v", err)
			}
			l, err := one.Claim(t.Context())
			if err != nil {
				t.Fatalf("Claim: %v", err)
			}
			s.Close()
			if lost {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatalf("RemoveAll: %v", err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), lease/5)
			if got, err := one.Claim(ctx); err == nil {
				t.Errorf("got shard %d without a server", got.Shard())
			}
			cancel()
			serve(t, dir, addr)
			if lost {
				<-l.Lost()
			}
			second, err := one.Claim(t.Context())
			if err != nil {
				t.Fatalf("Claim from the server that is back: %v", err)
			}
			if lost {
				_ = l.Release(t.Context())
			} else if err := l.Done(t.Context()); err != nil {
				t.Errorf("Done: %v", err)
			}
			if err := second.Done(t.Context()); err != nil {
				t.Errorf("Done: %v", err)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]natsqueue.ServerOptions{
		"no folder":      {Addr: "127.0.0.1:0"},
		"no port":        {Dir: t.TempDir(), Addr: "127.0.0.1"},
		"a word as port": {Dir: t.TempDir(), Addr: "127.0.0.1:nats"},
		"no token":       {Dir: t.TempDir(), Addr: "0.0.0.0:0"},
		"any host":       {Dir: t.TempDir(), Addr: ":0"},
	} {
		if s, err := natsqueue.Serve(o); err == nil {
			s.Close()
			t.Errorf("%s: got a server, want an error", name)
		}
	}
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	defer nc.Close()
	for name, o := range map[string]natsqueue.Options{
		"no job": {}, "dots": {Job: "a.b"}, "a negative lease": {Job: "a", Lease: -1},
	} {
		if _, err := natsqueue.New(t.Context(), nc, o); err == nil {
			t.Errorf("%s: got a Queue, want an error", name)
		}
	}
}
