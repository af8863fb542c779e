package server

import (
	"cmp"
	"context"
	"fmt"
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

// embed answers a request for vectors, or says why not.
func (x *exchange) embed() *dialect.Refusal {
	body, why := x.enter()
	if why != nil {
		return why
	}
	c, m, why := x.parse(body)
	if why != nil {
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
	settle, why := x.charge(c.Texts, m)
	if why != nil {
		return why
	}
	defer settle()
	return x.answer(&c, m, e, failed)
}

// enter reads the body and takes a place, if there is one.
func (x *exchange) enter() ([]byte, *dialect.Refusal) {
	if x.s.inFlight.Load() >= int64(x.s.limits.InFlight) || x.s.held.Load() >= x.s.limits.Bytes {
		x.leave()
		return nil, x.busy()
	}
	body, why := x.body()
	if why != nil {
		return nil, why
	}
	// A request counts only now, so that slow senders hold no place.
	if x.slot = true; x.s.inFlight.Add(1) > int64(x.s.limits.InFlight) {
		return nil, x.busy()
	}
	return body, nil
}

// parse reads the call in a body, and finds its model.
func (x *exchange) parse(body []byte) (c dialect.Call, m *served, why *dialect.Refusal) {
	switch {
	case !utf8.Valid(body):
		return c, nil, x.invalid("the body is not UTF-8")
	case crowded(body):
		return c, nil, x.say(x.of(embedding.TooLarge), "the body has more than %d values: send fewer texts in a request", mostValues)
	}
	c, why = x.wire.Parse(x.req, body)
	if c.Model == "" {
		c.Model = x.named
	}
	if why != nil && c.Model == "" {
		return c, nil, why
	}
	m, unknown := x.find(&c)
	if unknown != nil {
		return c, nil, unknown
	}
	x.log.Model = m.name
	return c, m, why
}

// charge reserves what the texts cost of the key's limits. settle replaces it by what they did
// cost.
func (x *exchange) charge(texts []string, m *served) (settle func(), why *dialect.Refusal) {
	if x.key == nil {
		return func() {}, nil
	}
	about := m.model.Load()
	p := about.Price
	if x.key.max > 0 && (p.PerMillion > 0 && p.Currency != x.key.currency || p.PerMillion <= 0 && about.Endpoint != "") {
		return nil, x.invalid("the key %q has a budget in %s, and the model %q has no price in it", x.key.name, x.key.currency, m.name)
	}
	tokens := embedding.EstimateTokens(texts...)
	held := float64(tokens) * p.PerMillion / 1e6
	if over := x.key.enter(time.Now(), tokens, held); over != nil {
		return nil, x.over(over)
	}
	return func() {
		used, cost := x.log.Usage.Tokens, x.log.Cost
		if x.log.Usage.Unmetered > 0 {
			used, cost = tokens, held
		}
		x.key.leave(time.Now(), tokens, held, used, cost)
	}, nil
}

// find returns the model that a call names.
func (x *exchange) find(c *dialect.Call) (*served, *dialect.Refusal) {
	m := x.s.dflt
	if c.Model == "" && m == nil {
		return nil, x.invalid("the request names no model, and there is no default: there are %s", x.s.listed(x.key))
	}
	if c.Model != "" {
		m = x.lookUp(c)
	} else {
		c.Model = m.name
	}
	if m == nil || !x.key.may(m) {
		return nil, x.coded(modelCode, x.say(x.words().NoModel, "there is no model %q: there are %s", c.Model, x.s.listed(x.key)))
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
	space := e.Model().Space
	if e == m.e {
		space = m.learn(got.Vectors...)
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
