package server

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/middleware"
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
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return cmp.Or(r.Header.Get("Api-Key"), r.Header.Get("X-Api-Key"))
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

// embed answers a request for vectors, or says why not.
func (x *exchange) embed() *dialect.Refusal {
	if x.s.inFlight.Load() >= int64(x.s.limits.InFlight) || x.s.held.Load() >= x.s.limits.Bytes {
		x.leave()
		return x.busy()
	}
	body, why := x.body()
	if why != nil {
		return why
	}
	// A request counts only now, so that slow senders hold no place.
	if x.slot = true; x.s.inFlight.Add(1) > int64(x.s.limits.InFlight) {
		return x.busy()
	}
	if !utf8.Valid(body) {
		return x.invalid("the body is not UTF-8")
	}
	if crowded(body) {
		return x.say(x.of(embedding.TooLarge), "the body has more than %d values: send fewer texts in a request", mostValues)
	}
	c, why := x.wire.Parse(x.req, body)
	if c.Model == "" {
		c.Model = x.named
	}
	if why != nil && c.Model == "" {
		return why
	}
	m, unknown := x.find(&c)
	if unknown != nil {
		return unknown
	}
	if x.log.Model = m.name; why != nil {
		return why
	}
	failed, why := x.check(&c, m)
	if why != nil {
		return why
	}
	length := 0
	if c.Dimensions != nil {
		length = *c.Dimensions
	}
	e, err := m.embedder(length)
	if err != nil {
		return x.invalid("dimensions %d: %v", length, err)
	}
	if x.key == nil {
		return x.answer(&c, m, e, failed)
	}
	p := m.model.Load().Price
	if x.key.max > 0 && (p.PerMillion > 0 && p.Currency != x.key.currency || p.PerMillion <= 0 && m.model.Load().Endpoint != "") {
		return x.invalid("the key %q has a budget in %s, and the model %q has no price in it", x.key.name, x.key.currency, m.name)
	}
	tokens := embedding.EstimateTokens(c.Texts...)
	held := float64(tokens) * p.PerMillion / 1e6
	if over := x.key.enter(time.Now(), tokens, held); over != nil {
		return x.over(over)
	}
	defer func() {
		used, cost := x.log.Usage.Tokens, x.log.Cost
		if x.log.Usage.Unmetered > 0 {
			used, cost = tokens, held
		}
		x.key.leave(time.Now(), tokens, held, used, cost)
	}()
	return x.answer(&c, m, e, failed)
}

// find returns the model that a call names.
func (x *exchange) find(c *dialect.Call) (*served, *dialect.Refusal) {
	m := x.s.dflt
	if c.Model == "" && m == nil {
		return nil, x.invalid("the request names no model, and there is no default: there are %s", x.listed())
	}
	if c.Model != "" {
		m = x.lookUp(c)
	} else {
		c.Model = m.name
	}
	if m == nil || !x.key.may(m) {
		return nil, x.coded(modelCode, x.say(x.words().NoModel, "there is no model %q: there are %s", c.Model, x.listed()))
	}
	return m, nil
}

// lookUp returns the model of a call's name, or nil.
func (x *exchange) lookUp(c *dialect.Call) *served {
	if m := x.s.names[c.Model]; m != nil {
		return m
	}
	if m := x.s.names[strings.TrimSuffix(c.Model, ":latest")]; m != nil { // which Ollama's clients add
		return m
	}
	if at := strings.LastIndexByte(c.Model, ':'); at >= 0 {
		for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
			if m := x.s.names[c.Model[:at]]; m != nil && c.Model[at+1:] == task.String() {
				c.Task = task
				return m
			}
		}
	}
	return nil
}

// listed returns the names of the models that the key may use.
func (x *exchange) listed() string {
	var all []string
	for _, m := range x.s.models {
		if x.key.may(m) {
			all = append(all, m.name)
		}
	}
	return strings.Join(all, ", ")
}

