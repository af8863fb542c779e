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

	"github.com/vecspace/embedding/internal/expect"
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
	res := Response{Usage: Usage{Requests: 1, Tokens: len(req.Texts)}, ID: "id"}
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
	expect.Equal(t, "what was sent", fmt.Sprint(sent), "[a bb ccc dddd]")
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
	expect.Equal(t, "tokens", p.Response.Usage.Tokens, 4)
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
		t.Errorf("canceled before: %v", err)
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
		t.Fatalf("got the usage %+v and %v, want one unmetered request", res.Usage, err)
	}
	next = next[:2]
	_, err = e.Embed(t.Context(), one)
	d, ok := errors.AsType[*DimensionsError](err)
	if KindOf(err) != Malformed || !ok || *d != (DimensionsError{Index: 0, Got: 2, Want: 3}) {
		t.Errorf("another length: got %v, want a *DimensionsError of 2 and 3", err)
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

// TestGuardLearnsFromGoodAnswersOnly: what a malformed answer says of the dimensions holds for
// nothing.
func TestGuardLearnsFromGoodAnswersOnly(t *testing.T) {
	nan := float32(math.NaN())
	for name, first := range map[string]Response{
		"NaN":            {Vectors: [][]float32{{1, 2}, {nan, 1}}},
		"two lengths":    {Vectors: [][]float32{{1, 2}, {1, 2, 3}}},
		"too few":        {Vectors: [][]float32{{1, 2}}},
		"negative usage": {Vectors: [][]float32{{1, 2}, {1, 2}}, Usage: Usage{Tokens: -1}},
		"an empty row":   {Vectors: [][]float32{{}, {}}},
		"not normalized": {Vectors: [][]float32{{1, 0}, {0, 0}}},
	} {
		for _, partial := range []bool{false, true} {
			calls := 0
			e := Chain(fn{Model{Provider: "p", ID: "m", Normalized: true}, func(context.Context, Request) (Response, error) {
				if calls++; calls > 1 {
					return Response{Vectors: [][]float32{{0, 0, 1, 0}, {0, 1, 0, 0}}}, nil
				}
				if partial {
					res := first
					res.Vectors = append(res.Vectors[:len(res.Vectors):len(res.Vectors)], nil)
					return Response{}, &PartialError{Response: res, Failed: []TextError{{Index: len(res.Vectors) - 1, Err: Rejected}}}
				}
				return first, nil
			}})
			texts := []string{"a", "b", "c"}
			if !partial {
				texts = texts[:2]
			}
			if _, err := e.Embed(t.Context(), Request{Texts: texts}); KindOf(err) != Malformed {
				t.Errorf("%s: got %v, want Malformed", name, err)
			}
			if _, err := e.Embed(t.Context(), Request{Texts: []string{"a", "b"}}); err != nil {
				t.Errorf("%s: a right answer afterwards: %v", name, err)
			}
		}
	}
}

func TestGuardChecksUnitLength(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		row        []float32
		normalized bool
		want       string // in the error; empty means that the row passes
	}{
		{[]float32{0, 0, 0}, true, "unit law: the vector of text 0 has the length 0"},
		{[]float32{0, 0, 0}, false, ""},
		{[]float32{3, 4, 0}, true, "the length 5"},
		{[]float32{3, 4, 0}, false, ""},
		{[]float32{0.3, 0, 0}, true, "the length 0.3"},
		{[]float32{0.6, 0.8, 0}, true, ""},
		{[]float32{0.58, 0.77, 0}, true, ""}, // few bits
		{[]float32{inf, 0, 0}, true, "finite law"},
		{[]float32{1, float32(math.NaN()), 0}, true, "finite law"},
		{[]float32{3e38, 3e38, 0}, true, "unit law"},
		{[]float32{0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, true, ""},
		{[]float32{0, 0, 0, 0, 0, 0, 0, 1, 1, 0}, true, "the length 1.41"},
	} {
		e := Chain(fn{Model{Normalized: c.normalized}, func(context.Context, Request) (Response, error) {
			return Response{Vectors: [][]float32{c.row}}, nil
		}})
		_, err := e.Embed(t.Context(), Request{Texts: []string{"a"}})
		if c.want == "" && err != nil || c.want != "" && (KindOf(err) != Malformed || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, normalized %v: got %v, want %q", c.row, c.normalized, err, c.want)
		}
	}
}
