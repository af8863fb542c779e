package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// fake is an embedder behind the guard, and the calls that reached it.
func fake(o embedtest.FakeOptions) (embedding.Embedder, *embedtest.Fake) {
	f := embedtest.NewFake(o)
	return embedding.Chain(f), f
}

// open returns a server of one model, m.
func open(t testing.TB, e embedding.Embedder, o Options) *Server {
	t.Helper()
	if o.Models == nil {
		o.Models = map[string]Model{"m": {Embedder: e, Lengths: []int{4}}}
	}
	s, err := New(o)
	expect.NoError(t, err)
	return s
}

// ask sends a request; headers are name, value, name, value.
func ask(s http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8090"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func post(s http.Handler, body string, headers ...string) *httptest.ResponseRecorder {
	return ask(s, "POST", "/v1/embeddings", body, headers...)
}

// answer is OpenAI's.
type answer struct {
	Object string
	Data   []struct {
		Object    string
		Index     int
		Embedding json.RawMessage
		Error     *problem
	}
	Model string
	Usage struct {
		Prompt int `json:"prompt_tokens"`
		Total  int `json:"total_tokens"`
	}
	Partial bool
	Error   *problem
}

type problem struct {
	Message, Type string
	Param, Code   *string
}

func read(t testing.TB, w *httptest.ResponseRecorder) (a answer) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("got the body %.200s, want JSON: %v", w.Body, err)
	}
	return a
}

// vector decodes a vector in either format.
func vector(t testing.TB, raw json.RawMessage) (v []float32) {
	t.Helper()
	if raw[0] != '"' {
		expect.NoError(t, json.Unmarshal(raw, &v))
		return v
	}
	var packed []byte
	expect.NoError(t, json.Unmarshal(raw, &packed))
	for ; len(packed) > 0; packed = packed[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(packed)))
	}
	return v
}

