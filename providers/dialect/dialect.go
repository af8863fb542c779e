package dialect

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Dialect is the wire format of one service. It is safe for concurrent use.
type Dialect interface {
	// Routes returns what the service serves. The result never changes.
	Routes() []Route
	// Key returns a request's credential, or "" if there is none. A credential in an unusual place,
	// such as a token instead of a key, starts with its scheme: "Bearer TOKEN".
	Key(r *Request) string
	// Head sets the headers of every answer in r.Out.
	Head(r *Request)
	// Words returns the refusals that a host needs, in the service's words for this request.
	Words(r *Request) Words
	// Parse reads the body of a request for vectors. If it returns a refusal and a Call that names a
	// model, the host sends the refusal only if it has that model.
	Parse(r *Request, body []byte) (Call, *Refusal)
	// Check returns a refusal if the model cannot serve the call, or nil. It checks in the service's
	// order. The model's limits are the limits in force; over is the first limit that the call
	// exceeds, or nil. Check may change c.Dimensions if the service returns other lengths than
	// requested.
	Check(r *Request, c *Call, m Model, over *Excess) *Refusal
	// Answer appends the body of an answer to dst. It may set headers in r.Out.
	Answer(dst []byte, r *Request, c *Call, a Answer) []byte
	// Refuse writes a refusal in the service's shape.
	Refuse(r *Request, why Refusal) Reply
}

// Route describes one kind of request that a service takes.
type Route struct {
	Method string // "" means any
	// Path is a pattern of segments. {name} in a segment matches any text, which
	// [http.Request.PathValue] returns. Fixed text may follow it in the segment:
	// /models/{model}:embedContent.
	Path string
	Open bool // needs no key
	// Info returns the answer, given the models on offer. nil means that the route embeds.
	Info func(r *Request, models []Model) Reply
}

// Request is a request that has arrived.
type Request struct {
	*http.Request
	ID      string // generated; answers may include it
	Arrived time.Time
	Out     http.Header // the headers of the answer
	Route   *Route      // set by Find; nil if no route matches
}

// Bearer returns the token in the Authorization header, or "" if there is none.
func (r *Request) Bearer() string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// Reply is a complete answer.
type Reply struct {
	Status int
	Type   string // Content-Type; "" means JSON if there is a body
	Body   []byte
}

// Find sets the request's Route and path values. If no route matches, it returns the service's
// refusal.
func Find(d Dialect, r *Request) *Refusal {
	known := false
	for _, route := range d.Routes() {
		if !route.Matches(r) {
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

// Matches reports whether the path of a request is the route's, and sets the path values if it is.
// The method may be another.
func (route Route) Matches(r *Request) bool {
	if !strings.Contains(route.Path, "{") {
		return route.Path == r.URL.Path && strings.Count(route.Path, "/") == strings.Count(r.URL.EscapedPath(), "/")
	}
	want, got := strings.Split(route.Path, "/"), strings.Split(r.URL.EscapedPath(), "/")
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
