package dashscope_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// emulate starts an emulator of the international region and returns it with its base URL.
func emulate(t *testing.T, faults ...emulator.Fault) (*vendortest.Emulator, string) {
	t.Helper()
	s := vendortest.Serve(t)(dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Faults: faults}, KeyRegions: map[string]string{"sk-singapore-secret": "intl", "sk-beijing-secret": "cn"}}))
	return s, s.URL + "/compatible-mode/v1"
}

// open returns an Embedder for text-embedding-v4 at an emulator, with 64 dimensions and a good key
// unless o says other.
func open(t *testing.T, base string, o dashscope.Options) embedding.Embedder {
	t.Helper()
	if o.Model == "" {
		o.Model, o.Dimensions = "text-embedding-v4", 64
	}
	if o.Key == "" {
		o.Key = "sk-singapore-secret"
	}
	o.BaseURL, o.Region = base, "intl"
	return vendortest.Opened(t)(dashscope.New(o))
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("sentence number %d of the test", i)
	}
	return texts
}

func embed(t *testing.T, e embedding.Embedder, texts ...string) embedding.Response {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	return res
}

// refused returns the error of embedding texts, which must be of kind.
func refused(t *testing.T, e embedding.Embedder, kind embedding.Kind, texts ...string) *embedding.Error {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	got, ok := errors.AsType[*embedding.Error](err)
	if !ok || got.Kind != kind || res.Vectors != nil {
		t.Fatalf("got %d vectors and %v, want: %v", len(res.Vectors), err, kind)
	}
	for _, text := range texts {
		if len(text) > 3 && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows a text: %v", err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the key: %v", err)
	}
	return got
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func TestOrderUsageAndIDs(t *testing.T) {
	s, base := emulate(t, emulator.Fault{Name: "shuffled"})
	e := open(t, base, dashscope.Options{})
	texts := numbered(10)
	all := embed(t, e, texts...)
	sum, ids := all.Usage, map[string]bool{all.ID: true}
	for i, text := range texts {
		alone := embed(t, e, text)
		expect.Equal(t, fmt.Sprintf("text %d in company", i), alone.Vectors[0], all.Vectors[i])
		sum = sum.Add(alone.Usage)
		ids[alone.ID] = true
	}
	if want := s.Ledger().Usage(); sum != want || sum.Requests != 11 || sum.Tokens == 0 {
		t.Errorf("usage %+v, the ledger has %+v", sum, want)
	}
	expect.Equal(t, "request ids", len(ids), 11)
	for id := range ids {
		if !uuid.MatchString(id) {
			t.Errorf("request id %q", id)
		}
	}
	if s.Ledger().Faults["shuffled"] == 0 {
		t.Error("nothing was shuffled")
	}
}

func TestDimensionsAtTheService(t *testing.T) {
	_, base := emulate(t)
	for _, m := range models.All() {
		if !m.In("intl") {
			continue
		}
		for _, dims := range m.DimensionsIn("intl") {
			v := embed(t, open(t, base, dashscope.Options{Model: m.ID, Dimensions: dims}), "hello")
			var length float64
			for _, x := range v.Vectors[0] {
				length += float64(x) * float64(x)
			}
			if len(v.Vectors[0]) != dims || math.Abs(length-1) > 1e-3 {
				t.Errorf("%s: got %d dimensions, length %v, want length 1 of %v", m.ID, len(v.Vectors[0]), math.Sqrt(length), dims)
			}
		}
	}
}

func TestTooManyTexts(t *testing.T) {
	s, base := emulate(t)
	err := refused(t, open(t, base, dashscope.Options{}), embedding.TooLarge, numbered(11)...)
	if err.Allowed.Texts != 10 || err.Status != 0 || !strings.Contains(err.Error(), "11 texts in one request, the model takes 10: put middleware.Batch around it") {
		t.Errorf("got %v, allowed %+v, want Texts 10, Status 0, %q",
			err, err.Allowed, "11 texts in one request, the model takes 10: put middleware.Batch around it")
	}
	expect.Equal(t, "requests", s.Ledger().Requests, 0)
	// A limit that was believed too high is corrected by the service.
	err = refused(t, open(t, base, dashscope.Options{Limits: embedding.Limits{Texts: 25}}), embedding.TooLarge, numbered(11)...)
	if err.Allowed != (embedding.Limits{Texts: 10}) || err.Status != 400 || err.Code != "InvalidParameter" || !uuid.MatchString(err.RequestID) {
		t.Errorf("got %v, allowed %+v, want Allowed %v, Status 400, Code InvalidParameter",
			err, err.Allowed, embedding.Limits{Texts: 10})
	}
}

func TestKeys(t *testing.T) {
	s, base := emulate(t)
	for name, key := range map[string]string{"wrong": "sk-nobody-secret", "of another region": "sk-beijing-secret"} {
		err := refused(t, open(t, base, dashscope.Options{Key: key}), embedding.Auth, "hello")
		for _, want := range []string{"the key in Options.Key is wrong, or it belongs to another region", "region intl, International (Singapore), at 127.0.0.1", "Options.Region"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("a key that is %s: %v does not say %q", name, err, want)
			}
		}
		if err.Status != 401 || err.Code != "invalid_api_key" || !uuid.MatchString(err.RequestID) {
			t.Errorf("a key that is %s: %+v", name, err)
		}
	}
	if l := s.Ledger(); l.Answers[401] != 2 || l.Billed != 0 {
		t.Errorf("got %+v, want 2 answers of 401, none billed", l)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, name := range []string{"request-rate", "burst-rate", "token-rate", "flat", "overloaded", "empty-503"} {
		s, base := emulate(t, emulator.Fault{Name: name, Next: 1, RetryAfter: 7 * time.Second})
		e := open(t, base, dashscope.Options{})
		kind := embedding.RateLimited
		if name == "overloaded" || name == "empty-503" {
			kind = embedding.Unavailable
		}
		if err := refused(t, e, kind, "hello"); err.RetryAfter != 7*time.Second || !uuid.MatchString(err.RequestID) {
			t.Errorf("%s: got %v, retry after %v, want RetryAfter %v", name, err, err.RetryAfter, 7*time.Second)
		}
		embed(t, e, "hello")
		expect.Equal(t, name+": requests, none of them again by itself", s.Ledger().Requests, 2)
	}
}