// Both formats have every bit of the vectors, in the order of the texts.
func TestAnswer(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 8, Price: embedding.Price{PerMillion: 2, Currency: "USD"}}})
	s := open(t, e, Options{})
	texts := []string{"one", "two <&> wörds", "three \"quoted\""}
	want, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	input := string(must(json.Marshal(texts)))
	for _, format := range []string{"", `,"encoding_format":"float"`, `,"encoding_format":"base64"`} {
		w := post(s, `{"model":"m","input":`+input+format+`,"user":"u"}`, "X-Request-Id", "mine-1.2_3")
		a := read(t, w)
		if w.Code != 200 || a.Object != "list" || a.Model != "m" || len(a.Data) != len(texts) || a.Usage.Total != want.Usage.Tokens || a.Usage.Prompt != a.Usage.Total {
			t.Fatalf("format %q: got %d and %.300s, want three vectors and %d tokens", format, w.Code, w.Body, want.Usage.Tokens)
		}
		for i, row := range a.Data {
			if got := vector(t, row.Embedding); row.Index != i || row.Object != "embedding" || !slices.EqualFunc(got, want.Vectors[i], sameBits) {
				t.Errorf("format %q, row %d: got the index %d and %v, want %v", format, i, row.Index, got, want.Vectors[i])
			}
			if isText := row.Embedding[0] == '"'; isText != strings.Contains(format, "base64") {
				t.Errorf("format %q: got %.20s", format, row.Embedding)
			}
		}
		h := w.Header()
		cost, _, _ := strings.Cut(h.Get("X-Vecspace-Cost"), " ")
		sum, _ := strconv.ParseFloat(cost, 64)
		if h.Get("X-Request-Id") != "mine-1.2_3" || h.Get("X-Vecspace-Space") != "fake/fake@8" || h.Get("X-Vecspace-Reused") != "0" ||
			math.Abs(sum-2e-6*float64(want.Usage.Tokens)) > 1e-12 || !strings.HasSuffix(h.Get("X-Vecspace-Cost"), " USD") ||
			!strings.HasPrefix(h.Get("Server-Timing"), "decode;dur=") || h.Get("X-Vecspace-Upstream-Ms") == "" ||
			h.Get("Content-Type") != "application/json" || h.Get("Content-Length") != strconv.Itoa(w.Body.Len()) || h.Get("X-Vecspace-Ignored") != "" {
			t.Errorf("format %q: got the headers %v", format, h)
		}
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// Each wrong request has a status, a code and words that say what to do, and costs nothing.
func TestBadInput(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Limits: Limits{Texts: 3, TextBytes: 20, Body: 310}, Models: map[string]Model{
		"m": {Embedder: e, Lengths: []int{4}}, "fixed": {Embedder: e, Aliases: []string{"f"}}, "any": {Embedder: e, Shorter: true},
	}})
	for name, tc := range map[string]struct {
		body   string
		status int
		param  string
		code   string
		says   []string
	}{
		"no body":            {body: ``, status: 400, says: []string{"could not parse the JSON body"}},
		"no JSON":            {body: `input=a`, status: 400, says: []string{"could not parse the JSON body"}},
		"half":               {body: `{"model":"m","input":["a"`, status: 400, says: []string{"could not parse the JSON body"}},
		"a list":             {body: `["a"]`, status: 400, says: []string{"could not parse the JSON body"}},
		"null":               {body: `null`, status: 400, says: []string{"could not parse the JSON body"}},
		"not UTF-8":          {body: "{\"model\":\"m\",\"input\":\"\xff\"}", status: 400, says: []string{"not UTF-8"}},
		"no model":           {body: `{"input":"a"}`, status: 400, says: []string{"names no model", "any, fixed, m"}},
		"another model":      {body: `{"model":"x","input":"a"}`, status: 404, code: "model_not_found", says: []string{`no model "x"`, "any, fixed, m"}},
		"another role":       {body: `{"model":"m:title","input":"a"}`, status: 404, code: "model_not_found", says: []string{`no model "m:title"`}},
		"a number for model": {body: `{"model":7,"input":"a"}`, status: 400, says: []string{"names no model"}},
		"a long user":        {body: `{"model":"m","input":"a","user":"` + strings.Repeat("u", 257) + `"}`, status: 400, says: []string{"'$.user' is invalid"}},
		"no input":           {body: `{"model":"m"}`, status: 400, says: []string{"'$.input' is invalid"}},
		"no texts":           {body: `{"model":"m","input":[]}`, status: 400, says: []string{"'$.input' is invalid"}},
		"null input":         {body: `{"model":"m","input":null}`, status: 400, says: []string{"'$.input' is invalid"}},
		"a number":           {body: `{"model":"m","input":7}`, status: 400, says: []string{"'$.input' is invalid"}},
		"mixed":              {body: `{"model":"m","input":["a",7]}`, status: 400, says: []string{"'$.input' is invalid"}},
		"a null text":        {body: `{"model":"m","input":["a",null]}`, status: 400, says: []string{"'$.input' is invalid"}},
		"token ids":          {body: `{"model":"m","input":[1,2]}`, status: 400, param: "input[0]", says: []string{"token ids", "check_embedding_ctx_length=False"}},
		"lists of token ids": {body: `{"model":"m","input":[[1],[2]]}`, status: 400, param: "input[0]", says: []string{"token ids"}},
		"an empty text":      {body: `{"model":"m","input":""}`, status: 400, param: "input[0]", code: "text_rejected", says: []string{"1 of 1 texts rejected: input[0] is empty"}},
		"an empty one":       {body: `{"model":"m","input":["a","","b"]}`, status: 400, param: "input[1]", code: "text_rejected", says: []string{"1 of 3", "input[1] is empty"}},
		"a blank one":        {body: `{"model":"m","input":["a","b"," \n"]}`, status: 400, param: "input[2]", code: "text_rejected", says: []string{"input[2] is blank"}},
		"a long one":         {body: `{"model":"m","input":["a","` + strings.Repeat("x", 21) + `"]}`, status: 400, param: "input[1]", code: "text_rejected", says: []string{"has 21 bytes, and 20 are allowed: split it"}},
		"too many texts":     {body: `{"model":"m","input":["a","b","c","d"]}`, status: 400, says: []string{"4 texts, and 3 are allowed"}},
		"a large body":       {body: `{"model":"m","input":"` + strings.Repeat("x", 300) + `"}`, status: 413, says: []string{"more than 310 bytes"}},
		"another format":     {body: `{"model":"m","input":"a","encoding_format":"hex"}`, status: 400, says: []string{`Invalid value for 'encoding_format' = "hex". Supported values: ['float', 'base64'].`}},
		"no format":          {body: `{"model":"m","input":"a","encoding_format":7}`, status: 400, says: []string{"'$.encoding_format' is invalid"}},
		"zero dimensions":    {body: `{"model":"m","input":"a","dimensions":0}`, status: 400, param: "dimensions", says: []string{`0 is not on offer, the model "m" has 4, 8`}},
		"below zero":         {body: `{"model":"m","input":"a","dimensions":-1}`, status: 400, param: "dimensions", says: []string{"-1 is not on offer"}},
		"between":            {body: `{"model":"m","input":"a","dimensions":5}`, status: 400, param: "dimensions", says: []string{`has 4, 8`}},
		"too wide":           {body: `{"model":"any","input":"a","dimensions":9}`, status: 400, param: "dimensions", says: []string{"has 1 to 8"}},
		"fixed":              {body: `{"model":"f","input":"a","dimensions":4}`, status: 400, param: "dimensions", says: []string{`the model "f" has 8`}},
		"half a dimension":   {body: `{"model":"m","input":"a","dimensions":4.5}`, status: 400, says: []string{"'$.dimensions' is invalid"}},
		"dimensions in text": {body: `{"model":"m","input":"a","dimensions":"4"}`, status: 400, says: []string{"'$.dimensions' is invalid"}},
		"another task":       {body: `{"model":"m","input":"a","input_type":"title"}`, status: 400, says: []string{"'input_type'", "'query'"}},
		"a prompt":           {body: `{"model":"m","input":"a","prompt":"p"}`, status: 400, says: []string{`"prompt" would change the vectors`}},
		"messages":           {body: `{"model":"m","messages":[]}`, status: 400, says: []string{`"messages" would change`}},
		"a cut":              {body: `{"model":"m","input":"a","truncate_prompt_tokens":5}`, status: 400, says: []string{`"truncate_prompt_tokens" would change`}},
	} {
		w := post(s, tc.body)
		a := read(t, w)
		if a.Error == nil || w.Code != tc.status || text(a.Error.Param) != tc.param || text(a.Error.Code) != tc.code || a.Error.Type != "invalid_request_error" {
			t.Errorf("%s: got %d and %s, want %d, param %q and code %q", name, w.Code, w.Body, tc.status, tc.param, tc.code)
			continue
		}
		for _, word := range tc.says {
			if !strings.Contains(a.Error.Message, word) {
				t.Errorf("%s: got %q, want %q in it", name, a.Error.Message, word)
			}
		}
	}
	expect.Equal(t, "calls of the model", len(f.Calls()), 0)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Paths and methods that the server does not have, and hosts that a page in a browser made up.
