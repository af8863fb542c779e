package openaicompat

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Failure is an answer that holds no vectors, as far as it could be understood. Its words are the server's own and may
// quote the texts: they are for classifying, and nothing of them goes into an error but through words.
type Failure struct {
	Status  int
	Code    string // the body's code, also where it is a number; empty if it has none
	Type    string
	Message string
	ID      string // the request's id in the body
	Header  http.Header

	page bool // the body is markup
}

// Verdict is what a classifier makes of a Failure.
type Verdict struct {
	Kind    embedding.Kind   // Unknown: what the status says
	Allowed embedding.Limits // what the server said is allowed
	Advice  string           // what the user can do, added to the server's words

	RetryAfter time.Duration // read from the body, where no header says it
}

// failureBody is a Failure as it was read.
type failureBody struct {
	Failure
	named bool // an "error" member says something
}

// members are those that errors use, at the top of a body or in its "error".
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
}

// readFailure understands the bodies in use: {"error":{...}}, {"error":"..."}, the flat {"code","message"} of
// DashScope's native API and of Mistral, TEI's {"error","error_type"}, FastAPI's {"detail"}, Google's list of one, and
// bodies that are no JSON. What is not there stays empty.
func readFailure(status int, header http.Header, body []byte) failureBody {
	f := failureBody{Failure: Failure{Status: status, Header: header}}
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
		if f.page = wire.LooksLikeMarkup(body); !f.page && !json.Valid(body) {
			f.Message = string(body)
		}
		return f
	}
	f.ID = cmp.Or(text(top.RequestID), text(top.Request), text(top.ID))
	f.named = says(top.Error)
	fields := top
	if bytes.HasPrefix(top.Error, []byte("{")) {
		fields = members{}
		_ = json.Unmarshal(top.Error, &fields)
	}
	f.Code = cmp.Or(text(fields.Code), text(fields.ErrorCode))
	f.Type = cmp.Or(text(fields.Type), text(fields.ErrorType), text(fields.Status))
	f.Message = cmp.Or(text(fields.Message), text(fields.Msg), text(fields.Error), text(fields.Detail))
	return f
}

// text returns what a JSON value says: a string or a number as it is, a list's elements joined, an object's message.
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
		return cmp.Or(text(o["message"]), text(o["msg"]))
	case 'n', 't', 'f':
		return ""
	}
	return string(raw) // a number
}

// says reports whether a JSON value says anything: it is not null, false, 0, "", nor made of nothing but those.
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

// refuse turns an answer without vectors, whose body had size bytes, into an error.
func (c *call) refuse(f Failure, size int) *embedding.Error {
	v := c.client.classify(f)
	e := c.client.fail(v.Kind, nil)
	if e.Kind == embedding.Unknown {
		e.Kind = embedding.KindOfStatus(f.Status)
	}
	e.Status = f.Status
	e.Code = c.code(f)
	e.RequestID = wire.Token(cmp.Or(requestID(f.Header), f.ID), c.key, c.texts, wire.MaxID)
	if e.RetryAfter = wire.RetryAfter(f.Header); e.RetryAfter == 0 {
		e.RetryAfter = v.RetryAfter
	}
	e.Allowed = v.Allowed
	said := wire.Words(f.Message, c.key, c.texts)
	if said == "" {
		said = cmp.Or(http.StatusText(f.Status), "an answer without vectors")
		if size > 0 && f.Code == "" {
			said += fmt.Sprintf(" (a body of %d bytes that says no more)", size)
		}
		if f.page {
			said = http.StatusText(f.Status) + wire.Page
		}
	}
	if advice := cmp.Or(v.Advice, wire.Advice(e.Kind)); advice != "" {
		said += "; " + advice
	}
	e.Err = wire.Cause{Words: said}
	return e
}

// code is what an error shows as the provider's own: a code that only repeats the status says less than the type.
func (c *call) code(f Failure) string {
	own := f.Code
	if own == fmt.Sprint(f.Status) {
		own = ""
	}
	return wire.Token(cmp.Or(own, f.Type), c.key, c.texts, wire.MaxCode)
}

func requestID(h http.Header) string {
	return cmp.Or(h.Get("X-Request-Id"), h.Get("Request-Id"), h.Get("Apim-Request-Id"))
}
