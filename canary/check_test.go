package canary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func TestCheckSpaceAndVariantAskNothing(t *testing.T) {
	s := newServer(embedtest.FakeOptions{})
	ref := record(t, s, Options{})
	asked := len(s.Calls())
	for want, m := range map[Change]embedding.Model{
		SpaceChanged:   {ID: "successor"},
		VariantChanged: {Variant: "find it"},
	} {
		now := newServer(embedtest.FakeOptions{Model: m})
		d := drift(t, Check(t.Context(), now, ref))
		if d.Change != want || !strings.Contains(d.Error(), want.String()) {
			t.Errorf("%v, want %v", d, want)
		}
		if d.Space != ref.Space || want == SpaceChanged && d.NowSpace != "fake/successor@8" || want == VariantChanged && d.NowVariant != "find it" {
			t.Errorf("got %+v, want the Spaces and Variants of reference and embedder", *d)
		}
		if len(now.Calls()) != 0 || len(s.Calls()) != asked {
			t.Error("something was asked")
		}
	}
	// A reference of the time when a server's port was no part of its space, also where the dimensions
	// are unknown.
	for _, m := range []embedding.Model{{Origin: "fake:8080"}, {Origin: "fake:8080", Provider: "fake", ID: "fake"}} {
		now := embedding.Embedder(newServer(embedtest.FakeOptions{Model: m}))
		if m.ID != "" {
			now = nobody{m}
		}
		expect.Says(t, fmt.Sprintf("%+v", m), Check(t.Context(), now, ref), "add space=fake/fake@8 to the reference")
	}
	// The same vectors under another model's name are the user's assertion, not a drift.
	same := embedding.Wrap(s, embedding.Model{Provider: "elsewhere", ID: "copy", Space: ref.Space, Dimensions: 8}, s.Embed)
	expect.NoError(t, Check(t.Context(), same, ref))
}

// A guard that knows the dimensions refuses other ones; the figures are in its words.
func TestCheckBehindAGuard(t *testing.T) {
	s := newServer(embedtest.FakeOptions{})
	e := embedding.Chain(s)
	ref := record(t, e, Options{})
	s.edit = each(func(_ int, _ string, v []float32) []float32 { return v[:5] })
	d := drift(t, Check(t.Context(), e, ref))
	if d.Change != DimensionsChanged || d.NowDimensions != 5 || !errors.Is(d, embedding.Malformed) {
		t.Errorf("got %+v, want DimensionsChanged, 5 dimensions now, Malformed", *d)
	}
	s.edit = each(func(_ int, _ string, v []float32) []float32 {
		for k := range v {
			v[k] *= 3
		}
		return v
	})
	d = drift(t, Check(t.Context(), e, ref))
	if d.Change != LengthsChanged || d.NowLength < 2.99 || !strings.Contains(d.Error(), "not normalized any more") {
		t.Errorf("got %+v, want LengthsChanged, length 3 now", *d)
	}
	s.edit = func(_ embedding.Request, res *embedding.Response) { res.Vectors = res.Vectors[1:] }
	err := Check(t.Context(), e, ref)
	if _, ok := errors.AsType[*Drift](err); ok || !errors.Is(err, embedding.Malformed) {
		t.Errorf("a short answer: %v", err)
	}
}

// A server whose dimensions are learned by asking has them in its Space: the drift says what became
// of the vectors all the same.
func TestCheckProbed(t *testing.T) {
	s := newServer(embedtest.FakeOptions{})
	bare := embedding.Wrap(s, embedding.Model{Provider: "acme", ID: "m"}, s.Embed)
	if _, err := Record(t.Context(), bare, Options{}); err == nil || !strings.Contains(err.Error(), "embedding.Probe") {
		t.Fatalf("an unknown Space: %v", err)
	}
	probed, err := embedding.Probe(t.Context(), bare)
	expect.NoError(t, err)
	ref := record(t, probed, Options{})
	expect.NoError(t, Check(t.Context(), bare, ref))
	s.edit = each(func(_ int, _ string, v []float32) []float32 { return normalized(v[:5:5]) })
	probed, err = embedding.Probe(t.Context(), embedding.Wrap(s, bare.Model(), s.Embed))
	expect.NoError(t, err)
	for _, e := range []embedding.Embedder{probed, bare} {
		if d := drift(t, Check(t.Context(), e, ref)); d.Change != Truncated || d.NowDimensions != 5 {
			t.Errorf("got %v, want Truncated to 5 dimensions", d)
		}
	}
	s.edit = nil
	if d := drift(t, Check(t.Context(), embedding.Wrap(s, probed.Model(), s.Embed), ref)); d.Change != SpaceChanged {
		t.Errorf("an embedder that says @5 and answers 8: %v", d)
	}
	stranger := embedding.Wrap(s, embedding.Model{Provider: "acme", ID: "n"}, s.Embed)
	expect.Says(t, "an unknown Space", Check(t.Context(), stranger, ref), "embedding.Probe")
}

func TestCheckStaticModel(t *testing.T) {
	open := func(dims int) embedding.Embedder {
		e, err := static.New(static.Options{Dimensions: dims})
		expect.NoError(t, err)
		return e
	}
	ref := record(t, open(256), Options{Texts: []string{"quarterly report of the harbor authority"}})
	if ref.Noise > 1e-9 || !ref.Normalized || ref.Queries != nil || len(ref.Documents) != 12 {
		t.Errorf("noise %v, normalized %v, %d queries, %d documents", ref.Noise, ref.Normalized, len(ref.Queries), len(ref.Documents))
	}
	expect.NoError(t, Check(t.Context(), open(256), ref))
	if d := drift(t, Check(t.Context(), open(64), ref)); d.Change != Truncated || d.NowDimensions != 64 {
		t.Errorf("got %v, want Truncated to 64 dimensions", d)
	}
}

func TestCheckErrorsThatAreNoDrift(t *testing.T) {
	s := newServer(embedtest.FakeOptions{})
	ref := record(t, s, Options{})
	down := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: embedding.Unavailable}
	}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	broken := ref
	broken.Documents = broken.Documents[1:]
	for name, c := range map[string]struct {
		ctx  context.Context
		e    embedding.Embedder
		ref  Reference
		is   error
		says string
	}{
		"down":         {ctx: t.Context(), e: down, ref: ref, is: embedding.Unavailable, says: "embedding the texts"},
		"canceled":     {ctx: ended, e: s, ref: ref, is: context.Canceled, says: ""},
		"nil":          {ctx: t.Context(), e: nil, ref: ref, is: nil, says: "is nil"},
		"zero":         {ctx: t.Context(), e: s, ref: Reference{}, is: nil, says: "record it again"},
		"not whole":    {ctx: t.Context(), e: s, ref: broken, is: nil, says: "record it again"},
		"from a cache": {ctx: t.Context(), e: reusing(s), ref: ref, is: errReused, says: "cache"},
	} {
		err := Check(c.ctx, c.e, c.ref)
		if _, ok := errors.AsType[*Drift](err); ok || err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got the error %v, want one with %q that is no drift", name, err, c.says)
		}
	}
}

// reusing answers one text of each request without asking for it.
func reusing(e embedding.Embedder) embedding.Embedder {
	return embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := e.Embed(ctx, req)
		res.Usage.Reused++
		return res, err
	})
}
