package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	chromem "github.com/philippgille/chromem-go"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/embeddings"
	langchainopenai "github.com/tmc/langchaingo/llms/openai"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/openai"
)

// The laws of an Embedder hold with a hop: our provider in front of the server.
func TestLaws(t *testing.T) {
	for _, format := range []string{"float", "base64"} {
		t.Run(format, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 16, Limits: embedding.Limits{Texts: 10}}})
				srv := httptest.NewServer(open(t, e, Options{}))
				t.Cleanup(srv.Close)
				client, err := openai.New(openai.Options{
					Model: "m", BaseURL: srv.URL + "/v1", NativeDimensions: 16, EncodingFormat: format, Limits: embedding.Limits{Texts: 2048},
				})
				expect.NoError(t, err)
				return embedtest.Subject{Embedder: client}
			})
		})
	}
}

// pipes has connections in memory, which work in a bubble too.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// serve serves h until the test ends, and returns what connects to it.
func serve(t *testing.T, h http.Handler) (dial func(context.Context) (net.Conn, error)) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = srv.Serve(p) }()
	t.Cleanup(func() { _ = srv.Close() })
	return func(ctx context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// dialed returns a connection to a server of h.
func dialed(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	conn, err := serve(t, h)(t.Context())
	expect.NoError(t, err)
	return conn
}

// hop serves h until the test ends, and returns the way to it.
func hop(t *testing.T, h http.Handler) http.RoundTripper {
	t.Helper()
	dial := serve(t, h)
	way := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	t.Cleanup(way.CloseIdleConnections)
	return way
}

// The faults of servers and networks hold with a hop: each Kind, wait and word of a fault behind
// the server reaches our provider in front of it, and a client that leaves ends the request behind.
func TestHTTP(t *testing.T) {
	wire := embedtest.OpenAIWire()
	wire.Relayed = true
	for _, tc := range []struct {
		name, format string
		impatient    bool // the client in front has the timeout, and not the server
	}{{name: "base64", format: "base64"}, {name: "float", format: "float", impatient: true}} {
		t.Run(tc.name, func(t *testing.T) {
			embedtest.TestHTTPWire(t, wire, func(t *testing.T, baseURL string, client *http.Client) embedding.Embedder {
				behind, front := *client, *client
				if tc.impatient {
					behind.Timeout = 0
				} else {
					front.Timeout = 0
				}
				upstream, err := openai.New(openai.Options{Model: "m", BaseURL: baseURL, Key: embedtest.TestKey, NativeDimensions: 16, HTTPClient: &behind})
				expect.NoError(t, err)
				front.Transport = hop(t, open(t, upstream, Options{}))
				e, err := openai.New(openai.Options{
					Model: "m", BaseURL: "http://localhost/v1", NativeDimensions: 16, EncodingFormat: tc.format, HTTPClient: &front,
				})
				expect.NoError(t, err)
				return e
			})
		})
	}
}

// The server says which texts are to blame, so our Batch asks once more and loses no other, and
// what it learns of the server's limit it keeps to. An error has the request id of the access log.
func TestBatchInFront(t *testing.T) {
	var log []Access
	e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("it is filtered; input[0] was not")}
			}
			return nil
		}}
	}})
	s := open(t, e, Options{Limits: Limits{Texts: 8}, Access: func(a Access) { log = append(log, a) }})
	client, err := openai.New(openai.Options{Model: "m", BaseURL: "http://localhost/v1", NativeDimensions: 8, HTTPClient: &http.Client{Transport: direct{s}}})
	expect.NoError(t, err)
	batch := embedding.Chain(client, middleware.Batch(middleware.BatchOptions{Parallel: 1, Limits: embedding.Limits{Texts: 8}}))

	_, err = batch.Embed(t.Context(), embedding.Request{Texts: []string{"short", "a longer text", "bad", "c", "bad", "d"}})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 2 || p.Failed[0].Index != 2 || p.Failed[1].Index != 4 || len(log) != 2 {
		t.Fatalf("got %v after %d requests, want texts 2 and 4 rejected, and the others after 2", err, len(log))
	}
	failed, ok := errors.AsType[*embedding.Error](p.Failed[0].Err)
	if !ok || failed.Kind != embedding.Rejected || failed.RequestID != log[0].ID || !strings.Contains(err.Error(), "it is filtered") {
		t.Errorf("got %v, want a rejection with the request id %s and the provider's words", err, log[0].ID)
	}

	log = nil
	batch = embedding.Chain(client, middleware.Batch(middleware.BatchOptions{Parallel: 1}))
	var texts []string
	for i := range 20 {
		texts = append(texts, fmt.Sprint(i))
	}
	_, err = batch.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	var sizes []int
	for _, a := range log[1:] {
		sizes = append(sizes, a.Texts)
	}
	slices.Sort(sizes)
	expect.Equal(t, "texts of the requests after the refusal", sizes, []int{4, 8, 8})
}