// changing are fields of other servers that would change the vectors.
var changing = []string{"messages", "prompt", "prompt_name", "truncate_prompt_tokens"}

// check refuses a call that cannot be served. If the client takes a part, failed has the texts that
// are left out, and the call has the others.
func (x *exchange) check(c *dialect.Call, m *served) (failed map[int]string, why *dialect.Refusal) {
	for _, name := range c.Ignored {
		if slices.Contains(changing, name) {
			return nil, x.invalid("the field %q would change the vectors, and this server does not know it: leave it out", name)
		}
	}
	if len(c.Ignored) > 0 {
		x.req.Out.Set(headerIgnored, plainNames(c.Ignored))
	}
	if n := max(len(c.Texts), len(c.IDs)); n > x.s.limits.Texts {
		return nil, x.invalid("the request has %d texts, and %d are allowed: split it", n, x.s.limits.Texts)
	}
	undecoded, why := x.decode(c, m)
	if why != nil {
		return nil, why
	}
	x.log.Texts = len(c.Texts)
	for i, text := range c.Texts {
		wrong := cmp.Or(undecoded[i], plain.Unfit(text))
		if len(text) > x.s.limits.TextBytes {
			wrong = fmt.Sprintf("has %d bytes, and %d are allowed: split it", len(text), x.s.limits.TextBytes)
		}
		if wrong != "" {
			if failed == nil {
				failed = map[int]string{}
			}
			failed[i] = wrong
		}
	}
	x.log.Rejected = len(failed)
	if len(failed) > 0 && (!x.partial() || len(failed) == len(c.Texts)) {
		return nil, x.rejected(failed)
	}
	if why := x.length(c, m); why != nil {
		return nil, why
	}
	probe := *c
	if failed != nil {
		probe.Texts = nil
		for i, text := range c.Texts {
			if failed[i] == "" {
				probe.Texts = append(probe.Texts, text)
			}
		}
	}
	own := m.model.Load().Dimensions
	about := dialect.Model{Model: embedding.Model{ID: c.Model, Dimensions: max(own, 1)}, Longest: max(own, 1)}
	if why := x.wire.Check(x.req, &probe, about, nil); why != nil {
		return nil, why
	}
	if len(probe.Texts) == 0 { // some services answer with nothing, by which clients lose their place
		return nil, x.field("input", x.invalid("the request has no texts"))
	}
	c.Texts, c.Dimensions = probe.Texts, probe.Dimensions
	return failed, nil
}

// decode sets the texts of token ids. failed are those that have no text.
func (x *exchange) decode(c *dialect.Call, m *served) (failed map[int]string, why *dialect.Refusal) {
	if c.IDs == nil {
		return nil, nil
	}
	if m.decode == nil {
		return nil, x.field("input[0]", x.invalid("input[0] is token ids, which this server does not read: send strings, or in langchain set check_embedding_ctx_length=False"))
	}
	c.Texts = make([]string, len(c.IDs))
	failed = map[int]string{}
	for i, ids := range c.IDs {
		text, err := m.decode(ids)
		if c.Texts[i] = text; err != nil {
			failed[i] = "has token ids that the vocabulary does not have"
		} else if !utf8.ValidString(text) {
			failed[i] = "has token ids that end inside a character"
		}
	}
	return failed, nil
}

// length refuses dimensions that the model does not offer. They are never ignored.
func (x *exchange) length(c *dialect.Call, m *served) *dialect.Refusal {
	if c.Dimensions == nil {
		return nil
	}
	if err := m.probe(x.req.Context()); err != nil {
		return x.failure(err)
	}
	n := *c.Dimensions
	if !m.offers(n) {
		return x.field("dimensions", x.invalid("dimensions: %d is not on offer, the model %q has %s", n, c.Model, m.offered()))
	}
	if n == m.model.Load().Dimensions {
		c.Dimensions = nil
	}
	return nil
}

// partial reports whether the client takes the vectors of a part of the texts.
func (x *exchange) partial() bool {
	return x.wire.list && strings.EqualFold(x.req.Header.Get(headerPartial), "true")
}

