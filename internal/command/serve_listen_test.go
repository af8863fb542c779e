package command

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/ballast"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/server"
)

// startServe runs "vecspace serve" on free ports of the loopback.
func startServe(t *testing.T, args ...string) *running {
	t.Helper()
	return startServeWith(t, Parts{}, args...)
}

func startServeWith(t *testing.T, parts Parts, args ...string) *running {
	t.Helper()
	s := &running{out: &greeted{first: make(chan struct{})}, errs: &greeted{first: make(chan struct{})}, ended: make(chan int, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel = cancel
	t.Cleanup(cancel)
	args = append([]string{"serve", "-addr", "127.0.0.1:0", "-ops", "127.0.0.1:0"}, args...)
	go func() { s.ended <- parts.run(ctx, args, streams{strings.NewReader(""), s.out, s.errs}) }()
	select {
	case <-s.out.first:
	case code := <-s.ended:
		t.Fatalf("exit code %d\n%s", code, s.errs)
	}
	s.greeting = s.out.String()
	s.base = regexp.MustCompile(`https?://[0-9.:]+`).FindString(s.greeting)
	return s
}

// ops is the operations address.
func (e *running) ops() string {
	return regexp.MustCompile(`health: (http://[0-9.:]+)`).FindStringSubmatch(e.greeting)[1]
}

// Without arguments there is a model at once, and the printed lines work.
func TestServe(t *testing.T) {
	s := startServe(t)
	holds(t, s.greeting, "vecspace serves static:base at "+s.base,
		"curl -s "+s.base+"/v1/embeddings -H 'Content-Type: application/json' -d '{\"model\":\"static:base\",\"input\":\"hello\"}'",
		`OpenAI(base_url="`+s.base+`/v1", api_key="none").embeddings.create(model="static:base", input="hello")`)
	for _, model := range []string{"static:base", "base", "static:base:query"} {
		if status, body := s.send(t, "POST", "/v1/embeddings", "none", `{"model":"`+model+`","input":"hello"}`); status != 200 || !strings.Contains(body, `"model":"`+model+`"`) {
			t.Errorf("%s: got %d and %.200s, want a vector", model, status, body)
		}
	}
	ops := &running{base: s.ops()}
	for path, says := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": `vecspace_requests_total{model="static:base",wire="openai",code="200"} 3`, "/": "<!doctype html>", "/debug/pprof/": "goroutine"} {
		if status, body := ops.send(t, "GET", path, "", ""); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%s: got %d and %.300s, want %q", path, status, body, says)
		}
	}
	if _, body := ops.send(t, "GET", "/metrics", "", ""); !strings.Contains(body, `vecspace_upstream_requests_total{model="static:base",outcome="answered"} 1`) {
		t.Errorf("got %s, want the request that the cache did not have", body)
	}
	code, _, errs := vecspaceWith(t, "serve", "-probe", "-ops", strings.TrimPrefix(s.ops(), "http://"))
	ended(t, code, 0, errs)
	code, _, errs = s.stop()
	if code != 0 || errs != "" {
		t.Errorf("got the exit code %d and %q, want 0 and silence", code, errs)
	}
}

// vecspaceWith runs the program to its end, with a context that goes on.
func vecspaceWith(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	o, e := &greeted{first: make(chan struct{})}, &greeted{first: make(chan struct{})}
	code = Parts{}.run(t.Context(), args, streams{strings.NewReader(""), o, e})
	return code, o.String(), e.String()
}

// The ballast goes when a cache weighs as much, within a second, and stays beside a small one.
func TestBallastGoes(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	expect.Equal(t, "ballast of a small heap", len(lighter(ballast.New(ballastSize), ballastSize+ballastSize/2)), ballastSize)
	expect.Equal(t, "ballast of a large heap", len(lighter(ballast.New(ballastSize), 3*ballastSize)), 0)
	cache := make([]byte, 4*ballastSize)
	runtime.GC()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		carry(t.Context())
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the ballast was dropped after %v, want a second at most", took)
		}
	})
	runtime.KeepAlive(cache)
}

