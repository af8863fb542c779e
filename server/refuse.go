package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dialect"
)

// Codes of refusals, in a header on every wire and in the body on OpenAI's. Our providers read
// them.
const (
	keyCode       = "invalid_api_key"
	hostCode      = "unknown_host"
	modelCode     = "model_not_found"
	rejectedCode  = "text_rejected"
	spaceCode     = "other_space"
	moneyCode     = "insufficient_quota"
	rateCode      = "rate_limit_exceeded"
	authCode      = "upstream_auth"
	malformedCode = "upstream_malformed"
	timeoutCode   = "upstream_timeout"
)

// own has the status of each Kind that means the same to the clients of every wire, and its code if
// there is one. A service's own status would mislead them: Gemini's 429 and Bedrock's 400 for an
// empty account, Cohere's 498 for a blank text, 401 for a key that is not the client's. A request
// that is wrong in itself has the service's status, which belongs to the form of its body.
var own = map[embedding.Kind]struct {
	status int
	code   string
}{
	embedding.Rejected:    {http.StatusBadRequest, rejectedCode},
	embedding.TooLarge:    {http.StatusRequestEntityTooLarge, ""},
	embedding.Auth:        {http.StatusBadGateway, authCode},
	embedding.RateLimited: {http.StatusTooManyRequests, rateCode},
	embedding.Exhausted:   {http.StatusPaymentRequired, moneyCode},
	embedding.Unavailable: {http.StatusServiceUnavailable, ""},
	embedding.Malformed:   {http.StatusBadGateway, malformedCode},
}

func (x *exchange) words() dialect.Words { return x.wire.Words(x.req) }

// of returns the wire's refusal for a Kind.
func (x *exchange) of(k embedding.Kind) dialect.Refusal {
	word := k
	if k == embedding.Auth { // the service's words for it are about the client's key
		word = embedding.Malformed
	}
	why := x.words().Of(word)
	why.Kind = k
	o, ok := own[k]
	if ok {
		why.Status = o.status
	}
	if o.code != "" {
		x.coded(o.code, &why)
	}
	return why
}

// say returns a refusal of the wire with the server's own words. A refusal without words, which
// has no body, stays as it is.
func (x *exchange) say(why dialect.Refusal, format string, args ...any) *dialect.Refusal {
	if why.Message != "" {
		why.Message = "{why}"
	}
	why.Late = false
	return why.With("{why}", fmt.Sprintf(format, args...))
}

// invalid refuses a request that is wrong.
func (x *exchange) invalid(format string, args ...any) *dialect.Refusal {
	return x.say(x.of(embedding.Invalid), format, args...)
}

// status returns a refusal with another status.
func (x *exchange) status(status int, why *dialect.Refusal) *dialect.Refusal {
	why.Status = status
	return why
}

// coded returns a refusal with a code.
func (x *exchange) coded(code string, why *dialect.Refusal) *dialect.Refusal {
	x.req.Out.Set(headerCode, code)
	if x.wire.name == "openai" {
		why.Code = code
	}
	return why
}

// field returns a refusal that names the wrong field.
func (x *exchange) field(name string, why *dialect.Refusal) *dialect.Refusal {
	why.Field = name
	return why
}

func (x *exchange) refuse(why *dialect.Refusal) {
	if x.log.Kind == embedding.Unknown {
		x.log.Kind = why.Kind
	}
	x.reply(x.wire.Refuse(x.req, *why))
}

// wait says when to come back: in whole seconds, and as OpenAI's clients prefer it.
func (x *exchange) wait(d time.Duration) {
	x.req.RetryAfter(d)
	x.req.Out.Set("Retry-After-Ms", strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10))
}

// busy refuses a request for which there is no place now.
func (x *exchange) busy() *dialect.Refusal {
	x.req.Out.Set("Retry-After", "1")
	return x.say(x.of(embedding.RateLimited), "the server has as many requests as it takes: try again later")
}

// over refuses a request that exceeds a limit of its key.
func (x *exchange) over(o *over) *dialect.Refusal {
	if o.money {
		return x.say(x.of(embedding.Exhausted), "%s", o.says)
	}
	x.wait(o.wait)
	return x.say(x.of(embedding.RateLimited), "%s: try again in %v", o.says, o.wait.Round(time.Millisecond))
}