// answer embeds the texts of a call and sends the vectors. failed are texts that were left out.
func (x *exchange) answer(c *dialect.Call, m *served, e embedding.Embedder, failed map[int]string) *dialect.Refusal {
	pin := embedding.Space(x.req.Header.Get(headerSpace))
	if s := e.Model().Space; pin != "" && s != "" && !s.Same(pin) {
		return x.pinned(s)
	}
	ctx, cancel := context.WithTimeout(x.req.Context(), x.s.timeout)
	defer cancel()
	if x.key != nil && x.key.lane != nil {
		ctx = middleware.WithLane(ctx, *x.key.lane)
	}
	begin := time.Now()
	x.log.Decode = begin.Sub(x.log.Start)
	res, err := e.Embed(ctx, embedding.Request{Texts: c.Texts, Task: c.Task})
	x.log.Embed = time.Since(begin)
	got := embedding.Salvage(res, err)
	x.spend(m, got.Usage)
	wrong, why := x.outcome(ctx, err)
	if why != nil {
		return why
	}
	if e == m.e {
		for _, v := range got.Vectors {
			if v != nil {
				m.learn(len(v))
				break
			}
		}
	}
	space := e.Model().Space
	if e == m.e {
		space = m.model.Load().Space
	}
	if pin != "" && !space.Same(pin) {
		return x.pinned(space)
	}
	begin = time.Now()
	a := dialect.Answer{Model: c.Model, Tokens: got.Usage.Tokens, Partial: len(failed)+len(wrong) > 0}
	a.Rows = x.rows(len(c.Texts)+len(failed), got.Vectors, failed, wrong)
	x.buf.out = x.wire.Answer(x.buf.out[:0], x.req, c, a)
	x.log.Encode = time.Since(begin)
	x.inform(space)
	x.send(http.StatusOK, jsonType, x.buf.out)
	return nil
}

// rows puts the vectors in the places of their texts. failed are by the text's place in the
// request, wrong by the place among those that were embedded.
func (x *exchange) rows(n int, vectors [][]float32, failed map[int]string, wrong map[int]string) []dialect.Row {
	rows := make([]dialect.Row, n)
	k := 0
	for i := range rows {
		rows[i].Index = i
		said := failed[i]
		if said == "" {
			rows[i].Vector, said = vectors[k], wrong[k]
			k++
		}
		if said != "" {
			rows[i].Failed = dialect.JSON(struct {
				Message string `json:"message"`
				Type    string `json:"type"`
				Param   string `json:"param"`
				Code    string `json:"code"`
			}{"the text " + said, "invalid_request_error", fmt.Sprintf("input[%d]", i), rejectedCode})
		}
	}
	return rows
}

// inform sets the headers that go with vectors.
func (x *exchange) inform(space embedding.Space) {
	h := x.req.Out
	if space != "" {
		h.Set(headerSpace, string(space))
	}
	h.Set("X-Vecspace-Reused", strconv.Itoa(x.log.Usage.Reused))
	if x.log.Currency != "" {
		h.Set("X-Vecspace-Cost", strconv.FormatFloat(x.log.Cost, 'f', -1, 64)+" "+x.log.Currency)
	}
	ms := func(d time.Duration) string { return strconv.FormatFloat(float64(d)/1e6, 'f', 2, 64) }
	h.Set("X-Vecspace-Upstream-Ms", ms(x.log.Embed))
	h.Set("Server-Timing", "decode;dur="+ms(x.log.Decode)+", embed;dur="+ms(x.log.Embed)+", encode;dur="+ms(x.log.Encode))
}

// spend notes what a call has cost.
func (x *exchange) spend(m *served, u embedding.Usage) {
	x.log.Usage = u
	if p := m.model.Load().Price; p.PerMillion > 0 {
		x.log.Cost, x.log.Currency = float64(u.Tokens)*p.PerMillion/1e6, p.Currency
	}
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