func TestNoPath(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Hosts: []string{"Vectors.internal"}})
	for _, tc := range []struct {
		method, path, host string
		status             int
		says, allow        string
	}{
		{method: "POST", path: "/v1/chat/completions", status: 404, says: "POST /v1/embeddings embeds texts"},
		{method: "GET", path: "/", status: 404, says: "nothing at this path"},
		{method: "POST", path: "/voyage", status: 404, says: "nothing at this path"},
		{method: "POST", path: "/v1%2Fembeddings", status: 404, says: "nothing at this path"},
		{method: "GET", path: "/v1/embeddings", status: 405, says: "this path takes POST only", allow: "POST"},
		{method: "OPTIONS", path: "/v1/embeddings", status: 405, says: "POST only", allow: "POST"},
		{method: "GET", path: "/v1/models/x", status: 404, says: "The model 'x' does not exist"},
		{method: "GET", path: "/v1/models", host: "evil.example", status: 403, says: "answers only to localhost"},
		{method: "GET", path: "/v1/models", host: "evil.example:8090", status: 403, says: "answers only to localhost"},
		{method: "GET", path: "/v1/models", host: "10.0.0.7:8090", status: 403, says: "answers only to localhost"},
		{method: "GET", path: "/v1/models", host: "LOCALHOST:8090", status: 200},
		{method: "GET", path: "/v1/models", host: "vectors.internal", status: 200},
		{method: "GET", path: "/v1/models", host: "[::1]:8090", status: 200},
	} {
		r := httptest.NewRequest(tc.method, tc.path, nil)
		r.Host = "127.0.0.1"
		if tc.host != "" {
			r.Host = tc.host
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) || w.Header().Get("Allow") != tc.allow || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s at %s: got %d, %v and %s, want %d and %q", tc.method, tc.path, tc.host, w.Code, w.Header(), w.Body, tc.status, tc.says)
		}
	}
}

// What goes wrong behind the server has a status by its Kind, and words of its own.
func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		kind                     embedding.Kind
		status                   int
		code, again, after, says string
	}{
		{kind: embedding.Unknown, status: 500, says: "unknown error: the cause"},
		{kind: embedding.Invalid, status: 400, says: "invalid request: the cause"},
		{kind: embedding.Rejected, status: 400, code: "text_rejected", says: "input[0] was rejected: the cause"},
		{kind: embedding.TooLarge, status: 413, says: "request too large: the cause"},
		{kind: embedding.Auth, status: 502, code: "upstream_auth", again: "false", says: "refuses this server's key, not yours"},
		{kind: embedding.RateLimited, status: 429, code: "rate_limit_exceeded", again: "true", after: "2", says: "rate limited: the cause"},
		{kind: embedding.Exhausted, status: 402, code: "insufficient_quota", says: "quota exhausted: the cause"},
		{kind: embedding.Unavailable, status: 503, again: "true", after: "2", says: "service unavailable: the cause"},
		{kind: embedding.Malformed, status: 502, code: "upstream_malformed", again: "false", says: "malformed answer: the cause"},
	} {
		after := time.Duration(0)
		if tc.after != "" {
			after = 1100 * time.Millisecond
		}
		e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Err: &embedding.Error{Kind: tc.kind, Endpoint: "secret.example", RequestID: "req_1", RetryAfter: after, Err: errors.New("the cause")}}
		}})
		w := post(open(t, e, Options{}), `{"model":"m","input":"a"}`)
		a, h := read(t, w), w.Header()
		if w.Code != tc.status || a.Error == nil || text(a.Error.Code) != tc.code || !strings.Contains(a.Error.Message, tc.says) ||
			h.Get("X-Should-Retry") != tc.again || h.Get("Retry-After") != tc.after || (h.Get("Retry-After-Ms") == "1100") != (after > 0) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: got %d, %v and %s, want %d, %q, %q, retry %q after %q", tc.kind, w.Code, h, w.Body, tc.status, tc.code, tc.says, tc.again, tc.after)
		}
	}
}

