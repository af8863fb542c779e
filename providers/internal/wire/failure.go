package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// MostErrorBytes bounds the body of a refusal. Real ones have some hundred bytes.
const MostErrorBytes = 64 << 10

const byteOrderMark = "\ufeff"

// Failure is an answer without vectors, as far as it could be understood. Its words are the
// server's and may quote the texts; those that a classifier sees have lost them. Only [Words] puts
// any into errors.
type Failure struct {
	Status  int
	Code    string // the body's code, as text; "" if it has none
	Type    string
	Message string
	ID      string // the request's id in the body
	Header  http.Header
	Body    []byte // as it came, up to MostErrorBytes

	Named bool // an "error" member says something
	page  bool // the body is markup
	said  int  // the status that the body has of its own, or 0
	wait  time.Duration
}

// Verdict is a classifier's reading of a [Failure].
type Verdict struct {
	Kind    embedding.Kind   // Unknown means that the status decides
	Allowed embedding.Limits // limits that the server named
	Advice  string           // what the user can do; "" means the kind's [Advice]
	// Proved says that a permanent Kind holds under 5xx too, as a body of testdata shows.
	Proved bool

	// Bad are the indexes of the texts that the server blames; see [Indexes]. Proof says of such a
	// text that it is to blame. It may be nil: then no other text of the request may be longer. A
	// gateway that splits requests counts the texts of its own.
	Bad   []int
	Proof func(text string) bool
}

// Indexes returns the numbers that the groups of a match hold, or nil if there is no match.
func Indexes(match []string) (all []int) {
	for _, group := range match[min(1, len(match)):] {
		for _, word := range strings.FieldsFunc(group, func(r rune) bool { return r < '0' || r > '9' }) {
			if n, err := strconv.Atoi(word); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}

// blames reports whether the texts that v names, and no others, are to blame.
func (v Verdict) blames(texts []string) bool {
	if v.Kind != embedding.Rejected || len(v.Bad) == 0 || len(v.Bad) >= len(texts) {
		return false
	}
	longest := 0
	for i, text := range texts {
		if !slices.Contains(v.Bad, i) {
			longest = max(longest, len(text))
		}
	}
	return !slices.ContainsFunc(v.Bad, func(i int) bool {
		switch {
		case i < 0 || i >= len(texts):
			return true
		case v.Proof != nil:
			return !v.Proof(texts[i])
		}
		return len(texts[i]) < longest
	})
}

// ReadFailure reads all known forms of refusals: {"error":{...}}, {"error":"..."},
// {"errors":[...]}, the flat {"code","message"} of DashScope's native API and of Mistral, TEI's
// {"error","error_type"}, FastAPI's {"detail"}, Jina's {"detail","errors"}, Google's list of one,
// AWS' code in a header, the answer of a vendor behind OpenRouter in "metadata", envelopes of
// clouds, and bodies that are not JSON. What is missing stays empty.
func ReadFailure(status int, header http.Header, body []byte) Failure {
	f := Failure{Status: status, Header: header, Body: body[:min(len(body), MostErrorBytes)]}
	f.Code, _, _ = strings.Cut(header.Get("X-Amzn-Errortype"), ":") // a URL follows
	body = bytes.TrimSpace(bytes.TrimPrefix(f.Body, []byte(byteOrderMark)))
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("data:"))) // an event stream's
	if f.page = LooksLikeMarkup(body); f.page || len(body) == 0 {
		return f
	}
	top, whole := parse(body)
	if body[0] == '[' && len(top.list) > 0 {
		top = top.list[0]
	}
	f.read(top)
	if !whole && f.Message == "" {
		f.Message = string(body)
	}
	if len(f.Message) > mostSaid { // servers that quote a text say why before it or behind it
		f.Message = f.Message[:mostSaid/2] + " ... " + f.Message[len(f.Message)-mostSaid/2:]
	}
	return f
}

// read reads a body.
func (f *Failure) read(top node) {
	if !top.obj {
		f.Message = top.words() // SiliconFlow's answer to a wrong key is a string
		return
	}
	fields, said := top, top
	named := top.get("error")
	f.Named = named.says() && !named.fine()
	switch inner := top.get("errors", "fault", "baseresp", "response", "responsemetadata"); {
	case named.obj:
		fields, said = named, named
	case len(named.list) > 0:
		fields, said = named.list[0], named
	case named.none && top.get("message", "msg", "detail").none && !inner.none:
		if fields, said = inner, inner; len(inner.list) > 0 && !inner.obj {
			fields = inner.list[0]
		}
		if deeper := fields.get("error"); deeper.obj {
			fields, said = deeper, deeper
		}
	}
	f.ID = top.get("requestid", "id").text
	f.Code = cmp.Or(fields.get("code", "errorcode", "errcode", "statuscode").text, fields.get("extensions").get("code").text, f.Code)
	f.Type = fields.get("type", "errortype", "status").text
	f.Message = cmp.Or(said.words(), top.words())
	if each := fields.get("errors").words(); each != "" && each != f.Message {
		f.Message += ": " + each
	}
	if raw := fields.get("metadata").get("raw"); !raw.none {
		behind := raw.words()
		if within, whole := parse([]byte(behind)); whole && within.obj {
			var inner Failure
			inner.read(within)
			behind = cmp.Or(inner.Message, behind)
		}
		f.Message += ": " + behind
	}
	for _, n := range []node{fields, top} {
		for _, name := range []string{"code", "status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "errorcode", "errcode"} {
			if n, _ := strconv.Atoi(n.get(name).text); f.said == 0 && n >= 400 && n < 600 {
				f.said = n
			}
		}
	}
	f.wait = waitIn(top)
}