// A page in a browser that has a name for this machine sees neither the models nor pprof.
func TestServeHost(t *testing.T) {
	s := startServe(t, "-host", "mine.internal")
	for _, tc := range []struct {
		url, host string
		want      int
	}{
		{s.base + "/v1/models", "evil.example", 403}, {s.base + "/v1/models", "mine.internal", 200},
		{s.ops() + "/debug/pprof/", "evil.example", 404}, {s.ops() + "/metrics", "evil.example", 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tc.url, nil)
		expect.NoError(t, err)
		r.Host = tc.host
		res, err := http.DefaultClient.Do(r)
		expect.NoError(t, err)
		res.Body.Close()
		expect.Equal(t, tc.url+" as "+tc.host, res.StatusCode, tc.want)
	}
}

// single is a listener of one connection.
type single struct{ conn chan net.Conn }

func (l single) Accept() (net.Conn, error) {
	if c, ok := <-l.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (single) Close() error   { return nil }
func (single) Addr() net.Addr { return &net.TCPAddr{} }

// The head of a request has bounds in bytes and in time.
func TestServeHead(t *testing.T) {
	for name, tc := range map[string]struct {
		head, says string
		after      time.Duration
	}{
		"fits":  {head: "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 15<<10) + "\r\n\r\n", says: "HTTP/1.1 204 "},
		"large": {head: "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", says: "HTTP/1.1 431 "},
		"late":  {head: "GET / HTTP/1.1\r\nHost: a\r\n", after: 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &listening{std: streams{err: io.Discard}}
			srv := l.http(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
			ours, theirs := net.Pipe()
			at := single{make(chan net.Conn, 1)}
			at.conn <- theirs
			close(at.conn)
			go func() { _ = srv.Serve(at) }()
			defer srv.Close()
			go func() { _, _ = io.WriteString(ours, tc.head) }() // it blocks once nobody reads
			start, got := time.Now(), make([]byte, 13)
			n, err := io.ReadFull(ours, got)
			if said := string(got[:n]); said != tc.says || (err == nil) != (tc.says != "") || time.Since(start) != tc.after {
				t.Errorf("%s: got %q and %v after %v, want %q after %v", name, said, err, time.Since(start), tc.says, tc.after)
			}
			ours.Close()
			time.Sleep(time.Second) // net/http waits for the client to read what refuses its head
		})
	}
}

// stalled is a table with a provider, slow:x, that answers when it is let.
func stalled(entered chan<- struct{}, hold <-chan struct{}) Parts {
	return Parts{Parts: config.Parts{Providers: providers.Table{"slow": func(ref.Ref) (embedding.Embedder, error) {
		m := embedding.Model{Provider: "slow", ID: "x", Dimensions: 1}
		return embedding.Chain(holding{m, entered, hold}), nil
	}}}}
}

type holding struct {
	m       embedding.Model
	entered chan<- struct{}
	hold    <-chan struct{}
}

func (h holding) Model() embedding.Model { return h.m }
func (h holding) Embed(ctx context.Context, _ embedding.Request) (embedding.Response, error) {
	h.entered <- struct{}{}
	select {
	case <-h.hold:
		return embedding.Response{Vectors: [][]float32{{1}}}, nil
	case <-ctx.Done():
		return embedding.Response{}, ctx.Err()
	}
}

// Requests under way end with their vectors; new connections are refused.
func TestServeDrain(t *testing.T) {
	entered, hold := make(chan struct{}), make(chan struct{})
	s := startServeWith(t, stalled(entered, hold), "slow:x")
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, body := s.send(t, "POST", "/v1/embeddings", "", `{"input":"a"}`); status != 200 {
			t.Errorf("got %d and %s for a request under way, want 200", status, body)
		}
	})
	<-entered
	s.cancel()
	for { // until the listener is closed
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	close(hold)
	wg.Wait()
	ended(t, <-s.ended, 0, s.errs.String())
}

// Load balancers have time to notice: the server is not ready at once, and goes on with what comes,
// one request to a connection. The test leaves it at that.
func TestServeDrainDelay(t *testing.T) {
	s := startServe(t, "-drain-delay", "1h")
	s.cancel()
	ops := &running{base: s.ops()}
	for status := 0; status != http.StatusServiceUnavailable; { // until the signal has arrived
		status, _ = ops.send(t, "GET", "/readyz", "", "")
	}
	res, err := http.Post(s.base+"/v1/embeddings", "application/json", strings.NewReader(`{"input":"a"}`))
	expect.NoError(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK || !res.Close {
		t.Errorf("got %d and %v, want an answer that ends its connection", res.StatusCode, res.Header)
	}
}

// What does not end in time gets 503.
func TestServeDrainEnds(t *testing.T) {
	entered, hold := make(chan struct{}), make(chan struct{})
	s := startServeWith(t, stalled(entered, hold), "slow:x", "-drain", "1ms")
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, body := s.send(t, "POST", "/v1/embeddings", "", `{"input":"a"}`); status != 503 && status != 0 {
			t.Errorf("got %d and %s, want 503", status, body)
		}
	})
	<-entered
	s.cancel()
	wg.Wait()
	ended(t, <-s.ended, 0, s.errs.String(), "requests took longer than 1ms to end")
}