// pinned refuses vectors of another space than the client wants.
func (x *exchange) pinned(have embedding.Space) *dialect.Refusal {
	why := x.invalid("the client wants vectors of another space than the model's, %q: they cannot be compared", have)
	return x.coded(spaceCode, x.status(http.StatusPreconditionFailed, why))
}

// rejected refuses a request for the sake of some texts.
func (x *exchange) rejected(failed map[int]string) *dialect.Refusal {
	const most = 10
	var said []string
	all := slices.Sorted(maps.Keys(failed))
	for _, i := range all[:min(most, len(all))] {
		said = append(said, fmt.Sprintf("input[%d] %s", i, failed[i]))
	}
	if n := len(all) - len(said); n > 0 {
		said = append(said, fmt.Sprintf("and %d more", n))
	}
	x.places(all...)
	why := x.say(x.of(embedding.Rejected), "%d of %d texts rejected: %s", len(all), x.log.Texts, strings.Join(said, "; "))
	return x.field(fmt.Sprintf("input[%d]", all[0]), why)
}

// places names rejected texts in a header, which no text and no word of a provider can forge.
func (x *exchange) places(all ...int) {
	const most = 100
	var said []string
	for _, i := range all[:min(most, len(all))] {
		said = append(said, strconv.Itoa(i))
	}
	x.req.Out.Set(headerRejected, strings.Join(said, ","))
}

// outcome says what becomes of a call that ended with err: failed texts if the client takes the
// others, or a refusal.
func (x *exchange) outcome(ctx context.Context, err error) (failed map[int]string, why *dialect.Refusal) {
	if err == nil {
		return nil, nil
	}
	x.log.Kind = embedding.KindOf(err)
	if x.req.Context().Err() != nil {
		x.gone = true
		return nil, x.say(x.of(embedding.Unavailable), "the request was ended")
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		why := x.say(x.of(embedding.Unavailable), "the provider did not answer within %v", x.s.timeout)
		return nil, x.coded(timeoutCode, x.status(http.StatusGatewayTimeout, why))
	}
	p, partial := errors.AsType[*embedding.PartialError](err)
	if !partial {
		return nil, x.failure(err)
	}
	failed = map[int]string{}
	for _, f := range p.Failed {
		e, ok := errors.AsType[*embedding.Error](f.Err)
		if !ok || e.Kind != embedding.Rejected && e.Kind != embedding.Invalid {
			return nil, x.failure(f.Err) // once that is over, the repeat finds the rest in the cache
		}
		failed[f.Index] = "was rejected: " + cause(e)
	}
	x.log.Rejected += len(failed)
	if x.partial() && len(failed) < len(p.Response.Vectors) {
		return failed, nil
	}
	return nil, x.rejected(failed)
}

// failure says an Embedder's error.
func (x *exchange) failure(err error) *dialect.Refusal {
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok {
		e = &embedding.Error{Err: errors.New("the model failed")}
	}
	if x.log.Kind = e.Kind; e.Code == middleware.CodeOpen {
		x.log.Open = e.RetryAfter
	}
	if e.RetryAfter > 0 {
		x.wait(e.RetryAfter)
	}
	why := x.of(e.Kind)
	switch e.Kind {
	case embedding.Auth: // the client must not think that its own key is wrong
		return x.say(why, "the provider refuses this server's key, not yours")
	case embedding.Rejected:
		if x.log.Texts == 1 {
			x.log.Rejected = 1
			x.places(0)
			return x.field("input[0]", x.say(why, "input[0] was rejected: %s", cause(e)))
		}
		x.log.Rejected = x.log.Texts
	}
	if e.Err == nil {
		return x.say(why, "%v", e.Kind)
	}
	return x.say(why, "%v: %s", e.Kind, cause(e))
}

// cause returns the words of an error without the provider's address and request id.
func cause(e *embedding.Error) string {
	if e.Err == nil {
		return e.Kind.Error()
	}
	return e.Err.Error()
}

// plainNames returns names for a header, without characters that a header may not have.
func plainNames(names []string) string {
	var all []string
	for _, name := range names[:min(len(names), 20)] {
		all = append(all, strings.Map(func(c rune) rune {
			if c <= ' ' || c > '~' || c == ',' {
				return '?'
			}
			return c
		}, name[:min(len(name), 64)]))
	}
	return strings.Join(all, ", ")
}