// fine reports whether an "error" says that there is none, as some gateways have it.
func (n node) fine() bool {
	said, code := n.words(), n.get("code").text
	return isFine(said) && (isFine(code) || code == "") || said == "" && isFine(code)
}

func isFine(s string) bool {
	return slices.Contains([]string{"0", "200", "ok", "success", "succeeded", "none", "null", "no error", "false"}, strings.ToLower(s))
}

// heard returns the failure as a classifier may see it: without what its words quote of the texts,
// and with the body's own status where the status line says that all is well.
func (f Failure) heard(texts []string) Failure {
	f.Message = own(f.Message, texts, ownRun)
	if f.said > 0 && f.Status < 300 {
		f.Status = f.said
	}
	return f
}

// Kind is the kind of a failure that a classifier knows nothing better of. A gateway's code, where
// it is a known one, says more than the status, and a web page under 403 is not the API's word on
// the key, but that of a firewall on what it found in the request.
func (f Failure) Kind() embedding.Kind {
	for _, word := range []string{f.Code, f.Type} {
		if kind, ok := codes[strings.ToLower(word)]; ok && (kind == embedding.Exhausted || f.Status < 300) {
			return kind
		}
	}
	for _, w := range words {
		if (w.kind == embedding.Exhausted && f.Status < 500 || f.Status < 300) && w.said.MatchString(f.Message) {
			return w.kind
		}
	}
	if f.page && f.Status == http.StatusForbidden {
		return embedding.Invalid
	}
	return embedding.KindOfStatus(f.Status)
}

// Firewall reports whether a web page refused the request, and not the API.
func (f Failure) Firewall() bool {
	return f.page && (f.Status == http.StatusForbidden || f.Status == http.StatusNotAcceptable)
}

// codes are the codes of gateways and of services behind them. Under a status of failure only those
// of an empty balance count: the others have a right status then.
var codes = map[string]embedding.Kind{
	"insufficient_user_quota":        embedding.Exhausted,
	"pre_consume_token_quota_failed": embedding.Exhausted,
	"insufficient_quota":             embedding.Exhausted,
	"insufficient_balance":           embedding.Exhausted,
	"billing_hard_limit_reached":     embedding.Exhausted,
	"insufficient_credits":           embedding.Exhausted,
	"quota_not_enough":               embedding.Exhausted,
	"token_quota_exhausted":          embedding.Exhausted,
	"arrearage":                      embedding.Exhausted,

	"rate_limit_exceeded":   embedding.RateLimited,
	"rate_limit_error":      embedding.RateLimited,
	"too_many_requests":     embedding.RateLimited,
	"resource_exhausted":    embedding.RateLimited,
	"throttling":            embedding.RateLimited,
	"throttled":             embedding.RateLimited,
	"rate_limited":          embedding.RateLimited,
	"unavailable":           embedding.Unavailable,
	"internal":              embedding.Unavailable,
	"deadline_exceeded":     embedding.Unavailable,
	"internal_error":        embedding.Unavailable,
	"internal_server_error": embedding.Unavailable,
	"server_error":          embedding.Unavailable,
	"service_unavailable":   embedding.Unavailable,
	"bad_gateway":           embedding.Unavailable,
	"gateway_timeout":       embedding.Unavailable,
	"timeout":               embedding.Unavailable,
	"overloaded_error":      embedding.Unavailable,
	"overloaded":            embedding.Unavailable,
	"model_overloaded":      embedding.Unavailable,
	"unauthenticated":       embedding.Auth,
	"permission_denied":     embedding.Auth,
	"invalid_api_key":       embedding.Auth,
	"authentication_error":  embedding.Auth,
}

