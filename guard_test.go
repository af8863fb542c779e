package embedding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fn is an Embedder made of a function.
type fn struct {
	m Model
	f func(context.Context, Request) (Response, error)
}

func (e fn) Model() Model { return e.m }
func (e fn) Embed(ctx context.Context, req Request) (Response, error) {
	return e.f(ctx, req)
}

// lengths embeds a text as (its length, 1).
func lengths(_ context.Context, req Request) (Response, error) {
	res := Response{Usage: Usage{Requests: 1, Tokens: req.Len()}, ID: "id"}
	for _, t := range req.Texts {
		res.Vectors = append(res.Vectors, []float32{float32(len(t)), 1})
	}
	return res, nil
}

func TestGuardRefusesBadTextsAndSendsTheGood(t *testing.T) {
	var sent []string
	e := Chain(fn{Model{Provider: "p", ID: "m", Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
		sent = append(sent, req.Texts...)
		return lengths(ctx, req)
	}})
	texts := []string{"a", "", "bb", " \t\u00a0", "ccc", "\xff", "dddd"}
	res, err := e.Embed(t.Context(), Request{Texts: texts})
	if res.Vectors != nil {
		t.Error("an error came with a response beside it")
	}
	p, ok := errors.AsType[*PartialError](err)
	if !ok || KindOf(err) != Partial || !errors.Is(err, Rejected) || !errors.Is(err, Partial) {
		t.Fatalf("got %v", err)
	}
	if got := fmt.Sprint(sent); got != "[a bb ccc dddd]" {
		t.Errorf("sent %v", got)
	}
	if len(p.Failed) != 3 || p.Failed[0].Index != 1 || p.Failed[1].Index != 3 || p.Failed[2].Index != 5 {
		t.Fatalf("failed: %+v", p.Failed)
	}
	for i, want := range []string{"text 1 is empty", "text 3 is blank", "text 5 is not valid UTF-8"} {
		if got := p.Failed[i].Err.Error(); !strings.Contains(got, want) || !strings.Contains(got, "p:m") {
			t.Errorf("message %q lacks %q", got, want)
		}
	}
	for i, v := range p.Response.Vectors {
		if bad := i%2 == 1; bad != (v == nil) || !bad && v[0] != float32(len(texts[i])) {
			t.Errorf("row %d is %v", i, v)
		}
	}
	if p.Response.Usage.Tokens != 4 {
		t.Errorf("usage %+v", p.Response.Usage)
	}
}

