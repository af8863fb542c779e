package server

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// Headers of requests and answers.
const (
	headerSpace    = "X-Vecspace-Space"
	headerPartial  = "X-Vecspace-Partial"
	headerIgnored  = "X-Vecspace-Ignored"
	headerCode     = "X-Vecspace-Code"
	headerRejected = "X-Vecspace-Rejected"
)

// exchange is one request and its answer.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	req   *dialect.Request
	wire  *wire   // never nil: OpenAI's if no path matches
	named string  // the model that the path names
	key   *client // nil if the server has none, or the route is open
	buf   *buffer
	log   Access
	held  int64 // bytes of the body
	slot  bool  // among those in flight
	gone  bool  // the client has left
}

func newExchange(s *Server, w http.ResponseWriter, r *http.Request) *exchange {
	now := time.Now()
	x := &exchange{s: s, w: w, wire: s.mounts[0].wire, buf: buffers.Get().(*buffer)}
	x.buf.in.Reset()
	x.log = Access{ID: requestID(r), Start: now}
	x.req = &dialect.Request{Request: r, ID: x.log.ID, Arrived: now, Out: w.Header()}
	return x
}

// requestID returns the client's id of a request, or a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c)
	}
	if id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(c rune) bool { return !plain(c) }) {
		return id
	}
	hi, lo := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}

// done gives back what the request held and reports it.
func (x *exchange) done() {
	x.s.held.Add(-x.held)
	if x.slot {
		x.s.inFlight.Add(-1)
	}
	x.buf.release()
	if x.log.Took = time.Since(x.log.Start); x.gone {
		x.log.Status = 499
	}
	x.s.meters.note(&x.log)
	if x.s.access != nil {
		x.s.access(x.log)
	}
}

func (x *exchange) serve() {
	if ok, methods := x.route(); !ok {
		x.refuse(x.lost(methods))
		return
	}
	x.log.Wire = x.wire.name
	if why := x.admit(); why != nil {
		x.refuse(why)
		return
	}
	if info := x.req.Route.Info; info != nil {
		models, why := x.models()
		if why != nil {
			x.refuse(why)
			return
		}
		x.reply(info(x.req, models))
		return
	}
	if why := x.embed(); why != nil {
		x.refuse(why)
	}
}

// lost refuses a path that nobody has, or a method.
func (x *exchange) lost(methods []string) *dialect.Refusal {
	if methods == nil {
		return x.status(http.StatusNotFound, x.invalid(
			"there is nothing at this path: POST /v1/embeddings embeds texts, GET /v1/models lists the models"))
	}
	allow := strings.Join(slices.Compact(methods), ", ")
	x.req.Out.Set("Allow", allow)
	return x.status(http.StatusMethodNotAllowed, x.invalid("this path takes %s only", allow))
}

// admit refuses a request that may not reach the models.
func (x *exchange) admit() *dialect.Refusal {
	switch {
	case !hostOf(x.req.Request, x.s.hosts):
		return x.coded(hostCode, x.status(http.StatusForbidden, x.invalid(strangeHost)))
	case x.s.keys == nil || x.req.Route.Open:
		return nil
	}
	secret := strings.TrimPrefix(x.wire.Key(x.req), "Bearer ")
	if secret == "" {
		secret = secretOf(x.req.Request)
	}
	if secret == "" {
		return x.coded(keyCode, x.say(x.words().BadKey, "the request has no API key: send one of this server's as Authorization: Bearer KEY"))
	}
	if x.key = x.s.keys.find(secret); x.key == nil {
		return x.coded(keyCode, x.say(x.words().BadKey, "the API key is not one of this server's"))
	}
	x.log.Key = x.key.name
	return nil
}

const strangeHost = "a server without keys answers only to localhost, loopback addresses and the hosts that it is told, " +
	"so that no page in a browser reaches it by a name of its own"

// hostOf reports whether a request came by an address of this machine or one of hosts, of which
// nil has all.
func hostOf(r *http.Request, hosts map[string]bool) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip := net.ParseIP(host)
	return hosts == nil || hosts[host] || ip != nil && ip.IsLoopback()
}

// secretOf returns the key of a request in the usual places.
func secretOf(r *http.Request) string {
	return cmp.Or((&dialect.Request{Request: r}).Bearer(), r.Header.Get("Api-Key"), r.Header.Get("X-Api-Key"))
}

// models returns what lists show. A wire that names no model has one.
func (x *exchange) models() ([]dialect.Model, *dialect.Refusal) {
	if x.wire.unsaid && !x.req.Route.Open {
		m, why := x.find(&dialect.Call{Model: x.named})
		if why != nil {
			return nil, why
		}
		return []dialect.Model{m.listed(x.s.limits.Texts)}, nil
	}
	var all []dialect.Model
	for _, m := range x.s.models {
		if x.key.may(m) {
			all = append(all, m.listed(x.s.limits.Texts))
		}
	}
	return all, nil
}

const jsonType = "application/json"

func (x *exchange) reply(a dialect.Reply) {
	if a.Type == "" && len(a.Body) > 0 {
		a.Type = jsonType
	}
	x.send(a.Status, a.Type, a.Body)
}

// send sends a complete answer.
func (x *exchange) send(status int, contentType string, body []byte) {
	h := x.req.Out
	x.wire.Head(x.req)
	h.Del("Server") // of the service that the wire is of
	h.Set("X-Request-Id", x.req.ID)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	if x.s.draining.Load() {
		h.Set("Connection", "close")
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("X-Should-Retry", "true")
	case http.StatusPreconditionFailed, http.StatusBadGateway, http.StatusGatewayTimeout:
		h.Set("X-Should-Retry", "false")
	}
	x.log.Status = status
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(x.s.limits.BodyTime)) // not every connection has one
	x.w.WriteHeader(status)
	if _, err := x.w.Write(body); err != nil {
		x.gone = true
	}
}