// A text that the model rejects does not lose the others to a client that takes a part.
func TestPartial(t *testing.T) {
	rejects := func(text string) error {
		if strings.Contains(text, "bad") {
			return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("it is filtered")}
		}
		return nil
	}
	e, f := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Each: rejects} }})
	s := open(t, e, Options{})
	const body = `{"model":"m","input":["a"," ","bad","b"]}`
	a := read(t, post(s, body))
	if a.Error == nil || text(a.Error.Param) != "input[1]" || len(f.Calls()) != 0 {
		t.Errorf("got %+v after %d calls, want input[1] and none", a.Error, len(f.Calls()))
	}
	w := post(s, `{"model":"m","input":["a","bad","b"]}`)
	a = read(t, w)
	if w.Code != 400 || text(a.Error.Param) != "input[1]" || text(a.Error.Code) != "text_rejected" || !strings.Contains(a.Error.Message, "1 of 3 texts rejected: input[1] was rejected: it is filtered") {
		t.Errorf("got %d and %s, want 400 and input[1]", w.Code, w.Body)
	}
	w = post(s, body, "X-Vecspace-Partial", "true")
	a = read(t, w)
	if w.Code != 200 || !a.Partial || len(a.Data) != 4 {
		t.Fatalf("got %d and %s, want four rows of a partial answer", w.Code, w.Body)
	}
	for i, says := range []string{"", "the text is blank", "the text was rejected: it is filtered", ""} {
		row := a.Data[i]
		switch {
		case row.Index != i || (row.Error == nil) != (says == "") || (string(row.Embedding) == "null") != (says != ""):
			t.Errorf("row %d: got %+v, want the error %q", i, row, says)
		case says == "":
			one, err := e.Embed(t.Context(), embedding.Request{Texts: []string{string("abxb"[i])}})
			expect.NoError(t, err)
			expect.Equal(t, "vector", vector(t, row.Embedding), one.Vectors[0])
		case !strings.Contains(row.Error.Message, says) || text(row.Error.Param) != fmt.Sprintf("input[%d]", i) || text(row.Error.Code) != "text_rejected":
			t.Errorf("row %d: got %+v, want %q", i, row.Error, says)
		}
	}
	if w := post(s, `{"model":"m","input":["bad"]}`, "X-Vecspace-Partial", "true"); w.Code != 400 {
		t.Errorf("no text is left: got %d and %s, want 400", w.Code, w.Body)
	}
}

// At most ten places are named.
func TestRejectedNamesTen(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	a := read(t, post(open(t, e, Options{}), `{"model":"m","input":["`+strings.Repeat(`","`, 11)+`","a"]}`))
	if m := a.Error.Message; !strings.Contains(m, "12 of 13") || !strings.Contains(m, "input[9]") || strings.Contains(m, "input[10]") || !strings.Contains(m, "and 2 more") {
		t.Errorf("got %q, want ten of twelve places", m)
	}
}

// Texts that fail for a moment make the whole request fail for a moment: its repeat finds the
// others in the cache.
func TestPartialOutage(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "b" {
				return &embedding.Error{Kind: embedding.RateLimited, RetryAfter: 3 * time.Second}
			}
			return nil
		}}
	}})
	w := post(open(t, e, Options{}), `{"model":"m","input":["a","b"]}`, "X-Vecspace-Partial", "true")
	if w.Code != 429 || w.Header().Get("Retry-After") != "3" {
		t.Errorf("got %d and %v, want 429 after 3 s", w.Code, w.Header())
	}
}

// The server splits for a model that takes few texts, and keeps the order.
func TestSplitting(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 10}}})
	var texts []string
	for i := range 2048 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	w := post(open(t, e, Options{}), `{"model":"m","input":`+string(must(json.Marshal(texts)))+`,"encoding_format":"base64"}`)
	a := read(t, w)
	if w.Code != 200 || len(a.Data) != 2048 || len(f.Calls()) != 205 {
		t.Fatalf("got %d, %d vectors and %d calls, want 2048 by 205", w.Code, len(a.Data), len(f.Calls()))
	}
	for _, i := range []int{0, 9, 10, 1000, 2047} {
		one, err := e.Embed(t.Context(), embedding.Request{Texts: texts[i : i+1]})
		expect.NoError(t, err)
		expect.Equal(t, "vector", vector(t, a.Data[i].Embedding), one.Vectors[0])
	}
}