func TestGuardMakesNoCall(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2, Limits: Limits{Texts: 2}}, func(context.Context, Request) (Response, error) {
		t.Error("the provider was called")
		return Response{}, nil
	}})
	if res, err := e.Embed(t.Context(), Request{}); err != nil || len(res.Vectors) != 0 || res.Usage != (Usage{}) {
		t.Errorf("empty request: %v %v", res, err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(done, Request{Texts: []string{"a"}}); err != context.Canceled {
		t.Errorf("cancelled before: %v", err)
	}
	_, err := e.Embed(t.Context(), Request{Texts: []string{"a", "b", "c"}})
	if ours, ok := errors.AsType[*Error](err); !ok || ours.Kind != TooLarge || ours.Allowed.Texts != 2 || !strings.Contains(err.Error(), "3 texts") || !strings.Contains(err.Error(), "Batch") {
		t.Errorf("too many: %v", err)
	}
	if _, err := e.Embed(t.Context(), Request{Texts: []string{" "}}); KindOf(err) != Rejected || !strings.Contains(err.Error(), "text 0") {
		t.Errorf("one blank: %v", err)
	}
}

func TestGuardReportsBrokenLaws(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	ok := []float32{1, 2}
	bad := errors.New("bad")
	for name, c := range map[string]struct {
		res  Response
		err  error
		want string
	}{
		"too few":           {Response{Vectors: [][]float32{ok}}, nil, "count law: 1 vectors for 2 texts"},
		"too many":          {Response{Vectors: [][]float32{ok, ok, ok}}, nil, "count law"},
		"none":              {Response{}, nil, "count law"},
		"nil row":           {Response{Vectors: [][]float32{ok, nil}}, nil, "dimensions law: the vector of text 1"},
		"short row":         {Response{Vectors: [][]float32{ok, {1}}}, nil, "dimensions law"},
		"NaN":               {Response{Vectors: [][]float32{ok, {1, nan}}}, nil, "finite law: dimension 1 of text 1"},
		"infinite":          {Response{Vectors: [][]float32{{inf, 1}, ok}}, nil, "finite law"},
		"negative usage":    {Response{Vectors: [][]float32{ok, ok}, Usage: Usage{Tokens: -1}}, nil, "usage law"},
		"partial, rows":     {Response{}, &PartialError{Response: Response{Vectors: [][]float32{ok}}, Failed: []TextError{{1, bad}}}, "partial law"},
		"partial, none":     {Response{}, &PartialError{Response: Response{Vectors: [][]float32{ok, ok}}}, "partial law"},
		"partial, beside":   {Response{}, &PartialError{Response: Response{Vectors: [][]float32{ok, ok}}, Failed: []TextError{{1, bad}}}, "partial law"},
		"partial, no error": {Response{}, &PartialError{Response: Response{Vectors: [][]float32{ok, nil}}, Failed: []TextError{{1, nil}}}, "partial law"},
		"partial, range":    {Response{}, &PartialError{Response: Response{Vectors: [][]float32{ok, nil}}, Failed: []TextError{{2, bad}}}, "partial law"},
		"partial, nil row":  {Response{}, &PartialError{Response: Response{Vectors: [][]float32{nil, nil}}, Failed: []TextError{{1, bad}}}, "dimensions law"},
	} {
		t.Run(name, func(t *testing.T) {
			e := Chain(fn{Model{Dimensions: 2}, func(context.Context, Request) (Response, error) { return c.res, c.err }})
			res, err := e.Embed(t.Context(), Request{Texts: []string{"a", "b"}})
			if KindOf(err) != Malformed || !strings.Contains(err.Error(), c.want) || res.Vectors != nil {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestGuardLearnsUnknownDimensions(t *testing.T) {
	next := []float32{1, 2, 3}
	e := Chain(fn{Model{Provider: "p", ID: "m"}, func(context.Context, Request) (Response, error) {
		return Response{Vectors: [][]float32{next}}, nil
	}})
	one := Request{Texts: []string{"a"}}
	res, err := e.Embed(t.Context(), one)
	if err != nil || res.Usage != (Usage{Requests: 1, Unmetered: 1}) {
		t.Fatal(res, err)
	}
	next = next[:2]
	if _, err := e.Embed(t.Context(), one); KindOf(err) != Malformed {
		t.Errorf("another length passed: %v", err)
	}
	if e.Model().Space != "" || e.Model().Dimensions != 0 {
		t.Error("the model changed")
	}
	next = next[:3]
	probed, err := Probe(t.Context(), e)
	if err != nil || probed.Model().Dimensions != 3 || probed.Model().Space != "p/m@3" {
		t.Fatalf("probed %+v, %v", probed.Model(), err)
	}
	if again, _ := Probe(t.Context(), probed); again != probed {
		t.Error("a known model was probed again")
	}
}

type timeoutError struct{}

func (timeoutError) Error() string { return "slow" }
func (timeoutError) Timeout() bool { return true }

func TestGuardClassifiesForeignErrors(t *testing.T) {
	secret := &url.Error{Op: "Post", URL: "https://x/?key=sk-secret", Err: context.DeadlineExceeded}
	for name, c := range map[string]struct {
		err  error
		want Kind
		is   error // what errors.Is must still find
		not  error // what it must not
	}{
		"plain":            {io.ErrUnexpectedEOF, Unknown, io.ErrUnexpectedEOF, Unavailable},
		"kind":             {fmt.Errorf("x: %w", RateLimited), RateLimited, RateLimited, nil},
		"own":              {&Error{Kind: Auth, Provider: "q"}, Auth, Auth, nil},
		"client timeout":   {fmt.Errorf("x: %w", timeoutError{}), Unavailable, Unavailable, timeoutError{}},
		"foreign deadline": {fmt.Errorf("x: %w", context.DeadlineExceeded), Unavailable, Unavailable, context.DeadlineExceeded},
		"foreign cancel":   {context.Canceled, Unavailable, Unavailable, context.Canceled},
		"url":              {secret, Unavailable, Unavailable, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			e := Chain(fn{Model{Provider: "p", ID: "m", Endpoint: "host", Dimensions: 1}, func(context.Context, Request) (Response, error) { return Response{}, c.err }})
			_, err := e.Embed(t.Context(), Request{Texts: []string{"a"}})
			if KindOf(err) != c.want || !errors.Is(err, c.is) {
				t.Errorf("got %v", err)
			}
			if c.not != nil && errors.Is(err, c.not) {
				t.Errorf("%v is %v", err, c.not)
			}
			if _, ok := errors.AsType[*Error](err); !ok || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %T %v", err, err)
			}
		})
	}
}

func TestGuardPrefersTheCallersEnd(t *testing.T) {
	embed := func(answer error, n int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e := Chain(fn{Model{Dimensions: 1}, func(context.Context, Request) (Response, error) {
			cancel()
			return Response{}, answer
		}})
		_, err := e.Embed(ctx, Request{Texts: []string{"a", "b"}[:n]})
		return err
	}
	if err := embed(&Error{Kind: Unavailable, Err: errors.New("reset")}, 1); err != context.Canceled {
		t.Errorf("a broken connection after the caller's cancel: %v", err)
	}
	if err := embed(&Error{Kind: Auth, Status: 401}, 1); KindOf(err) != Auth {
		t.Errorf("a real answer was hidden: %v", err)
	}
	err := embed(&PartialError{Response: Response{Vectors: [][]float32{{1}, nil}}, Failed: []TextError{{1, errors.New("gone")}}}, 2)
	if !errors.Is(err, context.Canceled) || KindOf(err) != Partial || len(Salvage(Response{}, err).Vectors) != 2 {
		t.Errorf("a cancel midway: %v", err)
	}
}

func TestChain(t *testing.T) {
	var order []string
	mw := func(name string) Middleware {
		return func(next Embedder) Embedder {
			return Wrap(next, next.Model(), func(ctx context.Context, req Request) (Response, error) {
				order = append(order, name)
				return next.Embed(ctx, req)
			})
		}
	}
	provider := fn{Model{Provider: "p", ID: "m", Dimensions: 2}, lengths}
	e := Chain(provider, mw("outer"), nil, mw("inner"))
	if _, err := e.Embed(t.Context(), Request{Texts: []string{"a"}}); err != nil || fmt.Sprint(order) != "[outer inner]" {
		t.Error(order, err)
	}
	if e.Model().Space != "p/m@2" {
		t.Errorf("space %q", e.Model().Space)
	}
	if again := Chain(e); again != e {
		t.Error("guarded twice")
	}
	defer func() {
		if r := fmt.Sprint(recover()); !strings.Contains(r, "Embedder is nil") {
			t.Errorf("panic %q", r)
		}
	}()
	Chain(nil)
}

func TestErrorText(t *testing.T) {
	e := &Error{Kind: RateLimited, Provider: "dashscope", Model: "v4", Endpoint: "h", Code: "limit_requests", RequestID: "r",
		Status: 429, RetryAfter: 1500 * time.Millisecond, Err: errors.New("slow down")}
	const want = "embedding: dashscope:v4 at h: rate limited (429 limit_requests): slow down; retry after 1.5s [request r]"
	if e.Error() != want {
		t.Errorf("got  %s\nwant %s", e, want)
	}
	if KindOf(fmt.Errorf("x: %w", e)) != RateLimited || KindOf(nil) != Unknown || KindOf(context.Canceled) != Unknown || KindOf(Auth) != Auth {
		t.Error("KindOf")
	}
}

func TestKindOfStatus(t *testing.T) {
	for status, want := range map[int]Kind{200: Malformed, 302: Malformed, 400: Invalid, 401: Auth, 402: Exhausted, 403: Auth, 404: Invalid,
		408: Unavailable, 413: TooLarge, 422: Invalid, 429: RateLimited, 500: Unavailable, 501: Invalid, 502: Unavailable, 503: Unavailable, 504: Unavailable,
		204: Malformed, 405: Invalid, 406: Invalid, 407: Auth, 409: Unavailable, 410: Invalid, 414: Invalid, 421: Unavailable, 423: Unavailable, 424: Unavailable,
		425: Unavailable, 431: Invalid, 444: Unavailable, 449: Unavailable, 451: Invalid, 460: Unavailable, 463: Invalid, 495: Auth, 496: Auth, 497: Invalid,
		498: Auth, 499: Unavailable, 505: Invalid, 520: Unavailable, 524: Unavailable, 529: Unavailable, 598: Unavailable} {
		if got := KindOfStatus(status); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}
