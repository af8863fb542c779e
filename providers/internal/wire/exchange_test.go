package wire_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/internal/wire"
)

const text = "a text that must not be shown"

// exchange asks a server that answers by respond.
func exchange(t *testing.T, respond func(*http.Request) *http.Response, edit ...func(*wire.Config)) *wire.Exchange {
	t.Helper()
	c := wire.Config{
		Model:   embedding.Model{Provider: "acme", ID: "m", Dimensions: 2},
		BaseURL: "https://host.example/v1/", Path: "/embed", Key: vendortest.Key,
		HTTPClient: &http.Client{Transport: vendortest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			return respond(r), nil
		})},
	}
	for _, e := range edit {
		e(&c)
	}
	x, err := wire.NewExchange(c)
	expect.NoError(t, err)
	return x
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"X-Request-Id": {"req-1"}},
	}
}

// read takes everything; ask makes it look for an error beside the vectors, or instead of them.
func read(got *string, ask, bare bool, wrong error) wire.Reader {
	return func(a *wire.Answer) ([]byte, bool, error) {
		b, err := io.ReadAll(a)
		if err == nil {
			err = wrong
		}
		*got = string(b)
		if !ask {
			return nil, bare, err
		}
		return b, bare, err
	}
}

func TestWhatIsSent(t *testing.T) {
	const bearer = "Bearer " + vendortest.Key
	for _, tc := range []struct {
		name string
		edit func(*wire.Config)
		url  string
		head string // the header that carries the secret
		want string
	}{
		{name: "key", edit: func(*wire.Config) {}, head: "Authorization", want: bearer},
		{name: "no key", edit: func(c *wire.Config) { c.Key = "" }, head: "Authorization"},
		{name: "header", edit: func(c *wire.Config) { c.KeyHeader = "X-Key" }, head: "X-Key", want: vendortest.Key},
		{name: "token", edit: func(c *wire.Config) {
			c.KeyHeader = "X-Key"
			c.Token = func(context.Context) (string, error) { return vendortest.Key, nil }
		}, head: "Authorization", want: bearer},
		{name: "signature", edit: func(c *wire.Config) {
			c.Sign = func(r *http.Request, body []byte) (string, error) {
				r.Header.Set("X-Sum", fmt.Sprint(len(body)))
				return "s", nil
			}
		}, head: "X-Sum", want: "2"},
		{name: "query", edit: func(c *wire.Config) { c.Query = "v=1" }, url: "https://host.example/v1/embed?v=1", head: "Authorization", want: bearer},
		{name: "escaped", edit: func(c *wire.Config) { c.Path = "/a%2Fb%3A0" }, url: "https://host.example/v1/a%2Fb%3A0", head: "Authorization", want: bearer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := exchange(t, func(r *http.Request) *http.Response {
				body, err := io.ReadAll(r.Body)
				expect.NoError(t, err)
				again, err := r.GetBody()
				expect.NoError(t, err)
				second, err := io.ReadAll(again)
				expect.NoError(t, err)
				if url := r.URL.String(); tc.url != "" && url != tc.url {
					t.Errorf("got the URL %s, want %s", url, tc.url)
				}
				expect.Equal(t, "header", r.Header.Get(tc.head), tc.want)
				expect.Equal(t, "body, twice", string(body)+string(second), "{}{}")
				expect.Equal(t, "length", r.ContentLength, int64(2))
				expect.Equal(t, "type", r.Header.Get("Content-Type"), "application/json")
				return answer(200, "[]")
			}, tc.edit)
			var got string
			a, err := x.Post(t.Context(), []byte("{}"), []string{text}, read(&got, true, true, nil))
			expect.NoError(t, err)
			expect.Equal(t, "answer and id", got+a.ID("of the body"), "[]req-1")
		})
	}
}