// Shorter vectors are the beginnings of the long ones, of unit length and in a space of their own.
func TestDimensions(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{})
	long := vector(t, read(t, post(s, `{"model":"m","input":"a","dimensions":8}`)).Data[0].Embedding)
	expect.Equal(t, "own dimensions", len(long), 8)
	w := post(s, `{"model":"m","input":"a","dimensions":4}`)
	short := vector(t, read(t, w).Data[0].Embedding)
	if len(short) != 4 || embedding.Cosine(short, long[:4]) < 0.9999 || w.Header().Get("X-Vecspace-Space") != "fake/fake@8/4" {
		t.Errorf("got %v in %q, want the beginning of %v", short, w.Header().Get("X-Vecspace-Space"), long)
	}
	for space, status := range map[string]int{"fake/fake@8/4": 200, "fake/fake@8": 412} {
		if w := post(s, `{"model":"m","input":"a","dimensions":4}`, "X-Vecspace-Space", space); w.Code != status {
			t.Errorf("pinned to %s: got %d, want %d", space, w.Code, status)
		}
	}
}

// A client that pins a space gets no vector of another one.
func TestPin(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{})
	w := post(s, `{"model":"m","input":"a"}`, "X-Vecspace-Space", "openai/other@8")
	a := read(t, w)
	if w.Code != 412 || w.Header().Get("X-Should-Retry") != "false" || !strings.Contains(a.Error.Message, `"fake/fake@8"`) || len(f.Calls()) != 0 {
		t.Errorf("got %d, %v and %s after %d calls, want 412 and none", w.Code, w.Header(), w.Body, len(f.Calls()))
	}
	if w := post(s, `{"model":"m","input":"a"}`, "X-Vecspace-Space", "fake/fake@8"); w.Code != 200 {
		t.Errorf("the model's own space: got %d, want 200", w.Code)
	}
}

// blind hides the dimensions of an embedder.
func blind(e embedding.Embedder) embedding.Embedder {
	return blinded{embedding.Model{Provider: "p", ID: "i"}, e}
}

type blinded struct {
	m embedding.Model
	embedding.Embedder
}

func (b blinded) Model() embedding.Model { return b.m }

// The first answer of a model without dimensions shows its space.
func TestUnknownSpace(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	s := open(t, blind(e), Options{})
	if w := post(s, `{"model":"m","input":"a"}`, "X-Vecspace-Space", "p/i@9"); w.Code != 412 || !strings.Contains(w.Body.String(), "p/i@8") {
		t.Errorf("got %d and %s, want 412 and the space", w.Code, w.Body)
	}
	expect.Equal(t, "the space", post(s, `{"model":"m","input":"a"}`).Header().Get("X-Vecspace-Space"), "p/i@8")
	s = open(t, blind(e), Options{})
	before := len(f.Calls())
	w := post(s, `{"model":"m","input":"a","dimensions":4}`)
	if w.Code != 200 || w.Header().Get("X-Vecspace-Space") != "p/i@8/4" || len(f.Calls()) != before+2 {
		t.Errorf("got %d, %v and %d calls, want the beginning of a vector by two calls", w.Code, w.Header(), len(f.Calls())-before)
	}
}

// Names, aliases, the default and roles in names lead to the model; what the server does not know
// is named.
func TestNames(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Default: "short", Models: map[string]Model{"a:long:name": {Embedder: e, Aliases: []string{"short"}}, "other": {Embedder: e}}})
	for body, task := range map[string]embedding.Task{
		`{"model":"a:long:name","input":"x"}`:                                embedding.TaskDocument,
		`{"model":"short","input":"x"}`:                                      embedding.TaskDocument,
		`{"input":"x"}`:                                                      embedding.TaskDocument,
		`{"model":"short:query","input":"x"}`:                                embedding.TaskQuery,
		`{"model":"a:long:name:clustering","input":"x"}`:                     embedding.TaskClustering,
		`{"model":"short","input":"x","input_type":"query"}`:                 embedding.TaskQuery,
		`{"model":"short","input":"x","task":"similarity"}`:                  embedding.TaskSimilarity,
		`{"model":"short:query","input":"x","input_type":"classification"}`:  embedding.TaskQuery,
		`{"model":"short","input":"x","metadata":{},"x y":1,"encoding":"b"}`: embedding.TaskDocument,
	} {
		w := post(s, body)
		calls := f.Calls()
		if w.Code != 200 || calls[len(calls)-1].Request.Task != task {
			t.Errorf("%s: got %d and the task %v, want 200 and %v", body, w.Code, calls[len(calls)-1].Request.Task, task)
		}
		if want := strings.Contains(body, "metadata"); (w.Header().Get("X-Vecspace-Ignored") == "encoding, metadata, x?y") != want {
			t.Errorf("%s: got %q as ignored", body, w.Header().Get("X-Vecspace-Ignored"))
		}
	}
}

