package dialect

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Dialect is one service's wire. Its methods are called for many requests at once.
type Dialect interface {
	// Routes are what the service serves. They never change.
	Routes() []Route
	// Key returns a request's credential, "" if it has none. What comes in another way than the
	// service's usual one, such as a token in place of a key, has its scheme before it: "Bearer
	// TOKEN".
	Key(r *Request) string
	// Head sets the headers of every answer in r.Out.
	Head(r *Request)
	// Words are the refusals that a host needs, as the service words them for this request.
	Words(r *Request) Words
	// Parse reads the body of a request for vectors. A refusal beside a Call that names a model is to
	// be said only where the host has that model.
	Parse(r *Request, body []byte) (Call, *Refusal)
	// Check holds a call against a model, in the order in which the service looks at what may be
	// wrong. The model's limits are those in force, and over is the first of them that the call
	// exceeds; nil if there is none. Check may set c.Dimensions where the service gives other lengths
	// than it was asked for.
	Check(r *Request, c *Call, m Model, over *Excess) *Refusal
	// Answer appends the body of an answer to dst. It may set headers in r.Out.
	Answer(dst []byte, r *Request, c *Call, a Answer) []byte
	// Refuse writes a refusal in the service's shape.
	Refuse(r *Request, why Refusal) Reply
}

// Route is where a service takes one kind of request.
type Route struct {
	Method string // "" is any
	// Path is a pattern of segments. In one, {name} stands for any text, which
	// [http.Request.PathValue] returns; the segment may go on behind it, as in
	// /models/{model}:embedContent.
	Path string
	Open bool // no key is asked for
	// Info answers by itself, with the models that are served. Nil: the route embeds.
	Info func(r *Request, models []Model) Reply
}

// Request is one that has arrived.
type Request struct {
	*http.Request
	ID      string // a made-up one that answers may carry
	Arrived time.Time
	Out     http.Header // the headers of the answer
	Route   *Route      // set by Find; nil: there is none
}

// Bearer returns the token in a request's Authorization, "" if there is none.
func (r *Request) Bearer() string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// Reply is a whole answer.
type Reply struct {
	Status int
	Type   string // Content-Type; "" is JSON where there is a body
	Body   []byte
}

// Find sets the request's Route and path values. Where there is none it returns the service's
// refusal.
func Find(d Dialect, r *Request) *Refusal {
	known := false
	for _, route := range d.Routes() {
		if !match(route.Path, r) {
			continue
		}
		if route.Method == "" || route.Method == r.Method {
			r.Route = &route
			return nil
		}
		known = known || route.Info == nil
	}
	words := d.Words(r)
	why := words.NoPath
	if known {
		why = words.NoMethod
	}
	return why.With("{method}", r.Method, "{path}", r.URL.Path)
}

// match compares a path with a pattern, and sets the path values if they match.
func match(pattern string, r *Request) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(r.URL.EscapedPath(), "/")
	if len(want) != len(got) {
		return false
	}
	values := map[string]string{}
	for i, segment := range want {
		value, err := url.PathUnescape(got[i])
		name, wild := strings.CutPrefix(segment, "{")
		name, ending, _ := strings.Cut(name, "}")
		if err != nil || !wild && value != segment || wild && (!strings.HasSuffix(value, ending) || value == ending) {
			return false
		}
		if wild {
			values[name] = strings.TrimSuffix(value, ending)
		}
	}
	for name, value := range values {
		r.SetPathValue(name, value)
	}
	return true
}