// TestAnswers: what comes of each sort of answer, and of what its reader finds.
func TestAnswers(t *testing.T) {
	coded := func(status int, coding, body string) *http.Response {
		a := answer(status, body)
		a.Header.Set("Content-Encoding", coding)
		return a
	}
	elsewhere := answer(302, "")
	elsewhere.Header.Set("Location", "https://other.example/"+vendortest.Key)
	cut := answer(200, "")
	cut.Body = io.NopCloser(io.MultiReader(strings.NewReader("["), &broken{}))
	for _, tc := range []struct {
		name  string
		res   *http.Response
		ask   bool // for an error beside the vectors
		bare  bool // there are no vectors
		wrong error
		kind  embedding.Kind // Unknown: no error
		says  string
	}{
		{name: "vectors", res: answer(200, "{}"), ask: true},
		{name: "a refusal", res: answer(429, `{"error":"slow down"}`), kind: embedding.RateLimited, says: "slow down"},
		{name: "a refusal that quotes", res: answer(400, text+vendortest.Key), kind: embedding.Invalid, says: "[redacted]"},
		{name: "a success without a body", res: answer(204, ""), kind: embedding.Malformed, says: "No Content"},
		{name: "a part of a body", res: answer(206, "{}"), kind: embedding.Malformed, says: "Partial Content"},
		{name: "created", res: answer(201, "{}"), ask: true},
		{name: "accepted", res: answer(202, "{}"), ask: true},
		{name: "a redirect", res: elsewhere, kind: embedding.Malformed, says: "https://other.example, and redirects are not followed"},
		{name: "compressed", res: coded(200, "br", "x"), kind: embedding.Malformed, says: "compressed (br)"},
		{name: "a refusal, compressed", res: coded(429, "br", "x"), kind: embedding.RateLimited, says: "Too Many Requests"},
		{name: "gzip", res: coded(200, "GZIP", zipped("{}")), ask: true},
		{name: "gzip that a proxy took off", res: coded(200, "gzip", "{}"), ask: true},
		{name: "gzip, cut", res: coded(200, "gzip", zipped(strings.Repeat("{}", 99))[:20]), kind: embedding.Unavailable, says: "the answer broke off"},
		{name: "gzip, damaged", res: coded(200, "gzip", "\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), kind: embedding.Malformed, says: "the answer is damaged"},
		{name: "a refusal in gzip", res: coded(429, "x-gzip", zipped(`{"error":"slow down"}`)), kind: embedding.RateLimited, says: "slow down"},
		{name: "much in gzip", res: coded(200, "gzip", zipped(strings.Repeat("x", 2<<20))), kind: embedding.Malformed, says: "the answer is too long"},
		{name: "a refusal of much in gzip", res: coded(500, "gzip", zipped(strings.Repeat("x", 2<<20))), kind: embedding.Unavailable, says: "xxx..."},
		{name: "cut", res: cut, kind: embedding.Unavailable, says: "the answer broke off"},
		{name: "too long", res: answer(200, strings.Repeat("x", 2<<20)), kind: embedding.Malformed, says: "the answer is too long"},
		{name: "wrong", res: answer(200, "{}"), ask: true, bare: true, wrong: errors.New("there are no vectors in the answer for the text " + text), kind: embedding.Malformed, says: "for the text [redacted]"},
		{name: "unfit", res: answer(200, "{}"), ask: true, wrong: wire.Unfit("%d dimensions", 3), kind: embedding.Invalid, says: "3 dimensions"},
		{name: "an error beside vectors", res: answer(200, `{"error":"sorry"}`), ask: true, kind: embedding.Malformed, says: "sorry"},
		{name: "not looked for", res: answer(200, `{"error":"sorry"}`)},
		{name: "a code beside vectors", res: answer(200, `{"code":0,"message":"success"}`), ask: true},
		{name: "a code beside wrong vectors", res: answer(200, `{"code":0,"message":"success"}`), ask: true, wrong: errors.New("one is missing"), kind: embedding.Malformed, says: "one is missing"},
		{name: "an error that is none", res: answer(200, `{"error":{"code":0,"message":"success"}}`), ask: true},
		{name: "an error that is none, in a word", res: answer(200, `{"error":"OK"}`), ask: true},
		{name: "a status", res: answer(200, `{"error":{"code":504,"message":"sorry"}}`), ask: true, bare: true, kind: embedding.Unavailable, says: "sorry"},
		{name: "a status as text", res: answer(200, `{"error":{"code":"429","message":"sorry"}}`), ask: true, bare: true, kind: embedding.RateLimited, says: "sorry"},
		{name: "a flat status", res: answer(201, `{"status":401,"message":"sorry"}`), ask: true, bare: true, kind: embedding.Auth, says: "sorry"},
		{name: "a status of another name", res: answer(200, "\ufeff  {\"statusCode\":503,\"message\":\"sorry\"}"), ask: true, bare: true, kind: embedding.Unavailable, says: "sorry"},
		{name: "a status beside a code", res: answer(200, `{"error":{"code":"busy","status":529,"message":"sorry"}}`), ask: true, bare: true, kind: embedding.Unavailable, says: "sorry"},
		{name: "a status in words", res: answer(200, `{"error":{"status":"RESOURCE_EXHAUSTED","message":"sorry"}}`), ask: true, bare: true, kind: embedding.RateLimited, says: "sorry"},
		{name: "no status", res: answer(200, `{"code":1113,"message":"sorry"}`), ask: true, bare: true, kind: embedding.Malformed, says: "sorry"},
		{name: "a list of errors", res: answer(400, `{"success":false,"errors":[{"code":7003,"message":"no route"},{"code":7000,"message":"nor that"}]}`), kind: embedding.Invalid, says: "(400 7003): no route, nor that"},
		{name: "a list of errors under success", res: answer(200, `{"success":false,"errors":[{"code":7003,"message":"no route"}]}`), ask: true, bare: true, kind: embedding.Malformed, says: "no route"},
		{name: "a firewall's page", res: answer(403, "<html>"), kind: embedding.Invalid, says: "a firewall or a proxy on the way"},
		{name: "a proxy's login", res: answer(407, "<html>"), kind: embedding.Auth, says: "HTTPS_PROXY"},
		{name: "a login page", res: answer(401, "<html>"), kind: embedding.Auth, says: "a web page"},
		{name: "a gateway's empty balance", res: answer(403, `{"error":{"message":"no quota","type":"new_api_error","code":"insufficient_user_quota"}}`), kind: embedding.Exhausted, says: "billing page"},
		{name: "a conflict", res: answer(409, `{}`), kind: embedding.Unavailable, says: "Conflict"},
		{name: "a code without vectors", res: answer(200, `{"code":7,"message":"sorry"}`), ask: true, bare: true, wrong: errors.New("none"), kind: embedding.Malformed, says: "sorry"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got string
			x := exchange(t, func(*http.Request) *http.Response { return tc.res })
			_, err := x.Post(t.Context(), nil, []string{text}, read(&got, tc.ask, tc.bare, tc.wrong))
			if tc.kind == embedding.Unknown {
				expect.NoError(t, err)
				return
			}
			e, ok := errors.AsType[*embedding.Error](err)
			if !ok || e.Kind != tc.kind || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, want %v and %q", err, tc.kind, tc.says)
			}
			expect.Equal(t, "whose error it is, and the request", e.Provider+e.Model+e.Endpoint+e.RequestID, "acmemhost.examplereq-1")
			expect.Equal(t, "status", e.Status, tc.res.StatusCode)
			if s := err.Error(); strings.Contains(s, text) || strings.Contains(s, vendortest.Key) {
				t.Errorf("the error shows a text or the key: %s", s)
			}
		})
	}
}

