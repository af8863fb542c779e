package servers

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// oneProbe bounds one question of whether a server is ready.
const oneProbe = 2 * time.Second

// answers200 asks for a path of an HTTP server.
func answers200(path string) func(context.Context, *Server) error {
	client := &http.Client{Timeout: oneProbe, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context, s *Server) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+path, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", path, res.Status)
		}
		return nil
	}
}

// exchange sends a few bytes and returns the first n of the answer.
func exchange(ctx context.Context, s *Server, send string, n int) (string, error) {
	dialer := net.Dialer{Timeout: oneProbe}
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // it has said what was wanted
	if err := conn.SetDeadline(time.Now().Add(oneProbe)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, send); err != nil {
		return "", err
	}
	got := make([]byte, n)
	k, err := io.ReadFull(conn, got)
	if err != nil {
		return "", fmt.Errorf("it answers %q: %w", got[:k], err)
	}
	return string(got), nil
}

// pongs asks a Redis server, which says LOADING while it reads its data.
func pongs(ctx context.Context, s *Server) error {
	got, err := exchange(ctx, s, "PING\r\n", len("+PONG"))
	if err == nil && got != "+PONG" {
		err = fmt.Errorf("it answers %q", got)
	}
	return err
}

// authenticates begins a session of PostgreSQL's protocol 3.0. While the server recovers it answers an error instead of
// asking for the password, or asking for none.
func authenticates(ctx context.Context, s *Server) error {
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	body = append(body, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	got, err := exchange(ctx, s, string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)))+string(body), 1)
	if err == nil && got != "R" {
		err = fmt.Errorf("it answers %q", got)
	}
	return err
}

// accepts is for servers that listen when they are ready and not before.
func accepts(ctx context.Context, s *Server) error {
	dialer := net.Dialer{Timeout: oneProbe}
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
