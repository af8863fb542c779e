package check

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestFirstVector(t *testing.T) {
	for body, want := range map[string]struct {
		dimensions int
		packed     bool
	}{
		`{"data":[{"embedding":[1,-2.5e-3, 3 ],"index":0},{"embedding":[1,2],"index":1}]}`: {3, false},
		`{"data":[{"embedding":"AACAPwAAAEAAAEBA","index":0}]}`:                            {3, true},
		`{"data":[{"index":0,"embedding":"AACAPwAAAEA="}],"x":[1,2,3]}`:                    {2, true},
		`[[0.5,1],[2,3]]`: {2, false},
		`{"error":"no"}`:  {0, false},
		`{"texts":["a"]}`: {0, false},
		`{"v":[]}`:        {0, false},
		`[1,2`:            {0, false},
		``:                {0, false},
	} {
		dimensions, packed := firstVector([]byte(body))
		if dimensions != want.dimensions || packed != want.packed {
			t.Errorf("%s: got %d dimensions, base64 %v, want %+v", body, dimensions, packed, want)
		}
	}
}

// FuzzFirstVector holds that no answer makes a vector longer than it is.
func FuzzFirstVector(f *testing.F) {
	f.Add(`{"embedding":"AACAPwAAAEA="}`)
	f.Add(`[[1,2],[3]]`)
	f.Fuzz(func(t *testing.T, body string) {
		if n, _ := firstVector([]byte(body)); n < 0 || 2*n > len(body)+1 {
			t.Errorf("%q: got %d dimensions, want no more than it has room for", body, n)
		}
	})
}

// The tape takes a wish for base64 out of a request only if it is told to, and the server gets a
// whole request either way.
func TestTape(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("got %d bytes and the error %v, want %d", len(body), err, r.ContentLength)
		}
		got = string(body)
		w.Header().Set("X-RateLimit-Remaining-Tokens", "149,984")
		w.Header().Set("Ratelimit-Policy", "100;w=60")
		w.Header().Set("X-Ratelimit-Account", "org-SECRET of somebody")
		w.Header().Set("X-Request-Id", "req-1")
		io.WriteString(w, `{"data":[{"embedding":[1,2,3,4]}]}`)
	}))
	defer server.Close()
	tape := &tape{next: http.DefaultTransport}
	client := &http.Client{Transport: tape}
	for _, c := range []struct {
		body, sent string
		plain      bool
		asked      bool
	}{
		{body: `{"input":["a"],"encoding_format":"base64"}`, sent: `{"input":["a"],"encoding_format":"base64"}`, asked: true},
		{body: `{"input":["a"],"encoding_format":"base64","n":1}`, sent: `{"input":["a"],"n":1}`, plain: true, asked: true},
		{body: `{"input":["a"],"embedding_type":"base64"}`, sent: `{"input":["a"]}`, plain: true, asked: true},
		{body: `{"input":["a"],"encoding_format":"float"}`, sent: `{"input":["a"],"encoding_format":"float"}`, plain: true},
	} {
		tape.plainly(c.plain)
		res, err := client.Post(server.URL, "application/json", strings.NewReader(c.body))
		expect.NoError(t, err)
		_, err = io.ReadAll(res.Body)
		expect.NoError(t, err)
		_ = res.Body.Close()
		expect.Equal(t, "sent", got, c.sent)
		expect.Equal(t, "asked for base64", tape.askedFor64(), c.asked)
		n, packed := tape.vector()
		if n != 4 || packed {
			t.Errorf("got a vector of %d, base64 %v, want 4 numbers", n, packed)
		}
	}
	expect.Equal(t, "headers", tape.rateHeaders(), map[string]string{"x-ratelimit-remaining-tokens": "149,984", "ratelimit-policy": "100;w=60"})
}