// goClients are the clients of Go programs, in one form each. chromem-go sends texts one by
// one.
var goClients = []struct {
	name  string
	embed func(ctx context.Context, base, key, model string, texts []string, dimensions int) ([][]float32, error)
	// What its errors show: the status, and the server's words if it passes them on.
	key, fast, bad string
	rounded        bool // it normalizes what is normalized, so that the last bit may change
	fixed          bool // it has no word for dimensions
	few            bool // a text is a request
}{
	{name: "go-openai", key: "status code: 401, status: 401 Unauthorized, message: the API key is not one", fast: "status code: 429", bad: "input[1] was rejected",
		embed: func(ctx context.Context, base, key, model string, texts []string, dimensions int) (all [][]float32, err error) {
			o := goopenai.DefaultConfig(key)
			o.BaseURL = base
			for _, format := range []goopenai.EmbeddingEncodingFormat{goopenai.EmbeddingEncodingFormatBase64, goopenai.EmbeddingEncodingFormatFloat} {
				res, err := goopenai.NewClientWithConfig(o).CreateEmbeddings(ctx, goopenai.EmbeddingRequestStrings{
					Input: texts, Model: goopenai.EmbeddingModel(model), Dimensions: dimensions, EncodingFormat: format,
				})
				if err != nil {
					return nil, err
				}
				var got [][]float32
				for _, d := range res.Data {
					got = append(got, d.Embedding)
				}
				if all != nil && !same(embedding.Response{Vectors: all}, embedding.Response{Vectors: got}) {
					return nil, errors.New("base64 has other bits than floats")
				}
				all = got
			}
			return all, nil
		}},
	{name: "langchaingo", key: "status code: 401", fast: "status code: 429", bad: "status code: 400", fixed: true,
		embed: func(ctx context.Context, base, key, model string, texts []string, _ int) ([][]float32, error) {
			llm, err := langchainopenai.New(langchainopenai.WithBaseURL(base), langchainopenai.WithToken(key), langchainopenai.WithEmbeddingModel(model))
			if err != nil {
				return nil, err
			}
			e, err := embeddings.NewEmbedder(llm)
			if err != nil {
				return nil, err
			}
			return e.EmbedDocuments(ctx, texts)
		}},
	{name: "chromem-go", key: "401 Unauthorized", fast: "429 Too Many Requests", bad: "400 Bad Request", fixed: true, few: true, rounded: true,
		embed: func(ctx context.Context, base, key, model string, texts []string, _ int) (all [][]float32, err error) {
			ask := chromem.NewEmbeddingFuncOpenAICompat(base, key, model, nil)
			for _, text := range texts {
				v, err := ask(ctx, text)
				if err != nil {
					return nil, err
				}
				all = append(all, v)
			}
			return all, nil
		}},
}

