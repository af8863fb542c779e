package embedding

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
)

func TestErrorText(t *testing.T) {
	e := &Error{Kind: RateLimited, Provider: "dashscope", Model: "v4", Endpoint: "h", Code: "limit_requests", RequestID: "r",
		Status: 429, RetryAfter: 1500 * time.Millisecond, Err: errors.New("slow down")}
	const want = "embedding: dashscope:v4 at h: rate limited (429 limit_requests): slow down; retry after 1.5s [request r]"
	expect.Equal(t, "the error", e.Error(), want)
	expect.Equal(t, "the kind of a wrapped error", KindOf(fmt.Errorf("x: %w", e)), RateLimited)
	expect.Equal(t, "the kind of no error", KindOf(nil), Unknown)
	expect.Equal(t, "the kind of a context error", KindOf(context.Canceled), Unknown)
	expect.Equal(t, "the kind of a Kind", KindOf(Auth), Auth)
}

func TestKindOfStatus(t *testing.T) {
	for status, want := range map[int]Kind{200: Malformed, 302: Malformed, 400: Invalid, 401: Auth, 402: Exhausted, 403: Auth, 404: Invalid,
		408: Unavailable, 413: TooLarge, 422: Invalid, 429: RateLimited, 500: Unavailable, 501: Invalid, 502: Unavailable, 503: Unavailable, 504: Unavailable,
		204: Malformed, 405: Invalid, 406: Invalid, 407: Auth, 409: Unavailable, 410: Invalid, 414: Invalid, 421: Unavailable, 423: Unavailable, 424: Unavailable,
		425: Unavailable, 431: Invalid, 444: Unavailable, 449: Unavailable, 451: Invalid, 460: Unavailable, 463: Invalid, 495: Auth, 496: Auth, 497: Invalid,
		498: Auth, 499: Unavailable, 505: Invalid, 520: Unavailable, 524: Unavailable, 529: Unavailable, 598: Unavailable} {
		expect.Equal(t, fmt.Sprintf("the kind of %d", status), KindOfStatus(status), want)
	}
}

func TestModelErrorf(t *testing.T) {
	cause := errors.New("reset")
	err := Model{Provider: "p", ID: "m", Endpoint: "h"}.Errorf(Unavailable, "reading: %w", cause)
	expect.Equal(t, "the words", err.Error(), "embedding: p:m at h: service unavailable: reading: reset")
	if !errors.Is(err, cause) || !errors.Is(err, Unavailable) {
		t.Errorf("%v is not its cause or not its kind", err)
	}
}
