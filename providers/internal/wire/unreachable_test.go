package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// ask sends one request and returns its failure.
func ask(t *testing.T, base string, tr *http.Transport) *embedding.Error {
	t.Helper()
	x, err := NewExchange(Config{Model: embedding.Model{Provider: "p", ID: "m"}, BaseURL: base, Path: "/embed", HTTPClient: &http.Client{Transport: tr}})
	expect.NoError(t, err)
	_, err = x.Post(t.Context(), []byte("{}"), nil, nothing)
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *embedding.Error", err)
	}
	return e
}

func nothing(a *Answer) ([]byte, bool, error) {
	_, err := io.Copy(io.Discard, a)
	return nil, false, err
}

// failing returns a transport whose connections fail.
func failing(err error) *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
}

func quiet(s *httptest.Server) *httptest.Server {
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	return s
}

// TestWhatNoRepetitionCures tells failures to connect that last from those that may pass.
func TestWhatNoRepetitionCures(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusProxyAuthRequired)
		}
	})
	plain := quiet(httptest.NewServer(handler))
	defer plain.Close()
	secure := quiet(httptest.NewTLSServer(handler))
	defer secure.Close()
	strict := quiet(httptest.NewUnstartedServer(handler)) // wants a client's certificate
	strict.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	strict.StartTLS()
	defer strict.Close()
	trusting := func(s *httptest.Server) *http.Transport {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	}
	other := trusting(secure)
	other.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("tcp", secure.Listener.Addr().String())
	}
	proxy, err := url.Parse(plain.URL)
	expect.NoError(t, err)
	noProxy, err := url.Parse("http://proxy.invalid:3128")
	expect.NoError(t, err)
	through := func(u *url.URL, err error) *http.Transport {
		return &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return u, err }}
	}
	absent := through(noProxy, nil)
	absent.DialContext = failing(&net.DNSError{Err: "no such host", Name: "proxy.invalid", IsNotFound: true}).DialContext
	answering := func(first string) *http.Transport {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = theirs.Read(make([]byte, 1<<10))
				go func() { _, _ = io.Copy(io.Discard, theirs) }()
				_, _ = io.WriteString(theirs, first)
				_ = theirs.Close()
			}()
			return ours, nil
		}}
	}
	for _, tc := range []struct {
		name string
		base string
		tr   *http.Transport
		kind embedding.Kind
		says string
	}{
		{name: "an unknown authority", base: secure.URL, tr: &http.Transport{}, kind: embedding.Invalid, says: "does not trust the server's certificate"},
		{name: "another host's certificate", base: "https://other.invalid", tr: other, kind: embedding.Invalid, says: "does not trust the server's certificate"},
		{name: "a client without its certificate", base: strict.URL, tr: trusting(strict), kind: embedding.Invalid, says: "wants a certificate"},
		{name: "http on a port for https", base: strings.Replace(plain.URL, "http", "https", 1), tr: &http.Transport{}, kind: embedding.Invalid, says: "begin the base URL with http://"},
		{name: "something else than TLS", base: "https://host.invalid", tr: answering("SSH-2.0-OpenSSH\r\n"), kind: embedding.Invalid, says: "speaks no TLS"},
		{name: "https on a port for http", base: "http://host.invalid", tr: answering("\x15\x03\x01\x00\x02\x02\x16"), kind: embedding.Invalid, says: "begin the base URL with https://"},
		{name: "no such host", base: "https://host.invalid", tr: failing(&net.DNSError{Err: "no such host", Name: "host.invalid", IsNotFound: true}), kind: embedding.Invalid, says: "no such host: check the base URL"},
		{name: "no such proxy", base: "https://host.invalid", tr: absent, kind: embedding.Invalid, says: "no such proxy"},
		{name: "a malformed proxy", base: "https://host.invalid", tr: through(nil, fmt.Errorf("invalid proxy address %q: parse", "http://me:hunter2@[")), kind: embedding.Invalid, says: "is no proxy's address"},
		{name: "a proxy that wants a password", base: "https://host.invalid", tr: through(proxy, nil), kind: embedding.Auth, says: "the proxy wants a name"},
		{name: "no such port", base: "http://127.0.0.1:99999", tr: &http.Transport{}, kind: embedding.Invalid, says: "check the base URL"},

		{name: "a port that refuses", base: "https://host.invalid", tr: failing(syscall.ECONNREFUSED), kind: embedding.Unavailable},
		{name: "no way there", base: "https://host.invalid", tr: failing(syscall.ENETUNREACH), kind: embedding.Unavailable},
		{name: "names that are not answered now", base: "https://host.invalid", tr: failing(&net.DNSError{Err: "server misbehaving", IsTemporary: true, IsNotFound: true}), kind: embedding.Unavailable},
		{name: "names that take too long", base: "https://host.invalid", tr: failing(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), kind: embedding.Unavailable},
		{name: "a server that breaks", base: "https://host.invalid", tr: failing(&net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}), kind: embedding.Unavailable},
		{name: "a connection that ends", base: "http://host.invalid", tr: answering(""), kind: embedding.Unavailable},
	} {
		e := ask(t, tc.base, tc.tr)
		code := CodeUnreachable
		if tc.kind == embedding.Unavailable {
			code = ""
		}
		if e.Kind != tc.kind || e.Code != code || e.Status != 0 || !strings.Contains(e.Error(), tc.says) || strings.Contains(e.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %v, the code %q and %q", tc.name, e, tc.kind, code, tc.says)
		}
	}
}

