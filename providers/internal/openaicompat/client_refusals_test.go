package openaicompat

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   embedding.Error
		says   string
	}{
		{name: "envelope", status: 400, body: `{"error":{"message":"no such thing","type":"invalid_request_error","param":null,"code":"bad_thing"}}`,
			want: embedding.Error{Kind: embedding.Invalid, Code: "bad_thing", RequestID: "req-1"}, says: "no such thing"},
		{name: "a code that is a number", status: 500, body: `{"error":{"code":500,"message":"broken","type":"server_error"}}`,
			want: embedding.Error{Kind: embedding.Unavailable, Code: "server_error", RequestID: "req-1"}, says: "broken"},
		{name: "a number of the provider's own", status: 413, body: `{"code":20042,"message":"too much","data":null}`,
			want: embedding.Error{Kind: embedding.TooLarge, Code: "20042", RequestID: "req-1"}, says: "too much"},
		{name: "flat", status: 401, body: `{"code":"InvalidApiKey","message":"no key","request_id":"x"}`,
			want: embedding.Error{Kind: embedding.Auth, Code: "InvalidApiKey", RequestID: "req-1"}, says: "no key"},
		{name: "error is a string", status: 404, body: `{"error":"model not found"}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1"}, says: "model not found"},
		{name: "TEI", status: 424, body: `{"error":"backend failed","error_type":"Backend"}`,
			want: embedding.Error{Kind: embedding.Unavailable, Code: "Backend", RequestID: "req-1"}, says: "backend failed"},
		{name: "FastAPI", status: 422, body: `{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1"}, says: "Field required"},
		{name: "a detail in words", status: 400, body: `{"detail":"lower the number of tokens"}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1"}, says: "lower the number"},
		{name: "Google", status: 429, body: `[{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}]`,
			want: embedding.Error{Kind: embedding.RateLimited, Code: "RESOURCE_EXHAUSTED", RequestID: "req-1"}, says: "slow down"},
		{name: "error without a message", status: 400, body: `{"error":{"code":"odd"}}`,
			want: embedding.Error{Kind: embedding.Invalid, Code: "odd", RequestID: "req-1"}, says: "Bad Request"},
		{name: "a message that is a list", status: 400, body: `{"error":{"message":["one","two"]}}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1"}, says: "one, two"},
		{name: "param is a number", status: 400, body: `{"error":{"message":"odd","param":3}}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1"}, says: "odd"},
		{name: "JSON of another form", status: 400, body: `{"status":"failed"}`,
			want: embedding.Error{Kind: embedding.Invalid, RequestID: "req-1", Code: "failed"}, says: "Bad Request"},
		{name: "null", status: 500, body: `null`, want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "Internal Server Error"},
		{name: "HTML", status: 502, body: "<html><title>502</title>secret page</html>",
			want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "Bad Gateway (a web page"},
		{name: "plain words", status: 503, body: "upstream connect error", want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "upstream connect error"},
		{name: "empty", status: 503, body: "", want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "Service Unavailable"},
		{name: "unknown status", status: 599, body: "", want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "without vectors"},
		{name: "no content", status: 204, body: "", want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: "No Content"},
		{name: "a body without end", status: 500, body: strings.Repeat("x", 1<<20), want: embedding.Error{Kind: embedding.Unavailable, RequestID: "req-1"}, says: "xxx..."},
		{name: "200 with an error", status: 200, body: `{"error":{"message":"sorry","type":"odd","code":"odd_code"},"request_id":"x"}`,
			want: embedding.Error{Kind: embedding.Malformed, Code: "odd_code", RequestID: "req-1"}, says: "sorry"},
		{name: "200 with a flat error", status: 200, body: `{"code":"Odd","message":"sorry"}`,
			want: embedding.Error{Kind: embedding.Malformed, Code: "Odd", RequestID: "req-1"}, says: "sorry"},
		{name: "200 with an error in words", status: 200, body: `{"error":"sorry"}`,
			want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: "sorry"},
		{name: "200 with vectors and an error", status: 200, body: `{"data":[{"index":0,"embedding":[1,2,3,4]}],"error":{"message":"sorry"}}`,
			want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: "sorry"},
		{name: "200 with HTML", status: 200, body: `<html>`, want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: ""},
		{name: "200 with nothing", status: 200, body: ``, want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: ""},
		{name: "200 with another thing", status: 200, body: `{"object":"list"}`, want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: ""},
		{name: "200 cut short", status: 200, body: `{"data":[{"index":0,"embedding":[1,2,`, want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: ""},
		{name: "200 without end", status: 200, body: `{"data":[],"pad":"` + strings.Repeat("x", 2<<20) + `"}`, want: embedding.Error{Kind: embedding.Malformed, RequestID: "req-1"}, says: "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := open(t, status(tc.status, tc.body))
			_, err := c.Embed(t.Context(), texts("one"))
			got := failure(t, err)
			if got.Kind != tc.want.Kind || got.Code != tc.want.Code || got.RequestID != tc.want.RequestID {
				t.Errorf("got %v with code %q and request %q, want %v, %q, %q: %v", got.Kind, got.Code, got.RequestID, tc.want.Kind, tc.want.Code, tc.want.RequestID, err)
			}
			if got.Status != tc.status || got.Provider != "test" || got.Model != "model" || !strings.HasPrefix(got.Endpoint, "127.0.0.1:") {
				t.Errorf("status %d of %s:%s at %s", got.Status, got.Provider, got.Model, got.Endpoint)
			}
			if !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 1000 || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error is %q, and should say %q", err, tc.says)
			}
		})
	}
}

// TestWrongAnswers: the scanner's own tests have more; these make sure that its word is heard.
func TestWrongAnswers(t *testing.T) {
	for _, tc := range []struct{ data, says string }{
		{`{"index":0,"embedding":[1,2,3,4]}`, "no vector for text 1"},
		{`{"index":0,"embedding":[1,2,3,4]},{"index":0,"embedding":[1,2,3,4]}`, "two vectors for text 0"},
		{`{"index":0,"embedding":[1,2,3,4]},{"index":2,"embedding":[1,2,3,4]}`, "vector for text 2"},
		{`{"index":0,"embedding":[1,2,3,4]},{"index":true,"embedding":[1,2,3,4]}`, "item 1 of the answer has an index that is no number"},
		{`{"embedding":[1,2,3,4]}`, "1 items of the answer have no index"},
		{`{"index":0,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3,4]}`, "3 numbers, want 4"},
		{`{"index":0,"embedding":null},{"index":1,"embedding":[1,2,3,4]}`, "neither a list"},
		{`{"index":0,"embedding":[1,2,3,1e39]},{"index":1,"embedding":[1,2,3,4]}`, "float32 cannot hold"},
		{`{"index":0,"embedding":[1,2,3,NaN]},{"index":1,"embedding":[1,2,3,4]}`, "invalid character 'N'"},
	} {
		for _, dims := range []int{4, 0} {
			c := open(t, status(200, `{"code":0,"message":"success","data":[`+tc.data+`]}`), func(c *options) { c.Model.Dimensions = dims })
			res, err := c.Embed(t.Context(), texts("one", "two"))
			if dims == 0 && tc.says == "3 numbers, want 4" {
				tc.says = "more than 3 numbers"
			}
			e := failure(t, err)
			if e.Kind != embedding.Malformed || e.Status != 200 || e.RequestID != "req-1" || !strings.Contains(err.Error(), tc.says) || res.Vectors != nil {
				t.Errorf("%s: got %v and %v, want it to say %q", tc.data, res.Vectors, err, tc.says)
			}
		}
	}
}

func TestPlacedByIndex(t *testing.T) {
	for _, dims := range []int{4, 0} {
		c := open(t, status(200, `{"data":[{"embedding":[1,1,1,1],"index":2},{"index":0,"embedding":[2,2,2,2]},{"index":1,"embedding":[3,3,3,3]}]}`),
			func(c *options) { c.Model.Dimensions = dims })
		res, err := c.Embed(t.Context(), texts("one", "two", "three"))
		if err != nil || fmt.Sprint(res.Vectors) != "[[2 2 2 2] [3 3 3 3] [1 1 1 1]]" {
			t.Errorf("got %v, %v, want Vectors [[2 2 2 2] [3 3 3 3] [1 1 1 1]]", res.Vectors, err)
		}
	}
}

func TestClassifierSeesTheServersOwnWords(t *testing.T) {
	var seen wire.Failure
	c := open(t, status(400, `{"error":{"message":"no room for a text of mine","code":"full"}}`), func(c *options) {
		c.Classify = func(f wire.Failure) wire.Verdict {
			seen = f
			return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: 3}, Advice: "send less"}
		}
	})
	_, err := c.Embed(t.Context(), texts("a text of mine"))
	e := failure(t, err)
	if seen.Message != "no room for a text of mine" || seen.Status != 400 || seen.Header.Get("X-Request-Id") == "" {
		t.Errorf("the classifier saw %+v", seen)
	}
	if e.Kind != embedding.TooLarge || e.Allowed.Texts != 3 || !strings.Contains(err.Error(), "no room for [redacted]; send less") {
		t.Errorf("got %v, allowed %+v, want Kind %v, Texts 3, %q",
			err, e.Allowed, embedding.TooLarge, "no room for [redacted]; send less")
	}
}

func TestNothingSecretInErrors(t *testing.T) {
	const text = "the caller's private words"
	echo := fmt.Sprintf("%s %s", testKey, text)
	for _, h := range []http.HandlerFunc{
		status(400, `{"error":{"message":"`+echo+`","code":"`+echo+`","type":"`+echo+`"},"request_id":"`+echo+`"}`),
		status(500, echo),
		status(200, `{"error":"`+echo+`"}`),
		status(200, echo),
		status(200, `{"data":[{"index":"`+echo+`"}]}`),
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", echo)
			w.Header().Set("Location", "http://other.example/"+testKey)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		func(w http.ResponseWriter, r *http.Request) { // no HTTP at all
			conn, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(conn, echo+"\r\n\r\n")
			conn.Close()
		},
	} {
		_, err := open(t, h).Embed(t.Context(), texts(text))
		if err == nil {
			t.Fatal("no error")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if s := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(s, testKey) || strings.Contains(s, text) {
				t.Errorf("the error shows the key or the text: %s", s)
			}
		}
	}
}
