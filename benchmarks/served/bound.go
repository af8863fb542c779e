package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// refusals measures how soon a full server says so.
func (b *bench) refusals() error {
	address, err := free()
	if err != nil {
		return err
	}
	p, err := b.child("full", address)
	if err != nil {
		return err
	}
	defer p.stop()
	hold, cancel := context.WithCancel(b.ctx)
	defer cancel()
	go func() {
		for hold.Err() == nil { // again if a probe has the place just now
			_, _ = drive(hold, p.base, 1, 1, func(int) []byte { return body("m", "base64", "held", 1) })
		}
	}()
	refused := func(n int) (load, error) {
		return drive(b.ctx, p.base, 1, n, func(int) []byte { return body("m", "base64", "refused", 10) })
	}
	var l load
	for l.status[http.StatusTooManyRequests] == 0 { // until the place is taken
		if l, err = refused(1); err != nil {
			return err
		}
	}
	if l, err = refused(b.n); err != nil {
		return err
	}
	if l.status[http.StatusTooManyRequests] != b.n {
		return fmt.Errorf("a full server answers %v", l.status)
	}
	p99 := l.at(0.99)
	b.say("a refusal over the bound, p99", fmt.Sprintf("%.2f ms (p50 %.2f)", ms(p99), ms(l.at(0.5))), "1 ms", p99 < time.Millisecond)
	return nil
}

// slow opens connections that send half a head and a byte of a body, as many as fit, and measures a
// fast client beside them.
func (b *bench) slow() error {
	p, err := b.serve("")
	if err != nil {
		return err
	}
	defer p.stop()
	address := strings.TrimSuffix(strings.TrimPrefix(p.base, "http://"), "/v1")
	one := func(int) []byte { return body("m", "base64", "a text", 10) }
	before, err := drive(b.ctx, p.base, 1, 1000, one)
	if err != nil {
		return err
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	most := descriptors() - 200
	for i := range most {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(b.ctx, "tcp", address)
		if err != nil {
			break
		}
		open = append(open, c)
		head := "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
		if i%2 == 0 {
			head = "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n{"
		}
		if _, err := io.WriteString(c, head); err != nil {
			break
		}
	}
	after, err := drive(b.ctx, p.base, 1, 1000, one)
	if err != nil {
		return err
	}
	good := after.status[http.StatusOK] == 1000
	b.say(fmt.Sprintf("a fast client beside %d slow connections, p99", len(open)), fmt.Sprintf("%.2f ms (alone %.2f), %.0f MB", ms(after.at(0.99)), ms(before.at(0.99)), p.memory()), "not stopped", good)
	return nil
}
