package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// MostErrorBytes bounds the body of a refusal. Real ones have some hundred bytes.
const MostErrorBytes = 64 << 10

// Failure is an answer without vectors, as far as it could be understood. Its words are the
// server's own and may quote the texts. They are for classifying; only [Words] puts them into
// errors.
type Failure struct {
	Status  int
	Code    string // the body's code, as text; "" if it has none
	Type    string
	Message string
	ID      string // the request's id in the body
	Header  http.Header
	Body    []byte // as it came

	Named bool // an "error" member says something
	page  bool // the body is markup
}

// Verdict is a classifier's reading of a [Failure].
type Verdict struct {
	Kind    embedding.Kind   // Unknown means that the status decides
	Allowed embedding.Limits // limits that the server named
	Advice  string           // what the user can do; "" means the kind's [Advice]

	RetryAfter time.Duration // from the body, if no header has it

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

// members are the members of errors, at the top of a body or in its "error".
type members struct {
	ID        json.RawMessage `json:"id"`
	RequestID json.RawMessage `json:"request_id"`
	Request   json.RawMessage `json:"requestId"`
	Error     json.RawMessage `json:"error"`
	Code      json.RawMessage `json:"code"`
	ErrorCode json.RawMessage `json:"error_code"`
	Type      json.RawMessage `json:"type"`
	ErrorType json.RawMessage `json:"error_type"`
	Status    json.RawMessage `json:"status"`
	Message   json.RawMessage `json:"message"`
	Msg       json.RawMessage `json:"msg"`
	Detail    json.RawMessage `json:"detail"`
	Errors    json.RawMessage `json:"errors"` // Jina's, behind a detail
	Metadata  json.RawMessage `json:"metadata"`
	Raw       json.RawMessage `json:"raw"` // of the metadata
}

// ReadFailure reads all known forms of refusals: {"error":{...}}, {"error":"..."}, the flat
// {"code","message"} of DashScope's native API and of Mistral, TEI's {"error","error_type"},
// FastAPI's {"detail"}, Jina's {"detail","errors"}, Google's list of one, AWS' code in a header,
// the answer of a vendor behind OpenRouter in "metadata", and bodies that are not JSON. What is
// missing stays empty.
func ReadFailure(status int, header http.Header, body []byte) Failure {
	f := Failure{Status: status, Header: header, Body: body}
	f.Code, _, _ = strings.Cut(header.Get("X-Amzn-Errortype"), ":") // a URL follows
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			body = list[0]
		}
	}
	if bytes.HasPrefix(body, []byte(`"`)) { // SiliconFlow's answer to a wrong key is a string
		f.Message = text(body)
	}
	var top members
	if !bytes.HasPrefix(body, []byte("{")) || json.Unmarshal(body, &top) != nil {
		if f.page = LooksLikeMarkup(body); !f.page && !json.Valid(body) {
			f.Message = string(body)
		}
		return f
	}
	f.ID = cmp.Or(text(top.RequestID), text(top.Request), text(top.ID))
	f.Named = says(top.Error)
	fields := top
	if bytes.HasPrefix(top.Error, []byte("{")) {
		fields = members{}
		_ = json.Unmarshal(top.Error, &fields)
	}
	f.Code = cmp.Or(text(fields.Code), text(fields.ErrorCode), f.Code)
	f.Type = cmp.Or(text(fields.Type), text(fields.ErrorType), text(fields.Status))
	f.Message = cmp.Or(text(fields.Message), text(fields.Msg), text(fields.Error), text(fields.Detail))
	if each := text(fields.Errors); each != "" && f.Message != "" {
		f.Message += ": " + each
	}
	var behind members
	_ = json.Unmarshal(fields.Metadata, &behind)
	if raw := text(behind.Raw); raw != "" {
		f.Message += ": " + cmp.Or(ReadFailure(status, nil, []byte(raw)).Message, raw)
	}
	return f
}

// text returns the words of a JSON value: a string or a number as it is, a list's elements joined,
// an object's message.
func text(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s)
		return s
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		var parts []string
		for _, item := range list {
			if s := text(item); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", ")
	case '{':
		var o map[string]json.RawMessage
		_ = json.Unmarshal(raw, &o)
		return cmp.Or(text(o["message"]), text(o["msg"]), text(o["error"]))
	case 'n', 't', 'f':
		return ""
	}
	return string(raw) // a number
}

// says reports whether a JSON value says anything: null, false, 0, "" and values made of them do
// not.
func says(raw json.RawMessage) bool {
	if len(raw) == 0 {
		return false
	}
	var v any
	_ = json.Unmarshal(raw, &v)
	var said func(any) bool
	said = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			return slices.ContainsFunc(slices.Collect(maps.Values(v)), said)
		case []any:
			return slices.ContainsFunc(v, said)
		case string:
			return v != ""
		case float64:
			return v != 0
		case bool:
			return v
		}
		return false
	}
	return said(v)
}

// Refusal makes an error of an answer without vectors. The caller adds Provider, Model and
// Endpoint.
func (f Failure) Refusal(v Verdict, key string, texts []string) *embedding.Error {
	e := &embedding.Error{
		Kind: v.Kind, Status: f.Status, Code: f.code(key, texts), Allowed: v.Allowed,
		RequestID:  Token(cmp.Or(RequestID(f.Header), f.ID), key, texts, MaxID),
		RetryAfter: cmp.Or(RetryAfter(f.Header), v.RetryAfter),
	}
	if e.Kind == embedding.Unknown {
		e.Kind = embedding.KindOfStatus(f.Status)
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
	if advice := cmp.Or(v.Advice, Advice(e.Kind)); advice != "" {
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
	own := f.Code
	if own == strconv.Itoa(f.Status) {
		own = ""
	}
	return Token(cmp.Or(own, f.Type), key, texts, MaxCode)
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
