package embedtest

import (
	"errors"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
)

func empty(t tb, s Subject) {
	var before embedding.Usage
	if s.Ledger != nil {
		before = s.Ledger()
	}
	for _, req := range []embedding.Request{{}, {Texts: []string{}, Task: embedding.TaskQuery}} {
		res, err := s.Embedder.Embed(t.Context(), req)
		if err != nil || len(res.Vectors) != 0 || res.Usage != (embedding.Usage{}) {
			t.Errorf("an empty request: %d vectors, usage %+v, error %v", len(res.Vectors), res.Usage, err)
		}
	}
	if s.Ledger != nil && s.Ledger() != before {
		t.Errorf("an empty request made a call")
	}
}

// badTexts is the law that a text which cannot be embedded is Rejected with its index, and the
// others are embedded.
func badTexts(t tb, s Subject) {
	for _, bad := range []string{"", " ", "\n\t\u3000", "\xff\xfe", "half a rune \xe4\xbd"} {
		_, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: []string{bad}})
		if !errors.Is(err, embedding.Rejected) {
			t.Errorf("the text %+q alone: got %v, want a Rejected error", bad, err)
		}
		if s.size(3) < 3 {
			continue
		}
		texts := []string{words[0], bad, words[1]}
		res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: texts})
		if res.Vectors != nil {
			t.Errorf("the text %+q between others: vectors beside the error", bad)
		}
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 1 || embedding.KindOf(p.Failed[0].Err) != embedding.Rejected {
			t.Errorf("the text %+q between others: got %v, want a *PartialError that Rejects text 1 alone", bad, err)
			continue
		}
		rows := p.Response.Vectors
		if len(rows) != 3 || rows[0] == nil || rows[1] != nil || rows[2] == nil {
			t.Errorf("the text %+q between others: the *PartialError does not hold the vectors of the two good ones", bad)
			continue
		}
		s.same(t, "beside a bad text", texts, rows)
	}
}

func tooMany(t tb, s Subject) {
	most := s.Embedder.Model().Limits.Texts
	if most == 0 || most > 4096 {
		return // there is no limit, or trying it would take too long
	}
	texts := numbered(most + 1)
	res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: texts})
	switch {
	case err != nil && embedding.KindOf(err) != embedding.TooLarge:
		t.Errorf("%d texts where the model takes %d: got %v, want a TooLarge error", most+1, most, err)
	case err == nil && len(res.Vectors) != len(texts):
		t.Errorf("%d vectors for %d texts", len(res.Vectors), len(texts))
	case err == nil:
		for _, i := range []int{0, most - 1, most} {
			s.same(t, "over the limit", texts[i:i+1], res.Vectors[i:i+1])
		}
	}
}

// megabyte is the law that a text above the limit of every model gets a vector or its own
// refusal, and does not affect other texts.
func megabyte(t tb, s Subject) {
	big := strings.Repeat("a very long text indeed ", 1<<20/24)
	refused := func(err error) bool {
		kind := embedding.KindOf(err)
		return kind == embedding.Rejected || kind == embedding.TooLarge
	}
	res, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: []string{big}})
	if err == nil && len(res.Vectors) != 1 || err != nil && !refused(err) {
		t.Errorf("alone: %d vectors, %v; want one, or a Rejected error", len(res.Vectors), err)
	}
	if s.size(3) < 3 {
		return
	}
	texts := []string{words[0], big, words[1]}
	res, err = s.Embedder.Embed(t.Context(), embedding.Request{Texts: texts})
	p, partial := errors.AsType[*embedding.PartialError](err)
	switch {
	case err == nil:
		s.same(t, "beside 1 MiB", texts[:1], res.Vectors[:1])
	case partial && (len(p.Failed) != 1 || p.Failed[0].Index != 1 || !refused(p.Failed[0].Err)):
		t.Errorf("between others: got %v, want text 1 alone refused", err)
	case partial:
		s.same(t, "beside 1 MiB", []string{words[0], "", words[1]}, p.Response.Vectors)
	case !refused(err):
		t.Errorf("between others: got %v, want vectors or a refusal", err)
	}
	s.embed(t, embedding.TaskDocument, words[2]) // it still works
}

// inputUntouched is the law that Embed only reads the request's slice, its spare capacity included.
func inputUntouched(t tb, s Subject) {
	n := s.size(4)
	backing := append(slices.Clone(words[:n]), "behind", "the end")
	backing[0] = "first line\nsecond line  " // some libraries replace line breaks or trim in place
	want := slices.Clone(backing)
	if _, err := s.Embedder.Embed(t.Context(), embedding.Request{Texts: backing[:n]}); err != nil {
		t.Fatalf("%d good texts: %v", n, err)
	}
	if n > 2 {
		backing[1], want[1] = "", ""
		_, _ = s.Embedder.Embed(t.Context(), embedding.Request{Texts: backing[:n]})
	}
	for i := range backing {
		if backing[i] != want[i] {
			t.Errorf("element %d of the caller's array was %+q and is %+q", i, want[i], backing[i])
		}
	}
}

// inputNotKept is the law that the caller may reuse its slice after Embed has returned.
func inputNotKept(t tb, s Subject) {
	n := s.size(4)
	texts := slices.Clone(words[:n])
	first := s.embed(t, embedding.TaskDocument, texts...)
	for i := range texts {
		texts[i] = words[10+i]
	}
	s.same(t, "after the slice was reused", words[:n], first)
	s.same(t, "the reused slice", texts, s.embed(t, embedding.TaskDocument, texts...))
}

// rowsSeparate is the law that appending to a row does not change the next.
func rowsSeparate(t tb, s Subject) {
	n := s.size(5)
	rows := s.embed(t, embedding.TaskDocument, words[:n]...)
	want := make([][]float32, n)
	for i, v := range rows {
		want[i] = slices.Clone(v)
	}
	for _, v := range rows {
		_ = append(v, 1e30, -1e30)
	}
	for i, v := range rows {
		if !slices.Equal(v, want[i]) {
			t.Errorf("an append to another row changed row %d: cut rows with three indexes", i)
		}
	}
}

// vectorsHeld is the law that a vector does not change after it was returned.
func vectorsHeld(t tb, s Subject) {
	n := s.size(5)
	rows := s.embed(t, embedding.TaskDocument, words[:n]...)
	want := make([][]float32, n)
	for i, v := range rows {
		want[i] = slices.Clone(v)
	}
	for i := range 10 {
		s.embed(t, embedding.TaskDocument, words[(n+i)%len(words)], words[i])
	}
	for i, v := range rows {
		if !slices.Equal(v, want[i]) {
			t.Errorf("vector %d changed while later requests were made", i)
		}
	}
}
