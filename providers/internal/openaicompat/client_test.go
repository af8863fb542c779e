package openaicompat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/openaicompat/scan"
	"github.com/vecspace/embedding/providers/internal/wire"
)

const testKey = "sk-test-0123456789"

type options struct {
	wire.Config
	Format
}

// open returns a client of a server with this handler, for vectors of 4 dimensions.
func open(t *testing.T, h http.HandlerFunc, edit ...func(*options)) *client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return dial(t, srv.URL, edit...)
}

func dial(t *testing.T, base string, edit ...func(*options)) *client {
	t.Helper()
	o := options{
		Config: wire.Config{
			Model:   embedding.Model{Provider: "test", ID: "model", Dimensions: 4},
			BaseURL: base + "/v1/",
			Key:     testKey,
		},
		Format: Format{Fields: []Field{{"encoding_format", "float"}}},
	}
	for _, e := range edit {
		e(&o)
	}
	c, err := newClient(o.Config, o.Format)
	expect.NoError(t, err)
	return c
}

// answer writes one vector a text: the text's length, then zeros.
func answer(w http.ResponseWriter, r *http.Request) {
	var req struct{ Input []string }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Request-Id", "req-1")
	io.WriteString(w, `{"object":"list","data":[`)
	for i, text := range req.Input {
		if i > 0 {
			io.WriteString(w, ",")
		}
		fmt.Fprintf(w, `{"object":"embedding","index":%d,"embedding":[%d,0.5,0,-1e-3]}`, i, len(text))
	}
	io.WriteString(w, `],"model":"model","usage":{"prompt_tokens":7,"total_tokens":7},"id":"body-id"}`)
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func texts(s ...string) embedding.Request { return embedding.Request{Texts: s} }

func failure(t *testing.T, err error) *embedding.Error {
	t.Helper()
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok {
		t.Fatalf("not an *embedding.Error: %v", err)
	}
	return e
}

func TestEmbed(t *testing.T) {
	var body, auth, contentType, path string
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, auth, contentType, path = string(b), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Method+" "+r.URL.Path
		expect.Equal(t, "Content-Length", r.ContentLength, int64(len(b)))
		r.Body = io.NopCloser(strings.NewReader(body))
		answer(w, r)
	})
	res, err := c.Embed(t.Context(), texts("one", "three"))
	expect.NoError(t, err)
	expect.Equal(t, "sent", body, `{"model":"model","input":["one","three"],"encoding_format":"float"}`)
	if path != "POST /v1/embeddings" || auth != "Bearer "+testKey || contentType != "application/json" {
		t.Errorf("got %s, Authorization %q, Content-Type %q, want POST /v1/embeddings, %v, application/json",
			path, auth, contentType, "Bearer "+testKey)
	}
	expect.Equal(t, "vectors", fmt.Sprint(res.Vectors), "[[3 0.5 0 -0.001] [5 0.5 0 -0.001]]")
	if res.ID != "req-1" || res.Usage != (embedding.Usage{Requests: 1, Tokens: 7}) {
		t.Errorf("got id %q, usage %+v, want ID req-1, Usage %v", res.ID, res.Usage, embedding.Usage{Requests: 1, Tokens: 7})
	}
	if res, err := embedding.Chain(c).Embed(t.Context(), embedding.Request{}); err != nil || len(res.Vectors) != 0 {
		t.Errorf("an empty request: %v, %v", res, err)
	}
}

func TestNoKeyNoHeader(t *testing.T) {
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.Header["Authorization"]; ok {
			t.Error("an Authorization header was sent without a key")
		}
		answer(w, r)
	}, func(c *options) { c.Key = "" })
	_, err := c.Embed(t.Context(), texts("one"))
	expect.NoError(t, err)
}