func TestBadTexts(t *testing.T) {
	s, base := emulate(t)
	e := open(t, base, dashscope.Options{})
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"good", "", " \n", "bad \xff", "good too"}})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 3 || p.Response.Vectors[0] == nil || p.Response.Vectors[4] == nil {
		t.Fatalf("got %v, want 3 failed texts beside two vectors", err)
	}
	for k, want := range []string{"text 1 is empty", "text 2 is blank", "text 3 is not valid UTF-8"} {
		if f := p.Failed[k]; f.Index != k+1 || !errors.Is(f.Err, embedding.Rejected) || !strings.Contains(f.Err.Error(), want) {
			t.Errorf("text %d: %v", f.Index, f.Err)
		}
	}
	if l := s.Ledger(); l.Texts != 2 || l.Requests != 1 {
		t.Errorf("got %+v, want Texts 2, Requests 1", l)
	}
	// One text that the service refuses spoils its request.
	long := strings.Repeat("word ", 8193)
	rejected := refused(t, e, embedding.Rejected, "good", long)
	if !strings.Contains(rejected.Error(), "Range of input length should be [1, 8192]; a text is empty or has more tokens than the model takes: shorten or split it") {
		t.Errorf("got %v, want %q",
			rejected, "Range of input length should be [1, 8192]; a text is empty or has more tokens than the model takes: shorten or split it")
	}
	expect.NoError(t, s.SetFaults(emulator.Fault{Name: "bad-text"}))
	if rejected = refused(t, e, embedding.Rejected, "good", emulator.BadText); rejected.Code != "data_inspection_failed" {
		t.Errorf("got %v, want Code data_inspection_failed", rejected)
	}
}

// The service, not the package, refuses what the table of models does not know.
func TestUnlistedAtTheService(t *testing.T) {
	_, base := emulate(t)
	err := refused(t, open(t, base, dashscope.Options{Model: "text-embedding-v9", Dimensions: 64, Unlisted: true}), embedding.Invalid, "hello")
	if err.Status != 404 || err.Code != "model_not_found" || !strings.Contains(err.Error(), "the model is not served there (region intl") {
		t.Errorf("got %v, want Status 404, Code model_not_found, %q", err, "the model is not served there (region intl")
	}
	err = refused(t, open(t, base, dashscope.Options{Model: "text-embedding-v4", Dimensions: 100, Unlisted: true}), embedding.Invalid, "hello")
	if err.Status != 400 || !strings.Contains(err.Error(), "its value shold be in [64, 128, 256") {
		t.Errorf("got %v, want Status 400, %q", err, "its value shold be in [64, 128, 256")
	}
	err = refused(t, open(t, strings.TrimSuffix(base, "/v1"), dashscope.Options{}), embedding.Invalid, "hello")
	if err.Status != 404 || !strings.Contains(err.Error(), "the service's end in /compatible-mode/v1") {
		t.Errorf("got %v, want Status 404, %q", err, "the service's end in /compatible-mode/v1")
	}
}

// TestFaults meets everything that the emulator can do to an ordinary request.
func TestFaults(t *testing.T) {
	for _, f := range dashscopetest.Catalog() {
		t.Run(f.Name, func(t *testing.T) {
			fault := emulator.Fault{Name: f.Name}
			switch f.Name {
			case "slow":
				fault.Delay = time.Millisecond
			case "bad-text":
				fault.Match = "number 1"
			}
			s, base := emulate(t, fault)
			e := open(t, base, dashscope.Options{})
			texts := numbered(3)
			ctx := t.Context()
			switch f.Name {
			case "overlength-hang":
				texts = append(texts, strings.Repeat("word ", 8193))
				fallthrough
			case "hang": // the only way out is the caller's
				ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
				_, err := e.Embed(ctx, embedding.Request{Texts: texts})
				vendortest.Refused(t, "a caller's time is up", err, context.DeadlineExceeded)
				return
			case "base64-400", "base64-ignore": // base64 is not asked for
				f.Kind = embedding.Unknown
			}
			res, err := e.Embed(ctx, embedding.Request{Texts: texts})
			if f.Kind == embedding.Unknown {
				if err != nil || len(res.Vectors) != 3 {
					t.Errorf("got %d vectors, %v, want 3", len(res.Vectors), err)
				}
				return
			}
			vendortest.Refused(t, f.Name, err, f.Kind)
			if got, ok := errors.AsType[*embedding.Error](err); ok && f.Status >= 400 && got.Status != f.Status {
				t.Errorf("status %d in %v, want %d", got.Status, err, f.Status)
			}
			expect.Equal(t, "requests", s.Ledger().Requests, 1)
		})
	}
}
