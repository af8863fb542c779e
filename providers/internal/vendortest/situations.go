package vendortest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// kindsOf has the situations that go wrong at every vendor, and their allowed kinds.
var kindsOf = map[string][]embedding.Kind{
	"wrong key":             {embedding.Auth},
	"wrong region":          {embedding.Auth, embedding.Invalid},
	"unknown model":         {embedding.Invalid, embedding.Auth},
	"dimension not offered": {embedding.Invalid},
	"text too long":         {embedding.Rejected},
	"too many texts":        {embedding.TooLarge},
	"quota gone":            {embedding.Exhausted},
}

// elsewhere has answers of proxies and of servers that break off.
var elsewhere = []struct {
	name   string
	status int
	body   string
	kind   embedding.Kind
	says   string
}{
	{"a proxy's 502", 502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>secret</body></html>", embedding.Unavailable, "a web page, probably from a proxy"},
	{"a proxy's 403", 403, "<!DOCTYPE html><title>Blocked</title>secret", embedding.Invalid, "a firewall or a proxy on the way refuses the request"},
	{"a login page", 200, "<!DOCTYPE html><html><body>secret: please log in</body></html>", embedding.Malformed, "check the base URL and any proxy"},
	{"an empty 200", 200, "", embedding.Malformed, "the answer is empty"},
	{"a 200 of spaces", 200, " \r\n", embedding.Malformed, "the answer is empty"},
	{"truncated JSON", 200, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2`, embedding.Malformed, "the answer breaks off"},
	{"no JSON", 200, "OK", embedding.Malformed, "is not JSON: check the base URL"},
}

// situations holds a provider to each of kindsOf. A line of testdata/errors.jsonl names the
// situation as its "case" and the user's next step as what the error "says". A situation that the
// vendor cannot bring about is in none, with the reason.
func situations(t *testing.T, open func(baseURL string) (embedding.Embedder, error), none map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range Read(t) {
		if r.Case == "" {
			continue
		}
		allowed, known := kindsOf[r.Case]
		switch {
		case !known:
			t.Errorf("%s: there is no situation %q", r.Name, r.Case)
		case r.Says == "":
			t.Errorf("%s: what the error says the user should do is not named", r.Name)
		case !slices.Contains(allowed, kinds[r.Kind]):
			t.Errorf("%s: %s is %s", r.Name, r.Case, r.Kind)
		}
		seen[r.Case] = true
	}
	for name := range kindsOf {
		if _, excused := none[name]; seen[name] == excused {
			t.Errorf("%s: in testdata %v, excused %v", name, seen[name], excused)
		}
	}
	for name, why := range none {
		if _, known := kindsOf[name]; !known || why == "" {
			t.Errorf("%q is no situation, or no reason is given", name)
		}
	}
	underSuccess(t, open)
	for _, tc := range elsewhere {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			defer srv.Close()
			e, err := open(srv.URL)
			expect.NoError(t, err)
			_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"hello there"}})
			if !errors.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), Key) {
				t.Errorf("got %v\nwant: %v, %q", err, tc.kind, tc.says)
			}
		})
	}
}

// underSuccess sends every refusal of testdata with status 200, as some gateways do. The provider
// must see its kind, or call it Malformed if the body does not tell. At least one body must tell.
func underSuccess(t *testing.T, open func(baseURL string) (embedding.Embedder, error)) {
	t.Helper()
	var now Refusal
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range now.Headers {
			w.Header().Set(name, value)
		}
		_, _ = io.WriteString(w, now.Body)
	}))
	defer srv.Close()
	e, err := open(srv.URL)
	expect.NoError(t, err)
	told := false
	for _, now = range Read(t) {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello there"}})
		got, ok := errors.AsType[*embedding.Error](err)
		switch {
		case !ok || got.Kind != kinds[now.Kind] && got.Kind != embedding.Malformed:
			t.Errorf("%s with status 200: got %v, want %s, or Malformed", now.Name, err, now.Kind)
		case strings.Contains(err.Error(), Key):
			t.Errorf("%s with status 200: the error shows the key: %v", now.Name, err)
		case got.Kind != embedding.Malformed && now.Says != "" && strings.Contains(err.Error(), now.Says):
			told = true
		}
	}
	if !told {
		t.Error("no refusal with status 200 is told by its body")
	}
}