// Go programs reach the server with these clients, and get the vectors of the model behind it for
// 1, 1,000 and 2,048 texts, and errors that show what is wrong.
func TestGoClients(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 16}, Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "BAD" {
				return embedding.Rejected
			}
			return nil
		}}
	}})
	busy, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited, RetryAfter: time.Second}}
	}})
	file, secrets := keyed(t, "")
	s := open(t, e, Options{Keys: openKeys(t, file, ""), Models: map[string]Model{"m": {Embedder: e, Lengths: []int{4}}, "busy": {Embedder: busy}}})
	srv := httptest.NewServer(s)
	defer srv.Close()
	for _, c := range goClients {
		ask := func(key, model string, dimensions int, texts ...string) ([][]float32, error) {
			return c.embed(t.Context(), srv.URL+"/v1", key, model, texts, dimensions)
		}
		for _, n := range []int{1, 1000, 2048} {
			if c.few {
				n = min(n, 20)
			}
			var texts []string
			for i := range n {
				texts = append(texts, fmt.Sprint("text ", i))
			}
			want, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
			expect.NoError(t, err)
			got, err := ask(secrets[0], "m", 0, texts...)
			expect.NoError(t, err)
			alike := slices.EqualFunc(got, want.Vectors, func(v, w []float32) bool {
				return slices.EqualFunc(v, w, sameBits) || c.rounded && embedding.Cosine(v, w) > 0.999999
			})
			if !alike {
				t.Errorf("%s: got other vectors than the model's for %d texts", c.name, n)
			}
		}
		if got, err := ask(secrets[0], "m", 4, "a"); !c.fixed && (err != nil || len(got[0]) != 4) {
			t.Errorf("%s: got %v and %v, want four dimensions", c.name, got, err)
		}
		for name, tc := range map[string]struct{ key, model, text, says string }{
			"another key": {"wrong", "m", "b", c.key}, "too fast": {secrets[0], "busy", "b", c.fast}, "a bad text": {secrets[0], "m", "BAD", c.bad},
		} {
			_, err := ask(tc.key, tc.model, 0, "a", tc.text)
			expect.Says(t, fmt.Sprintf("%s, %s", c.name, name), err, tc.says)
		}
	}
}

// discard is the answer of a test that only counts.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// hit is a request for one text that the cache has.
func hit(tb testing.TB) (do func()) {
	c, err := cache.New(cache.Options{MaxBytes: 16 << 20})
	expect.NoError(tb, err)
	tb.Cleanup(c.Close)
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 1024}})
	s := open(tb, c.Wrap(e), Options{})
	const hitBody = `{"model":"m","input":"a text of some words","encoding_format":"base64"}`
	body := strings.NewReader(hitBody)
	r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/embeddings", body)
	return func() {
		body.Reset(hitBody)
		s.ServeHTTP(discard{http.Header{}}, r)
	}
}

// A hit of the cache allocates little besides headers and the decoded request.
func TestAllocations(t *testing.T) {
	do := hit(t)
	most := 90.0
	if race.Enabled {
		most *= 1.5
	}
	if got := testing.AllocsPerRun(500, do); got > most {
		t.Errorf("got %v allocations for a hit of the cache, want at most %v", got, most)
	}
}

func BenchmarkHit(b *testing.B) {
	do := hit(b)
	b.ReportAllocs()
	for b.Loop() {
		do()
	}
}

// Answers of both formats, of ten vectors.
func BenchmarkAnswer(b *testing.B) {
	for _, format := range []string{"float", "base64"} {
		b.Run(format, func(b *testing.B) {
			c, err := cache.New(cache.Options{MaxBytes: 16 << 20})
			expect.NoError(b, err)
			b.Cleanup(c.Close)
			e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 1024}})
			s := open(b, c.Wrap(e), Options{})
			ten := `{"model":"m","input":["0","1","2","3","4","5","6","7","8","9"],"encoding_format":"` + format + `"}`
			body := strings.NewReader(ten)
			r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/embeddings", body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(ten)
				s.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}
