package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// shared is the process's transport for providers. It clones the default one, so HTTPS_PROXY and
// NO_PROXY work, and keeps as many idle connections per host as a busy program has calls in flight.
// It does not ask for compression: inflating is ten times slower than scanning. It has no header
// timeout, because local servers may think for minutes; middleware.Timeout bounds that.
var shared = sync.OnceValue(func() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // a program has replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t = t.Clone()
	t.MaxIdleConns = 0 // the bound is per host
	t.MaxIdleConnsPerHost = 64
	t.DisableCompression = true
	// An HTTP/2 connection that is forgotten on the way is found within 15 s of silence.
	h2 := http.HTTP2Config{}
	if t.HTTP2 != nil {
		h2 = *t.HTTP2
	}
	h2.SendPingTimeout = cmp.Or(h2.SendPingTimeout, 10*time.Second)
	h2.PingTimeout = cmp.Or(h2.PingTimeout, 5*time.Second)
	t.HTTP2 = &h2
	return t
})

// HTTPClient copies the user's client, which may be nil. The copy follows no redirect: a redirect
// would carry the texts, and on the same host the key, to a place that nobody configured.
func HTTPClient(user *http.Client) *http.Client {
	c := new(http.Client)
	if user != nil {
		*c = *user
	}
	if c.Transport == nil {
		c.Transport = shared()
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// ParseBase checks a base URL, to which path will be added, and returns it without a trailing
// slash. Its errors quote no part that may be secret.
func ParseBase(raw, path string, keyed, allowHTTP bool) (*url.URL, error) {
	if strings.ContainsAny(raw, "${}<>") {
		return nil, errors.New("the base URL holds a variable or a template, and neither is filled in here: fill it in first")
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, fmt.Errorf("the base URL cannot be parsed: use the form https://host/v1 or https://host")
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("the base URL carries a user or password before %q: leave it out, keys come from the environment", u.Host)
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, fmt.Errorf("the base URL is not of the form https://host/v1 or https://host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("the base URL of %q has a query or a fragment: leave it out", u.Host)
	case keyed && u.Scheme == "http" && !allowHTTP && !Loopback(u.Hostname()):
		return nil, fmt.Errorf("the key would travel to %q in the clear: use https, or set Options.AllowHTTP (allow_http=true in a reference)", u.Host)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	if strings.HasSuffix(u.Path, path) {
		return nil, fmt.Errorf("the base URL of %q ends in %s, which is added to it: leave that out", u.Host, path)
	}
	return u, nil
}

// Loopback reports whether a host name means this machine by definition. It looks up no other name:
// a resolver may lie.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