// Keys are read again every ten seconds, and at the signal.
func TestServeWatchesKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "keys")
		_, first := server.NewKey()
		expect.NoError(t, os.WriteFile(file, []byte("a "+first+"\n"), 0o600))
		keys, err := server.OpenKeys(file, "")
		expect.NoError(t, err)
		errs := &greeted{first: make(chan struct{})}
		l := &listening{keys: keys, std: streams{err: errs}}
		ctx, cancel := context.WithCancel(t.Context())
		hup := make(chan os.Signal)
		var wg sync.WaitGroup
		wg.Go(func() { l.watch(ctx, hup) })
		_, second := server.NewKey()
		expect.NoError(t, os.WriteFile(file, []byte("a "+second+"\n"), 0o600))
		time.Sleep(9 * time.Second)
		expect.Equal(t, "said after 9 s", errs.String(), "")
		time.Sleep(2 * time.Second)
		holds(t, errs.String(), "was read again")
		expect.NoError(t, os.WriteFile(file, []byte("nonsense\n"), 0o600))
		hup <- os.Interrupt
		synctest.Wait()
		holds(t, errs.String(), "the keys stay as they were: "+file+": line 1: the hash is missing")
		cancel()
		wg.Wait()
	})
}

// A model whose space is unknown is asked until it answers.
func TestServeLearns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s, err := server.New(server.Options{Models: map[string]server.Model{"m": {Embedder: embedding.Chain(lateProvider{&calls})}}})
		expect.NoError(t, err)
		errs := &greeted{first: make(chan struct{})}
		start := time.Now()
		(&listening{server: s, std: streams{err: errs}}).learn(t.Context())
		if calls != 3 || time.Since(start) != 20*time.Second || strings.Count(errs.String(), "not ready") != 2 {
			t.Errorf("got %d calls in %v and %q, want three in 20 s", calls, time.Since(start), errs)
		}
	})
}

type lateProvider struct{ calls *int }

func (lateProvider) Model() embedding.Model { return embedding.Model{Provider: "p", ID: "i"} }
func (l lateProvider) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	if *l.calls++; *l.calls < 3 {
		return embedding.Response{}, embedding.Unavailable
	}
	return embedding.Response{Vectors: [][]float32{{1}}}, nil
}

func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	expect.NoError(t, err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &secret.PublicKey, secret)
	expect.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(secret)
	expect.NoError(t, err)
	expect.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	expect.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	s := startServe(t, "-cert", cert, "-cert-key", key)
	if !strings.HasPrefix(s.base, "https://") {
		t.Fatalf("got the address %s, want https", s.base)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	expect.NoError(t, err)
	pool.AddCert(parsed)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	res, err := client.Post(s.base+"/v1/embeddings", "application/json", strings.NewReader(`{"input":"a"}`))
	expect.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	expect.NoError(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("got %d by HTTP/%d and %.100s, want a vector by HTTP/2", res.StatusCode, res.ProtoMajor, body)
	}
	client.CloseIdleConnections()
}
