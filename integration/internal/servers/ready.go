package servers

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// oneProbe bounds one question of whether a server is ready.
const oneProbe = 2 * time.Second

// answers200 asks for a path of an HTTP server.
func answers200(path string) func(context.Context, *Server) error {
	return func(ctx context.Context, s *Server) error { return answersWith(ctx, s, path, "") }
}

var prober = &http.Client{Timeout: oneProbe, Transport: &http.Transport{DisableKeepAlives: true}}

func answersWith(ctx context.Context, s *Server, path, word string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+path, nil)
	if err != nil {
		return err
	}
	res, err := prober.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(text), word) {
		return fmt.Errorf("%s answers %s, %.200q", path, res.Status, text)
	}
	return nil
}

// leads asks a Weaviate server whether it is ready and has a leader, itself.
func leads(ctx context.Context, s *Server) error {
	for path, word := range map[string]string{"/v1/.well-known/ready": "", "/v1/cluster/statistics": `"leaderId":"node1"`} {
		if err := answersWith(ctx, s, path, word); err != nil {
			return err
		}
	}
	return nil
}

// exchange sends a few bytes and returns the first n of the answer.
func exchange(ctx context.Context, s *Server, send string, n int) (string, error) {
	dialer := net.Dialer{Timeout: oneProbe}
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // it has answered
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

// authenticates begins a session of PostgreSQL's protocol 3.0. A recovering server answers with an
// error before it asks for a password.
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