func TestUsageAndID(t *testing.T) {
	row := `{"data":[{"index":0,"embedding":[1,2,3,4]}]`
	for _, tc := range []struct {
		name, body string
		usage      embedding.Usage
		id         string
	}{
		{"both counts", row + `,"usage":{"prompt_tokens":5,"total_tokens":6}}`, embedding.Usage{Requests: 1, Tokens: 5}, ""},
		{"the total only", row + `,"usage":{"total_tokens":6}}`, embedding.Usage{Requests: 1, Tokens: 6}, ""},
		{"none", row + `}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"a model that is a number", row + `,"model":3,"object":1,"usage":{"prompt_tokens":5}}`, embedding.Usage{Requests: 1, Tokens: 5}, ""},
		{"a usage that is a list", row + `,"usage":[]}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"tokens as text, and a total", row + `,"usage":{"prompt_tokens":"5","total_tokens":6}}`, embedding.Usage{Requests: 1, Tokens: 6}, ""},
		{"tokens that no request has", row + `,"usage":{"prompt_tokens":9223372036854775807}}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"details that are a list", row + `,"usage":{"prompt_tokens":5,"prompt_tokens_details":[],"completion_tokens":""}}`, embedding.Usage{Requests: 1, Tokens: 5}, ""},
		{"no index", `{"data":[{"embedding":[1,2,3,4]}]}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"an id that echoes the key", `{"id":"Bearer ` + testKey + `",` + row[1:] + `}`, embedding.Usage{Requests: 1, Unmetered: 1}, "Bearer [redacted]"},
		{"null", row + `,"usage":null,"model":null}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"a code of success", row + `,"code":0,"message":"success","error":null}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"an error that says nothing", row + `,"error":{"code":0,"message":"","param":null}}`, embedding.Usage{Requests: 1, Unmetered: 1}, ""},
		{"base64", `{"data":[{"index":0,"embedding":"AACAPwAAAEAAAEBAAACAQA=="}],"usage":{"total_tokens":6}}`, embedding.Usage{Requests: 1, Tokens: 6}, ""},
		{"id in the body", `{"id":"73591b79","usage":{"prompt_tokens":5},` + row[1:] + `}`, embedding.Usage{Requests: 1, Tokens: 5}, "73591b79"},
	} {
		c := open(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, tc.body) })
		res, err := c.Embed(t.Context(), texts("one"))
		if err != nil || res.Usage != tc.usage || res.ID != tc.id || fmt.Sprint(res.Vectors) != "[[1 2 3 4]]" {
			t.Errorf("%s: got %v, %+v, id %q, %v, want Usage %v, ID %v, Vectors [[1 2 3 4]]",
				tc.name, res.Vectors, res.Usage, res.ID, err, tc.usage, tc.id)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var hits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer other.Close()
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/elsewhere?x=hidden", http.StatusTemporaryRedirect)
	}, func(c *options) {
		c.HTTPClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	})
	_, err := c.Embed(t.Context(), texts("one"))
	e := failure(t, err)
	expect.Equal(t, "requests to the other server", hits.Load(), 0)
	if e.Kind != embedding.Malformed || e.Status != 307 || !strings.Contains(err.Error(), strings.TrimPrefix(other.URL, "http://")) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v, want Kind %v, Status 307, %q", err, embedding.Malformed, strings.TrimPrefix(other.URL, "http://"))
	}
}

