package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
)

// nat is what stands between the client and the service. It can forget connections, as a NAT or a
// firewall does: nothing passes them any more, and nobody is told.
type nat struct {
	mu    sync.Mutex
	conns []*passing
	lost  int
}

// passing is a connection through a nat.
type passing struct {
	net.Conn
	gone atomic.Bool
	once sync.Once
	end  chan struct{} // closed with the connection
}

func (n *nat) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	p := &passing{Conn: conn, end: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, p)
	return p, nil
}

// forget forgets all connections that are open.
func (n *nat) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.conns {
		select {
		case <-p.end:
		default:
			p.gone.Store(true)
			n.lost++
		}
	}
	n.conns = nil
}

func (n *nat) forgotten() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lost
}

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if p.gone.Load() {
		<-p.end
		return 0, net.ErrClosed
	}
	return n, err
}

func (p *passing) Write(b []byte) (int, error) {
	if p.gone.Load() {
		return len(b), nil
	}
	return p.Conn.Write(b)
}

func (p *passing) Close() error {
	p.once.Do(func() { close(p.end) })
	return p.Conn.Close()
}

// leaving is an embedder with an impatient caller beside each call, who wants the same texts.
type leaving struct {
	embedding.Embedder
	left *atomic.Int64
}

// Embed returns the answer to the caller who stays.
func (l leaving) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	hasty, cancel := context.WithTimeout(ctx, time.Millisecond+rand.N(40*time.Millisecond))
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := l.Embedder.Embed(hasty, req); err != nil && hasty.Err() != nil {
			l.left.Add(1)
		}
	})
	defer wg.Wait()
	return l.Embedder.Embed(ctx, req)
}
