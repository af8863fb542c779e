package dialect

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// plain is a dialect that says only the message.
type plain struct{ Dialect }

func (plain) Routes() []Route {
	return []Route{{Method: "POST", Path: "/models/{model}:embed"}, {Method: "POST", Path: "/of/{a}/{b}"},
		{Method: "GET", Path: "/health", Info: func(*Request, []Model) Reply { return Reply{} }}}
}

func (plain) Words(*Request) Words {
	return Words{
		NoPath: Refusal{Message: "no {path}"}, NoMethod: Refusal{Message: "no {method}"}, BadKey: Refusal{Message: "key", Late: true},
		NoModel: Refusal{Message: `{model} {"model"}: {models}: {'models'}`},
		Kinds: map[embedding.Kind]Refusal{
			embedding.Rejected: {Status: 400, Message: "rejected: {why}"}, embedding.Unavailable: {Status: 503, Message: "down"},
		},
	}
}

func (plain) Refuse(_ *Request, why Refusal) Reply {
	return Reply{Status: why.Status, Body: []byte(why.Text(nil))}
}

func request(method, path string) *Request {
	return &Request{Request: httptest.NewRequest(method, path, nil), Out: http.Header{}}
}

func TestFind(t *testing.T) {
	for _, tc := range []struct{ method, path, refusal, values string }{
		{"POST", "/models/m:embed", "", "m"}, {"POST", "/models/a%2Fb%3A0:embed", "", "a/b:0"}, {"POST", "/of/1/2", "", "12"},
		{"GET", "/health", "", ""}, {"POST", "/health", "no /health", ""}, {"GET", "/models/m:embed", "no GET", ""},
		{"POST", "/models/:embed", "no /models/:embed", ""}, {"POST", "/models/m", "no /models/m", ""}, {"POST", "/models/m:embed/", "no /models/m:embed/", ""},
		{"POST", "/of/1", "no /of/1", ""}, {"POST", "/of//2", "no /of//2", ""},
	} {
		r, got := request(tc.method, tc.path), ""
		if why := Find(plain{}, r); why != nil {
			got = why.Text(nil)
		}
		values := r.PathValue("model") + r.PathValue("a") + r.PathValue("b")
		if got != tc.refusal || (r.Route == nil) != (tc.refusal != "") || tc.refusal == "" && values != tc.values {
			t.Errorf("%s %s: got %q, %q, want %q, %q", tc.method, tc.path, got, values, tc.refusal, tc.values)
		}
	}
}

func TestSay(t *testing.T) {
	for _, tc := range []struct {
		err    embedding.Error
		status int
		body   string
		after  string
	}{
		{embedding.Error{Kind: embedding.Rejected, Err: errors.New("input[2]")}, 400, "rejected: input[2]", ""},
		{embedding.Error{Kind: embedding.Partial}, 400, "rejected: partial failure", ""},
		{embedding.Error{Kind: embedding.Unavailable, RetryAfter: 1100 * time.Millisecond}, 503, "down", "2"},
		{embedding.Error{Kind: embedding.Malformed}, 502, "down", ""},
		{embedding.Error{Kind: embedding.Unknown}, 500, "down", ""},
	} {
		r := request("POST", "/")
		got := Say(plain{}, r, &tc.err)
		if got.Status != tc.status || string(got.Body) != tc.body || r.Out.Get("Retry-After") != tc.after {
			t.Errorf("%v: got %d %q, retry after %q; want %d %q, %q", tc.err.Kind, got.Status, got.Body, r.Out.Get("Retry-After"), tc.status, tc.body, tc.after)
		}
	}
	if got := (plain{}).Words(nil).Of(embedding.Auth); got.Message != "key" || got.Late || got.Kind != embedding.Auth {
		t.Errorf("got %+v, want the refusal of a wrong key, at once", got)
	}
}

// A value that looks like a hole is not filled, and a copy's holes are its own.
func TestHoles(t *testing.T) {
	why := (plain{}).Words(nil).Unknown("{models}", []string{"a", "b"})
	expect.Equal(t, "text", why.Text(nil), `{models} "{models}": a, b: 'a', 'b'`)
	expect.Equal(t, "escaped text", why.Text(strings.ToUpper), `{MODELS} "{MODELS}": A, B: 'A', 'B'`)
	base := Refusal{Message: "{a}{b}"}.With("{a}", "1")
	one, two := base.With("{b}", "2"), base.With("{b}", "3")
	expect.Equal(t, "copies", base.Text(nil)+one.Text(nil)+two.Text(nil), "1{b}1213")
}