func TestModels(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{TextTokens: 512, Texts: 10}, Price: embedding.Price{PerMillion: 2, Currency: "USD", AsOf: "2026-01-02"}}})
	s := open(t, e, Options{Models: map[string]Model{"m": {Embedder: e, Aliases: []string{"n"}, Lengths: []int{4, 8}}}})
	const want = `{"id":"m","object":"model","created":0,"owned_by":"fake","aliases":["n"],"dimensions":8,"other_dimensions":[4],"max_input_tokens":512,"max_texts":2048,` +
		`"normalized":true,"roles":["document","query","similarity","classification","clustering"],"space":"fake/fake@8","price_per_million_tokens":2,"price_currency":"USD","price_as_of":"2026-01-02"}`
	expect.Equal(t, "list", ask(s, "GET", "/v1/models", "").Body.String(), `{"object":"list","data":[`+want+`]}`)
	expect.Equal(t, "short path", ask(s, "GET", "/models", "").Body.String(), `{"object":"list","data":[`+want+`]}`)
	expect.Equal(t, "one", ask(s, "GET", "/v1/models/n", "").Body.String(), want)
	expect.Equal(t, "embeddings at the short path", ask(s, "POST", "/embeddings", `{"input":"a"}`).Code, 200)
}

func TestOptions(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	for says, o := range map[string]Options{
		"Options.Models is empty":                     {},
		`the Embedder of the model "m" is nil`:        {Models: map[string]Model{"m": {}}},
		`a name of a model is blank`:                  {Models: map[string]Model{" ": {Embedder: e}}},
		`the name "n" belongs to two models, m and n`: {Models: map[string]Model{"m": {Embedder: e, Aliases: []string{"n"}}, "n": {Embedder: e}}},
		`the default "x" is no model: there are m`:    {Models: map[string]Model{"m": {Embedder: e}}, Default: "x"},
		`has a length of 0`:                           {Models: map[string]Model{"m": {Embedder: e, Lengths: []int{0}}}},
		`a limit or the timeout is negative`:          {Models: map[string]Model{"m": {Embedder: e}}, Limits: Limits{Texts: -1}},
	} {
		_, err := New(o)
		expect.Says(t, "the error", err, says)
	}
}

// Bodies may be gzip, and what they hold counts towards the limit.
func TestGzip(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Limits: Limits{Body: 1000}})
	packed := func(body string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(body))
		z.Close()
		return b.String()
	}
	whole := packed(`{"model":"m","input":"a"}`)
	for _, tc := range []struct {
		body, coding string
		status       int
		says         string
	}{
		{whole, "gzip", 200, `"object":"list"`},
		{`{"model":"m","input":"a"}`, "identity", 200, `"object":"list"`},
		{packed(`{"input":"` + strings.Repeat("a", 100_000) + `"}`), "gzip", 413, "more than 1000 bytes"},
		{whole[:len(whole)-6], "gzip", 400, "is not gzip"},
		{"plain", "gzip", 400, "is not gzip"},
		{whole, "br", 415, "not gzip or identity"},
	} {
		w := post(s, tc.body, "Content-Encoding", tc.coding)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%q as %s: got %d and %s, want %d and %q", tc.body[:5], tc.coding, w.Code, w.Body, tc.status, tc.says)
		}
	}
}

// Over the bound a request is refused at once, and nothing of it is read.
func TestBusy(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		entered <- struct{}{}
		<-hold
		return embedtest.Reply{}
	}})
	s := open(t, e, Options{Limits: Limits{InFlight: 2}})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			expect.Equal(t, "a request in its place", post(s, `{"model":"m","input":"a"}`).Code, 200)
		})
	}
	<-entered
	<-entered
	r := httptest.NewRequest(http.MethodPost, "/v1/embeddings", untouched{t})
	r.Host = "localhost"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" || w.Header().Get("X-Should-Retry") != "true" || !strings.Contains(w.Body.String(), "as many requests as it takes") {
		t.Errorf("got %d, %v and %s, want 429", w.Code, w.Header(), w.Body)
	}
	close(hold)
	wg.Wait()
	expect.Equal(t, "once there is a place", post(s, `{"model":"m","input":"a"}`).Code, 200)
	if s.inFlight.Load() != 0 || s.held.Load() != 0 {
		t.Errorf("%d requests and %d bytes are held, want none", s.inFlight.Load(), s.held.Load())
	}
}