// network is a network in memory. Connections that it has forgotten carry nothing any more.
type network struct {
	mu    sync.Mutex
	conns []*forgettable
	calls chan net.Conn
	once  sync.Once
}

type forgettable struct {
	net.Conn
	gone chan struct{}
}

func (c *forgettable) Write(p []byte) (int, error) {
	select {
	case <-c.gone:
		return len(p), nil
	default:
		return c.Conn.Write(p)
	}
}

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	c := &forgettable{Conn: ours, gone: make(chan struct{})}
	n.mu.Lock()
	n.conns = append(n.conns, c)
	n.mu.Unlock()
	n.calls <- theirs
	return c, nil
}

func (n *network) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		select {
		case <-c.gone:
		default:
			close(c.gone)
		}
	}
}

func (n *network) Accept() (net.Conn, error) {
	c, ok := <-n.calls
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (n *network) Close() error   { n.once.Do(func() { close(n.calls) }); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

// TestForgottenConnection: a connection over HTTP/2 that was forgotten on the way costs one
// request, and no more than 15 s.
func TestForgottenConnection(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil) // for its certificate
	certified.EnableHTTP2 = true
	certified.StartTLS()
	defer certified.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	for _, tc := range []struct {
		name    string
		timeout time.Duration
		lost    time.Duration
	}{
		{name: "a short timeout", timeout: time.Second, lost: time.Second},
		{name: "a long timeout", timeout: time.Hour, lost: 15 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{calls: make(chan net.Conn, 9)}
				protocols := make(chan string, 9)
				server := &http.Server{
					TLSConfig: certified.TLS.Clone(),
					Handler:   http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { protocols <- r.Proto }),
				}
				go func() { _ = server.ServeTLS(n, "", "") }()
				tr := shared().Clone()
				tr.DialContext, tr.Proxy = n.dial, nil
				tr.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com", Time: func() time.Time { return certified.Certificate().NotBefore.Add(time.Hour) }}
				x, err := NewExchange(Config{BaseURL: "https://host.invalid", Path: "/embed", HTTPClient: &http.Client{Transport: tr}})
				expect.NoError(t, err)
				x.own = tr
				post := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), tc.timeout)
					defer cancel()
					_, err := x.Post(ctx, []byte("{}"), nil, nothing)
					return err
				}
				expect.NoError(t, post())
				expect.Equal(t, "protocol", <-protocols, "HTTP/2.0")
				n.forget()
				before := time.Now()
				if err := post(); err == nil {
					t.Error("a connection that carries nothing answers: the test is wrong")
				}
				if took := time.Since(before); took > tc.lost {
					t.Errorf("the request fails after %v, want %v at most", took, tc.lost)
				}
				synctest.Wait()
				expect.NoError(t, post())
				expect.Equal(t, "connections", len(n.conns), 2)
				tr.CloseIdleConnections()
				_ = server.Close()
			})
		})
	}
}
