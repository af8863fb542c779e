package otelembedding

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/vecspace/embedding"
)

// errorTypes holds the values of error.type by Kind.
var errorTypes = map[embedding.Kind]string{
	embedding.Invalid:     "invalid",
	embedding.Rejected:    "rejected",
	embedding.TooLarge:    "too_large",
	embedding.Auth:        "auth",
	embedding.RateLimited: "rate_limited",
	embedding.Exhausted:   "exhausted",
	embedding.Unavailable: "unavailable",
	embedding.Malformed:   "malformed",
	embedding.Partial:     "partial",
}

// errorType returns the value of error.type: "" for success, "canceled" or "timeout" if a context
// ended, the Kind if there is one, else the conventions' "_OTHER".
func errorType(err error) string {
	if err == nil {
		return ""
	}
	kind := embedding.KindOf(err)
	if kind == embedding.Unknown || kind == embedding.Partial {
		switch {
		case errors.Is(err, context.Canceled):
			return "canceled"
		case errors.Is(err, context.DeadlineExceeded):
			return "timeout"
		}
	}
	if name, ok := errorTypes[kind]; ok {
		return name
	}
	return "_OTHER"
}

// details returns what may be reported about an error besides its Kind. It leaves out the message,
// which may quote anything.
func details(e *embedding.Error) []attribute.KeyValue {
	var out []attribute.KeyValue
	if e.Status != 0 {
		out = append(out, keyStatus.Int(e.Status))
	}
	if code := identifier(e.Code); code != "" {
		out = append(out, keyErrorCode.String(code))
	}
	if id := identifier(e.RequestID); id != "" {
		out = append(out, keyRequestID.String(id))
	}
	return out
}

// identifier returns s if it looks like a code or an ID, which servers choose freely, and "" if it
// may be a sentence.
func identifier(s string) string {
	const most = 128
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-:/", r)
	}
	if len(s) > most || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}

// local reports whether err was made on this side, without a request: by the guard or a provider,
// which refuse a text as invalid, or by a layer, which has a code of its own.
func local(err error) bool {
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if !local(f.Err) {
				return false
			}
		}
		return true
	}
	e, ok := errors.AsType[*embedding.Error](err)
	if !ok || e.Status != 0 || e.RequestID != "" {
		return false
	}
	if strings.HasPrefix(e.Code, "local_") {
		return e.Code != "local_timeout"
	}
	return e.Code == "" && (e.Kind == embedding.Rejected || e.Kind == embedding.TooLarge)
}