// words are what says the same where there is no code. An empty balance has many statuses; the rest
// counts only where the status says that all is well.
var words = []struct {
	kind embedding.Kind
	said *regexp.Regexp
}{
	{embedding.Exhausted, regexp.MustCompile(`(?i)余额不足|额度不足|insufficient (?:account |user )?(?:balance|credits?|funds)\b|out of credits`)},
	{embedding.RateLimited, regexp.MustCompile(`(?i)^(?:rate.?limit|too many requests|throttl)`)},
	{embedding.Unavailable, regexp.MustCompile(`(?i)overloaded|\bunavailable\b|\bbusy\b|timed? ?out`)},
}

// permanent reports whether a kind ends a job or costs a text.
func permanent(k embedding.Kind) bool {
	return k == embedding.Rejected || k == embedding.Invalid || k == embedding.Exhausted || k == embedding.Auth
}

// verdict is what our own server says, else what classify says, which may be nil, or else the
// status.
func (f Failure) verdict(classify func(Failure) Verdict) (v Verdict) {
	if classify != nil {
		v = classify(f)
	}
	if own, ok := f.served(); ok {
		if v.Kind == own.Kind {
			own.Advice = cmp.Or(own.Advice, v.Advice)
		}
		return own
	}
	if byStatus := f.Kind(); v.Kind == embedding.Unknown {
		v.Kind = byStatus
	} else if f.Status >= 500 && permanent(v.Kind) && !permanent(byStatus) && !v.Proved {
		v = Verdict{Kind: byStatus} // the server failed, whatever its words remind of
	} else if v.Kind == embedding.Invalid && f.Status == http.StatusTooManyRequests {
		v = Verdict{Kind: byStatus} // a type that the server gives to all its refusals
	}
	return v
}

// refusal makes an error of an answer without vectors. classify may be nil. The caller adds
// Provider, Model and Endpoint.
func (f Failure) refusal(classify func(Failure) Verdict, key string, texts []string) *embedding.Error {
	heard := f.heard(texts)
	v := heard.verdict(classify)
	if v.Kind == embedding.Exhausted {
		// It ends a whole job. Words that a text shares, perhaps cut short, are no reason for that.
		heard.Message = own(f.Message, texts, sharedRun)
		v = heard.verdict(classify)
	}
	e := &embedding.Error{
		Kind: v.Kind, Status: f.Status, Code: f.code(key, texts), Allowed: v.Allowed,
		RequestID: Token(cmp.Or(RequestID(f.Header), f.ID), key, texts, MaxID),
	}
	if v.Kind == embedding.RateLimited || v.Kind == embedding.Unavailable {
		e.RetryAfter = cmp.Or(RetryAfter(f.Header), f.wait, waitInWords(heard.Message))
	}
	if v.Kind == embedding.RateLimited {
		e.RetryAfter = cmp.Or(e.RetryAfter, reset(f.Header))
	}
	said := Words(f.Message, key, texts)
	if said == "" {
		said = cmp.Or(http.StatusText(f.Status), "an answer without vectors")
		if len(f.Body) > 0 && f.Code == "" {
			said += fmt.Sprintf(" (a body of %d bytes without a message)", len(f.Body))
		}
		if f.page {
			said = http.StatusText(f.Status) + Page
		}
	}
	advice := v.Advice
	if heard.Firewall() {
		advice = "a firewall or a proxy on the way refuses the request, perhaps for the words of a text: ask who runs it, or leave that text out"
	}
	if f.Status == http.StatusProxyAuthRequired {
		advice = "the proxy on the way asks who you are: put its user and password into the proxy's URL (HTTPS_PROXY)"
	}
	if f.Status == http.StatusNetworkAuthenticationRequired {
		advice = "the network on the way wants you to sign in, and does not let the request out"
	}
	if advice = cmp.Or(advice, Advice(e.Kind)); advice != "" {
		said += "; " + advice
	}
	e.Err = Cause{Words: said}
	if v.blames(texts) {
		e.Err = &blame{Cause{Words: said}, v.Bad}
	}
	return e
}

// code returns the provider's own code. A code that only repeats the status says less than the
// type.
func (f Failure) code(key string, texts []string) string {
	for _, own := range []string{f.Header.Get(servedCode), f.Code, f.Type} {
		if own != "" && own != strconv.Itoa(f.Status) {
			return Token(own, key, texts, MaxCode)
		}
	}
	return ""
}

// RequestID returns the request's id in the header of an answer, or "".
func RequestID(h http.Header) string {
	return cmp.Or(h.Get("X-Request-Id"), h.Get("Request-Id"), h.Get("Apim-Request-Id"), h.Get("X-Amzn-Requestid"))
}

// Redirected returns the error of a redirect. It names only the host of the URL: the rest may be
// secret.
func Redirected(res *http.Response, key string, texts []string) error {
	target := "nowhere"
	if u, err := res.Location(); err == nil {
		target = u.Scheme + "://" + u.Host
	}
	return Cause{Words: Words("the server redirects to "+target+", and redirects are not followed: if you trust that address, make it the base URL", key, texts)}
}
