package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// late is a body that does not arrive in time.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// refusals ask for each refusal of the server on OpenAI's wire, by its name in
// providers/openai/testdata/errors.jsonl.
func refusals(t *testing.T) map[string]func() *httptest.ResponseRecorder {
	price := embedding.Model{Dimensions: 8, Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}
	e, _ := fake(embedtest.FakeOptions{Model: price})
	const one = `{"model":"m","input":"a"}`
	plain := open(t, e, Options{Limits: Limits{Texts: 3, TextBytes: 20, Body: 300}})
	sends := func(body string, headers ...string) func() *httptest.ResponseRecorder {
		return func() *httptest.ResponseRecorder { return post(plain, body, headers...) }
	}
	file, secrets := keyed(t, "rpm=1", "budget=1EUR/day", "budget=1USD/day")
	keys := open(t, e, Options{Keys: openKeys(t, file, "")})
	as := func(key, body string) func() *httptest.ResponseRecorder {
		return func() *httptest.ResponseRecorder { return post(keys, body, "Authorization", key) }
	}
	fails := func(err embedding.Error) func() *httptest.ResponseRecorder {
		e, _ := fake(embedtest.FakeOptions{Model: price, Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Err: &err} }})
		return func() *httptest.ResponseRecorder { return post(open(t, e, Options{}), one) }
	}
	why := errors.New("the provider's words")
	return map[string]func() *httptest.ResponseRecorder{
		"no key":    as("", one),
		"wrong key": as("Bearer vs-wrong-0123456789", one),
		"too fast": func() *httptest.ResponseRecorder {
			as("Bearer "+secrets[0], one)()
			return as("Bearer "+secrets[0], one)()
		},
		"another currency": as("Bearer "+secrets[1], one),
		"budget spent": func() *httptest.ResponseRecorder {
			return as("Bearer "+secrets[2], `{"model":"m","input":"`+strings.Repeat("word ", 1000)+`"}`)()
		},
		"busy": func() *httptest.ResponseRecorder {
			s := open(t, e, Options{Limits: Limits{InFlight: 1}})
			s.inFlight.Add(1)
			return post(s, one)
		},
		"strange host": func() *httptest.ResponseRecorder {
			r, w := httptest.NewRequest(http.MethodPost, "/v1/embeddings", strings.NewReader(one)), httptest.NewRecorder()
			plain.ServeHTTP(w, r) // to example.com
			return w
		},
		"no path":        func() *httptest.ResponseRecorder { return ask(plain, "POST", "/v1/chat/completions", one) },
		"no method":      func() *httptest.ResponseRecorder { return ask(plain, "GET", "/v1/embeddings", "") },
		"another coding": sends(one, "Content-Encoding", "br"),
		"late body": func() *httptest.ResponseRecorder {
			r, w := httptest.NewRequest(http.MethodPost, "http://localhost/v1/embeddings", late{}), httptest.NewRecorder()
			plain.ServeHTTP(w, r)
			return w
		},
		"large body":         sends(`{"model":"m","input":"` + strings.Repeat("x", 300) + `"}`),
		"not UTF-8":          sends("{\"model\":\"m\",\"input\":\"\xff\"}"),
		"no JSON":            sends("input=a"),
		"no model":           sends(`{"model":"x","input":"a"}`),
		"too many texts":     sends(`{"model":"m","input":["a","b","c","d"]}`),
		"token ids":          sends(`{"model":"m","input":[1,2]}`),
		"dimensions":         sends(`{"model":"m","input":"a","dimensions":5}`),
		"a field":            sends(`{"model":"m","input":"a","prompt":"p"}`),
		"rejected texts":     sends(`{"model":"m","input":["a","","xxxxxxxxxxxxxxxxxxxxx"]}`),
		"another space":      sends(one, "X-Vecspace-Space", "openai/text-embedding-3-small@1536"),
		"upstream invalid":   fails(embedding.Error{Kind: embedding.Invalid, Err: why}),
		"upstream rejected":  fails(embedding.Error{Kind: embedding.Rejected, Err: errors.New("This model's maximum context length is 8192 tokens")}),
		"upstream too large": fails(embedding.Error{Kind: embedding.TooLarge, Err: why}),
		"upstream auth":      fails(embedding.Error{Kind: embedding.Auth, Err: why}),
		"upstream too fast":  fails(embedding.Error{Kind: embedding.RateLimited, RetryAfter: 1234567 * time.Microsecond, Err: why}),
		"upstream exhausted": fails(embedding.Error{Kind: embedding.Exhausted, Err: why}),
		"upstream down":      fails(embedding.Error{Kind: embedding.Unavailable, RetryAfter: 20 * time.Second, Err: why}),
		"upstream malformed": fails(embedding.Error{Kind: embedding.Malformed, Err: why}),
		"upstream unknown":   fails(embedding.Error{Err: why}),
		"upstream timeout": func() *httptest.ResponseRecorder {
			e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Hour} }})
			return post(open(t, e, Options{}), one)
		},
	}
}

// The rows of package openai for this server are what it answers: each refusal has one, and each
// code a row in docs/serve.md.
func TestRefusals(t *testing.T) {
	type row struct {
		Server, Name, Body string
		Status             int
		Headers            map[string]string
	}
	rows := map[string]row{}
	f, err := os.Open("../providers/openai/testdata/errors.jsonl")
	expect.NoError(t, err)
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r row
		expect.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		if r.Server == "vecspace" {
			rows[r.Name] = r
		}
	}
	docs, err := os.ReadFile("../docs/serve.md")
	expect.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		for name, ask := range refusals(t) {
			w, want := ask(), rows[name]
			delete(rows, name)
			got := row{Server: "vecspace", Name: name, Status: w.Code, Body: w.Body.String(), Headers: map[string]string{}}
			for _, h := range []string{"Retry-After", "Retry-After-Ms", "X-Should-Retry", headerRejected, headerCode} {
				if v := w.Header().Get(h); v != "" {
					got.Headers[h] = v
				}
			}
			if want.Headers == nil {
				want.Headers = map[string]string{}
			}
			expect.Equal(t, name, got, want)
			if code := read(t, w).Error.Code; code != nil && !strings.Contains(string(docs), fmt.Sprintf("| `%s` | %d |", *code, w.Code)) {
				t.Errorf("%s: docs/serve.md has no row for %s under status %d", name, *code, w.Code)
			}
		}
	})
	for name := range rows {
		t.Errorf("errors.jsonl has %q, which nothing here asks for", name)
	}
}