func TestContextDecides(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	arrived := make(chan struct{}, 10)
	handler := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		if r.URL.Path == "/half/embeddings" {
			io.WriteString(w, `{"data":[{"index":0,"embedding":[1,2,`)
			w.(http.Flusher).Flush()
		}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(handler))
	defer srv.Close()
	for _, path := range []string{"/none", "/half"} {
		t.Run("canceled by the caller"+path, func(t *testing.T) {
			c := dial(t, srv.URL, func(c *options) { c.BaseURL = srv.URL + path })
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-arrived; cancel() }()
			if _, err := c.Embed(ctx, texts("one")); err != context.Canceled {
				t.Errorf("got %v, want the context's own error", err)
			}
		})
		t.Run("the client's timeout"+path, func(t *testing.T) {
			c := dial(t, srv.URL, func(c *options) {
				c.BaseURL, c.HTTPClient = srv.URL+path, &http.Client{Timeout: 50 * time.Millisecond}
			})
			_, err := c.Embed(t.Context(), texts("one"))
			<-arrived
			expect.Equal(t, fmt.Sprint("kind of ", err), failure(t, err).Kind, embedding.Unavailable)
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				t.Errorf("a client's timeout looks like the caller's end: %v", err)
			}
		})
	}
	t.Run("a refusal that has arrived counts", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := open(t, status(429, `{}`), func(c *options) {
			c.Classify = func(wire.Failure) wire.Verdict { cancel(); return wire.Verdict{} }
		})
		_, err := c.Embed(ctx, texts("one"))
		expect.Equal(t, fmt.Sprint("kind of ", err), failure(t, err).Kind, embedding.RateLimited)
	})
	t.Run("canceled before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := open(t, answer).Embed(ctx, texts("one")); err != context.Canceled {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	addr := l.Addr().String()
	l.Close()
	_, err = dial(t, "http://"+addr).Embed(t.Context(), texts("one"))
	e := failure(t, err)
	if e.Kind != embedding.Unavailable || e.Status != 0 || !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want Kind %v, Status 0, %v, %q", err, embedding.Unavailable, syscall.ECONNREFUSED, addr)
	}
}

func TestBrokenOff(t *testing.T) {
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"data":[{"index":0,"embedding":[1,2,`)
	})
	_, err := c.Embed(t.Context(), texts("one"))
	if e := failure(t, err); e.Kind != embedding.Unavailable || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v, want Kind %v, %q", err, embedding.Unavailable, "broke off")
	}
}

// TestStaleConnection makes the transport ask for the body a second time: the server closes a kept
// connection just as the next request goes out.
func TestStaleConnection(t *testing.T) {
	var n atomic.Int32
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 2 {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
			return
		}
		answer(w, r)
	})
	// The transport retries a request on a stale connection only if it is idempotent or was not
	// written; a POST is not, so the second call fails, as a paid request must not be sent twice
	// behind the caller's back.
	for i := range 3 {
		_, err := c.Embed(t.Context(), texts("one"))
		if i == 1 {
			expect.Equal(t, fmt.Sprint("kind of ", err), failure(t, err).Kind, embedding.Unavailable)
		} else if err != nil {
			t.Fatalf("got the error %v, want none", err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		edit func(*options)
		kind embedding.Kind
		says string
	}{
		{func(c *options) { c.Key = "sk-with\nline" }, embedding.Auth, "line break"},
		{func(c *options) { c.Key = "sk-with space" }, embedding.Auth, "space"},
		{func(c *options) { c.BaseURL = "http://host.example" }, embedding.Invalid, "in the clear"},
		{func(c *options) { c.Fields = []Field{{"x", make(chan int)}} }, embedding.Invalid, `field "x"`},
	} {
		o := options{Config: wire.Config{Model: embedding.Model{Provider: "p", ID: "m"}, BaseURL: "https://host.example/v1", Key: "sk-with"}}
		tc.edit(&o)
		_, err := New(o.Config, o.Format)
		if e := failure(t, err); e.Kind != tc.kind || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "sk-with") {
			t.Errorf("got %v, want Kind %v, %q", err, tc.kind, tc.says)
		}
	}
}

// TestErrorsInAnySpelling: an answer that encoding/json would find an "error" in is read a second
// time.
func TestErrorsInAnySpelling(t *testing.T) {
	for rest, want := range map[string]bool{
		`{"data":[],"model":"m","usage":{"total_tokens":1}}`: false,
		`{"data":[],"error":{"message":"sorry"}}`:            true,
		`{"data":[],"Error":"sorry"}`:                        true,
		`{"data":[],"\u0065rror":"sorry"}`:                   true,
		`{"error"`:                                           true,
		`{"data":[],"errors":[]}`:                            false,
	} {
		expect.Equal(t, rest, mayCarryError(scan.Answer{Items: 1, Rest: []byte(rest)}), want)
	}
	if !mayCarryError(scan.Answer{Rest: []byte(`{"data":[]}`)}) {
		t.Error("an answer without items was not read a second time")
	}
}