func zipped(s string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// TestTheServersOwnWordsDecide: a classifier does not see what a server quotes of the texts, and a
// server that failed is not believed to refuse for good, unless testdata proves it.
func TestTheServersOwnWordsDecide(t *testing.T) {
	const text = "an essay on the insufficient balance of power in Europe"
	classify := func(proved bool) func(*wire.Config) {
		return func(c *wire.Config) {
			c.Classify = func(f wire.Failure) wire.Verdict {
				if strings.Contains(f.Message, "insufficient balance") {
					return wire.Verdict{Kind: embedding.Exhausted, Proved: proved}
				}
				return wire.Verdict{Kind: f.Kind()}
			}
		}
	}
	for _, tc := range []struct {
		status int
		said   string
		proved bool
		want   embedding.Kind
	}{
		{400, "insufficient balance", false, embedding.Exhausted},
		{400, "cannot embed '" + text + "'", false, embedding.Invalid},
		{429, "upstream failed for input [" + text + "]", true, embedding.RateLimited},
		{429, "upstream failed for " + strings.ToUpper(strings.ReplaceAll(text, " ", "%20")), true, embedding.RateLimited},
		{503, "insufficient balance", false, embedding.Unavailable},
		{503, "insufficient balance", true, embedding.Exhausted},
		{503, "upstream failed for " + text, true, embedding.Unavailable},
	} {
		x := exchange(t, func(*http.Request) *http.Response { return answer(tc.status, `{"error":`+strconv.Quote(tc.said)+`}`) }, classify(tc.proved))
		var got string
		if _, err := x.Post(t.Context(), nil, []string{text}, read(&got, false, false, nil)); !errors.Is(err, tc.want) || strings.Contains(err.Error(), "Europe") {
			t.Errorf("%d %q: got %v, want %v and no text", tc.status, tc.said, err, tc.want)
		}
	}
}

// TestIdentityIsAskedFor: without that header, a server may compress.
func TestIdentityIsAskedFor(t *testing.T) {
	x := exchange(t, func(r *http.Request) *http.Response {
		expect.Equal(t, "Accept-Encoding", r.Header.Get("Accept-Encoding"), "identity")
		return answer(200, "{}")
	})
	var got string
	_, err := x.Post(t.Context(), nil, []string{text}, read(&got, false, false, nil))
	expect.NoError(t, err)
}

// TestQuotedKey: quotes around a key are the shell's or the file's.
func TestQuotedKey(t *testing.T) {
	for _, key := range []string{`"sk-1"`, "'sk-1'", "`sk-1`", "“sk-1”", "sk-1 "} {
		_, err := wire.NewExchange(wire.Config{Key: key, BaseURL: "https://host.example"})
		if !errors.Is(err, embedding.Auth) || !strings.Contains(err.Error(), "without quotes") || strings.Contains(err.Error(), "sk-1") {
			t.Errorf("%s: got %v, want it to name the quotes and not the key", key, err)
		}
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestTheContextEndsACall unless a refusal has arrived.
func TestTheContextEndsACall(t *testing.T) {
	for status, want := range map[int]error{200: context.Canceled, 429: embedding.RateLimited} {
		ctx, cancel := context.WithCancel(t.Context())
		x := exchange(t, func(*http.Request) *http.Response { cancel(); return answer(status, "") })
		var got string
		if _, err := x.Post(ctx, nil, nil, read(&got, false, true, errors.New("wrong"))); !errors.Is(err, want) {
			t.Errorf("status %d: got %v, want %v", status, err, want)
		}
	}
}