// A refusal leaves the connection open if the body is small and arrives; a large or a late one ends
// it half a second after the answer.
func TestBusyConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		announced, sent int
		at              time.Duration // when the answer comes
		kept            bool
	}{
		"small": {announced: passing, sent: passing, kept: true},
		"large": {announced: passing + 1, sent: 1},
		"late":  {announced: 100, sent: 1, at: lingering},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, _ := fake(embedtest.FakeOptions{})
			s := open(t, e, Options{Limits: Limits{InFlight: 1}})
			s.inFlight.Add(1)
			conn := dialed(t, s)
			defer conn.Close()
			go func() { // a connection in memory takes no more than is read
				fmt.Fprintf(conn, "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", tc.announced, strings.Repeat("x", tc.sent))
			}()
			start, in := time.Now(), bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			expect.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			expect.NoError(t, err)
			if res.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(body), "as many requests") || time.Since(start) != tc.at || res.Close == tc.kept {
				t.Errorf("%s: got %d after %v and %v, which ends the connection: %v", name, res.StatusCode, time.Since(start), res.Header, res.Close)
			}
			if !tc.kept {
				_, err := in.ReadByte()
				expect.Equal(t, name+": the end", err, io.EOF)
				return
			}
			go fmt.Fprint(conn, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
			res, err = http.ReadResponse(in, nil)
			expect.NoError(t, err)
			expect.Equal(t, name+": the next request", res.StatusCode, 200)
		})
	}
}

type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body is read, want it untouched")
	return 0, io.EOF
}

// The bytes of all bodies are bounded as they arrive; what a client only announces does not count.
func TestBytes(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Limits: Limits{Bytes: 1000}})
	slow, feed := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, "/v1/embeddings", slow)
	r.Host, r.ContentLength = "localhost", 30_000_000
	done := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		done <- w.Code
	}()
	_, err := feed.Write([]byte(`{"input":"`))
	expect.NoError(t, err)
	expect.Equal(t, "beside a slow sender", post(s, `{"model":"m","input":"`+strings.Repeat("a", 800)+`"}`).Code, 200)
	expect.Equal(t, "over the bound", post(s, `{"model":"m","input":"`+strings.Repeat("a", 1000)+`"}`).Code, 429)
	feed.CloseWithError(errors.New("gone"))
	<-done
	expect.Equal(t, "bytes held", s.held.Load(), int64(0))
}

// A provider that hangs costs a request its time, not more.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := fake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Hour} }})
		start := time.Now()
		w := post(open(t, e, Options{Timeout: time.Second}), `{"model":"m","input":"a"}`)
		if w.Code != 504 || w.Header().Get("X-Should-Retry") != "false" || time.Since(start) != time.Second || !strings.Contains(w.Body.String(), "did not answer within 1s") {
			t.Errorf("got %d after %v and %s, want 504 after 1s", w.Code, time.Since(start), w.Body)
		}
	})
}

// A client that leaves is noted as such, and its request is given up.
func TestClientLeaves(t *testing.T) {
	var got Access
	ended := make(chan struct{})
	hold := make(chan struct{})
	e := embedding.Chain(waiting{hold})
	s := open(t, e, Options{Access: func(a Access) { got = a; close(ended) }})
	srv := httptest.NewServer(s)
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/v1/embeddings", strings.NewReader(`{"model":"m","input":["a","b"]}`))
	expect.NoError(t, err)
	go func() { <-hold; cancel() }()
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Error("got an answer, want none")
	}
	<-ended
	if got.Status != 499 || got.Model != "m" || got.Texts != 2 || got.Wire != "openai" {
		t.Errorf("got %+v, want the status 499", got)
	}
}

// waiting is an embedder that waits for the caller to leave.
type waiting struct{ entered chan struct{} }

func (waiting) Model() embedding.Model {
	return embedding.Model{Provider: "p", ID: "i", Dimensions: 2}
}
func (w waiting) Embed(ctx context.Context, _ embedding.Request) (embedding.Response, error) {
	close(w.entered)
	<-ctx.Done()
	return embedding.Response{}, ctx.Err()
}

// A body that does not arrive ends its connection, and stops nobody else.
func TestSlowBody(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	srv := httptest.NewServer(open(t, e, Options{Limits: Limits{BodyTime: 50 * time.Millisecond, InFlight: 1}}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	expect.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
	expect.NoError(t, err)
	res, err := http.Post(srv.URL+"/v1/embeddings", "application/json", strings.NewReader(`{"input":"a"}`))
	expect.NoError(t, err)
	res.Body.Close()
	expect.Equal(t, "status beside a slow body", res.StatusCode, 200)
	said, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(said), "HTTP/1.1 408") || !strings.Contains(string(said), "did not arrive within 50ms") {
		t.Errorf("got %q and %v, want 408 and the end of the connection", said, err)
	}
}

func TestRequestID(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{})
	for id, kept := range map[string]bool{"abc-1.2_3": true, "": false, "a b": false, "x\"y": false, strings.Repeat("a", 129): false, strings.Repeat("a", 128): true} {
		got := ask(s, "GET", "/v1/models", "", "X-Request-Id", id).Header().Get("X-Request-Id")
		if (got == id) != kept || got == "" {
			t.Errorf("%q: got %q, want it kept: %v", id, got, kept)
		}
	}
}

