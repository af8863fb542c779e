// Package dashscopedialect implements the wire format of DashScope's text embeddings: the
// OpenAI-compatible path, with errors in an envelope, and the native path, with flat errors. It
// supports only the dense vectors of the native API.
package dashscopedialect

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/internal/problem"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{ doc string }

// New returns the dialect of a region. The region decides which page messages name: the Chinese one
// for hosts in China, the English one for others.
func New(region string) dialect.Dialect {
	if region == "cn" || region == "finance" {
		return wire{"https://help.aliyun.com/zh/model-studio/error-code"}
	}
	return wire{"https://www.alibabacloud.com/help/en/model-studio/error-code"}
}

func (wire) Routes() []dialect.Route {
	return []dialect.Route{
		{Method: "POST", Path: "/compatible-mode/v1/embeddings"},
		{Method: "POST", Path: "/api/v1/services/embeddings/text-embedding/text-embedding"},
	}
}

func (wire) Key(r *dialect.Request) string { return r.Bearer() }

func (wire) Head(r *dialect.Request) {
	now := time.Now()
	took := strconv.FormatInt(now.Sub(r.Arrived).Milliseconds(), 10)
	h := r.Out
	h.Set("Vary", "Origin,Access-Control-Request-Method,Access-Control-Request-Headers, Accept-Encoding")
	h.Set("X-Request-Id", r.ID)
	h.Set("X-Dashscope-Call-Gateway", "true")
	h.Set("Server", "istio-envoy")
	h.Set("Req-Cost-Time", took)
	h.Set("Req-Arrive-Time", strconv.FormatInt(r.Arrived.UnixMilli(), 10))
	h.Set("Resp-Start-Time", strconv.FormatInt(now.UnixMilli(), 10))
	h.Set("X-Envoy-Upstream-Service-Time", took)
}

func (wire) Words(r *dialect.Request) dialect.Words {
	flat := problem.Native(r)
	w := dialect.Words{
		NoPath:    dialect.Refusal{Status: http.StatusNotFound},
		NoMethod:  problem.BadMethod.Spell(flat),
		NoKey:     problem.NoKey.Spell(flat),
		BadKey:    problem.BadKey.Spell(flat),
		NoModel:   problem.UnknownModel.Spell(flat),
		LargeBody: problem.TooLarge.Spell(flat),
		Kinds: map[embedding.Kind]dialect.Refusal{
			embedding.Invalid:     problem.Invalid.Spell(flat),
			embedding.Rejected:    problem.Inspection.Spell(flat),
			embedding.TooLarge:    problem.TooLarge.Spell(flat),
			embedding.RateLimited: problem.RequestRate.Spell(flat),
			embedding.Exhausted:   problem.Arrearage.Spell(flat),
			embedding.Unavailable: problem.InternalError.Spell(flat),
		},
	}
	if flat {
		w.NoPath, w.NoModel = problem.WrongURL.Spell(flat), problem.NativeUnknownModel.Spell(flat)
	}
	return w
}

// Refuse writes no body if there is no message.
func (w wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	message := strings.ReplaceAll(why.Text(nil), "{doc}", w.doc)
	switch {
	case why.Message == "":
		return dialect.Reply{Status: why.Status}
	case why.Form == problem.Flat:
		return dialect.Reply{Status: why.Status, Body: dialect.JSON(struct {
			Code      string `json:"code"`
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
		}{why.Code, message, r.ID})}
	}
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	out := struct {
		Error     inner  `json:"error"`
		ID        string `json:"id,omitempty"`
		RequestID string `json:"request_id"`
	}{Error: inner{message, why.Type, nil, why.Code}, RequestID: r.ID}
	if why.Type == "" {
		out.Error.Type = why.Code
	}
	if why.Form == problem.Algo {
		out.ID = r.ID
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(out)}
}

func (wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	tokens := strconv.Itoa(a.Tokens)
	if problem.Native(r) {
		dst = append(dst, `{"output":{"embeddings":[`...)
		for i, row := range a.Rows {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(append(dst, `{"text_index":`...), int64(row.Index), 10)
			dst = append(row.Append(append(dst, `,"embedding":`...), false), '}')
		}
		return append(dst, `]},"usage":{"total_tokens":`+tokens+`},"request_id":"`+r.ID+`"}`...)
	}
	dst = append(dst, `{"data":[`...)
	for i, row := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = row.Append(append(dst, `{"embedding":`...), c.Base64)
		dst = strconv.AppendInt(append(dst, `,"index":`...), int64(row.Index), 10)
		dst = append(dst, `,"object":"embedding"}`...)
	}
	dst = append(append(dst, `],"model":`...), dialect.JSON(a.Model)...)
	return append(dst, `,"object":"list","usage":{"prompt_tokens":`+tokens+`,"total_tokens":`+tokens+`},"id":"`+r.ID+`"}`...)
}
