package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

func TestParseBase(t *testing.T) {
	for _, tc := range []struct {
		raw       string
		keyed     bool
		allowHTTP bool
		want      string // the URL, or what the error says
	}{
		{"https://host.example/v1", true, false, "https://host.example/v1"},
		{"https://host.example/v1///", true, false, "https://host.example/v1"},
		{" https://host.example/v1\n", true, false, "https://host.example/v1"},
		{"https://host.example", true, false, "https://host.example"},
		{"http://localhost:8080/v1", true, false, "http://localhost:8080/v1"},
		{"http://LOCALHOST/v1", true, false, "http://LOCALHOST/v1"},
		{"http://127.9.9.9/v1", true, false, "http://127.9.9.9/v1"},
		{"http://[::1]:80/v1", true, false, "http://[::1]:80/v1"},
		{"http://host.example/v1", false, false, "http://host.example/v1"},
		{"http://host.example/v1", true, true, "http://host.example/v1"},
		{"http://host.example/v1", true, false, `would travel to "host.example" in the clear`},
		{"http://localhost.evil.example/v1", true, false, "in the clear"},
		{"http://127.0.0.1.nip.example/v1", true, false, "in the clear"},
		{"http://0.0.0.0/v1", true, false, "in the clear"},
		{"https://user:pass@host.example/v1", false, false, `user or password before "host.example"`},
		{"https://user@host.example/v1", false, false, "user or password"},
		{"https://host.example/v1?key=hidden", false, false, "has a query"},
		{"https://host.example/v1#hidden", false, false, "has a query or a fragment"},
		{"https://host.example/v1/embeddings", false, false, "leave that out"},
		{"https://host.example/v1/embeddings/", false, false, "leave that out"},
		{"host.example/v1", false, false, "not of the form https://host"},
		{"ftp://host.example/v1", false, false, "not of the form"},
		{"https:///v1", false, false, "not of the form"},
		{"https://:443/v1", false, false, "not of the form"},
		{"", false, false, "not of the form"},
		{"https://hid den@host/%zz", false, false, "cannot be parsed"},
		{"${URL}", false, false, "holds a variable"},
		{"http://${HOST}:8000/v1", false, false, "holds a variable"},
		{"http://{{ .Values.host }}/v1", false, false, "holds a variable"},
		{"https://<resource>.example/v1", false, false, "holds a variable"},
	} {
		u, err := ParseBase(tc.raw, "/embeddings", tc.keyed, tc.allowHTTP)
		if err == nil {
			expect.Equal(t, fmt.Sprintf("%q", tc.raw), u.String(), tc.want)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: the error %q does not say %q", tc.raw, err, tc.want)
		}
		for _, secret := range []string{"pass", "hidden", "hid den"} {
			if strings.Contains(tc.raw, secret) && strings.Contains(strings.ReplaceAll(err.Error(), "password", ""), secret) {
				t.Errorf("%q: the error %q shows what may be secret", tc.raw, err)
			}
		}
	}
}

func TestSharedTransport(t *testing.T) {
	tr := shared()
	if tr == http.DefaultTransport {
		t.Error("the default transport itself is used: it belongs to the program")
	}
	if tr.Proxy == nil || !tr.DisableCompression || tr.MaxIdleConnsPerHost < 64 || tr.ResponseHeaderTimeout != 0 {
		t.Errorf("proxy %v, compression off %v, %d idle connections per host, header timeout %v",
			tr.Proxy != nil, tr.DisableCompression, tr.MaxIdleConnsPerHost, tr.ResponseHeaderTimeout)
	}
	if h2 := tr.HTTP2; h2 == nil || h2.SendPingTimeout+h2.PingTimeout != 15*time.Second {
		t.Errorf("got the HTTP/2 settings %+v, want a forgotten connection found within 15 s", h2)
	}
	if shared() != tr {
		t.Error("there are two shared transports")
	}
}

func TestHTTPClientIsCopied(t *testing.T) {
	user := &http.Client{Timeout: 5}
	c := HTTPClient(user)
	if c == user || c.Timeout != 5 || user.CheckRedirect != nil || user.Transport != nil {
		t.Error("the user's client was changed, or its settings were lost")
	}
	if err := c.CheckRedirect(nil, nil); err != http.ErrUseLastResponse {
		t.Errorf("redirects: %v", err)
	}
}