func TestDrain(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{})
	s.Drain()
	if w := post(s, `{"input":"a"}`); w.Code != 200 || w.Header().Get("Connection") != "close" {
		t.Errorf("got %d and %v, want an answer that ends its connection", w.Code, w.Header())
	}
}

// Access says what a request was, without its texts.
func TestAccess(t *testing.T) {
	var got Access
	e, _ := fake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 2, Currency: "USD"}}})
	s := open(t, e, Options{Access: func(a Access) { got = a }})
	post(s, `{"input":["a secret","b"]}`, "X-Request-Id", "r1")
	if got.ID != "r1" || got.Wire != "openai" || got.Model != "m" || got.Status != 200 || got.Texts != 2 || got.Usage.Tokens == 0 ||
		got.Cost != 2e-6*float64(got.Usage.Tokens) || got.Currency != "USD" || got.Took <= 0 || got.Start.IsZero() || strings.Contains(fmt.Sprint(got), "secret") {
		t.Errorf("got %+v", got)
	}
	post(s, `{"input":["a",""]}`)
	if got.Status != 400 || got.Kind != embedding.Rejected || got.Rejected != 1 || got.Texts != 2 {
		t.Errorf("got %+v, want a rejected text of two", got)
	}
}

// Token ids are texts where the vocabulary is known. What has no text is refused with its place.
func TestTokenIDs(t *testing.T) {
	e, f := fake(embedtest.FakeOptions{})
	decode := func(ids []int) (text string, err error) {
		for _, id := range ids {
			if id < 0 || id > 255 {
				return "", errors.New("no such token")
			}
			text += string([]byte{byte(id)})
		}
		return text, nil
	}
	s := open(t, e, Options{Models: map[string]Model{"m": {Embedder: e, Decode: decode}}})
	for body, want := range map[string]string{
		`{"input":[104,105]}`:          "hi",
		`{"input":[[104],[195,182]]}`:  "h ö",
		`{"input":[[104],[256],[-1]]}`: "2 of 3 texts rejected: input[1] has token ids that the vocabulary does not have; input[2] has",
		`{"input":[[104],[195]]}`:      "input[1] has token ids that end inside a character",
		`{"input":[[104],[]]}`:         "input[1] is empty",
		`{"input":[[32]]}`:             "input[0] is blank",
		`{"input":[]}`:                 "'$.input' is invalid",
	} {
		before := len(f.Calls())
		w := post(s, body)
		if calls := f.Calls(); w.Code == 200 {
			if got := strings.Join(calls[len(calls)-1].Request.Texts, " "); got != want {
				t.Errorf("%s: got the texts %q, want %q", body, got, want)
			}
		} else if w.Code != 400 || !strings.Contains(w.Body.String(), want) || len(calls) != before {
			t.Errorf("%s: got %d and %s, want %q", body, w.Code, w.Body, want)
		}
	}
	if w := post(s, `{"input":[[104],[256]]}`, "X-Vecspace-Partial", "true"); w.Code != 200 || !read(t, w).Partial {
		t.Errorf("got %d and %s, want a part", w.Code, w.Body)
	}
}

// A body of many small values would take a hundred times its size once it is decoded. Commas inside
// a text are none.
func TestCrowdedBody(t *testing.T) {
	e, _ := fake(embedtest.FakeOptions{})
	s := open(t, e, Options{Limits: Limits{TextBytes: 2 << 20}})
	for _, tc := range []struct {
		path, body string
		status     int
		says       string
	}{
		{path: "/v1/embeddings", body: `{"input":[` + strings.Repeat(`1,`, mostValues) + `1]}`, status: 413, says: "more than 400000 values"},
		{path: "/v1/embeddings", body: `{"input":[` + strings.Repeat(`"",`, mostValues) + `""]}`, status: 413, says: "more than 400000 values"},
		{path: "/v1beta/models/m:batchEmbedContents", body: `{"requests":[` + strings.Repeat(`{},`, mostValues) + `{}]}`, status: 413, says: "more than 400000 values"},
		{path: "/v1/embeddings", body: `{"input":"\\\",` + strings.Repeat(`a,`, mostValues) + `"}`, status: 200, says: `"object":"list"`},
		{path: "/v1/embeddings", body: `{"input":[` + strings.Repeat(`1,`, mostValues/2) + `1]}`, status: 400, says: "token ids"},
		{path: "/v1/embeddings", body: `{"input":"` + strings.Repeat(`a`, mostValues), status: 400, says: "could not parse"},
	} {
		w := ask(s, http.MethodPost, tc.path, tc.body)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s %.40s: got %d and %.200s, want %d and %q", tc.path, tc.body, w.Code, w.Body, tc.status, tc.says)
		}
	}
}
