package dialect

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
)

func TestExceeds(t *testing.T) {
	count := func(text string) int { return max(1, len(strings.Fields(text))) }
	for name, tc := range map[string]struct {
		texts  []string
		limits embedding.Limits
		cut    Cut
		want   *Excess
		left   []string
		tokens int
	}{
		"none":                   {texts: []string{"a b", "c"}, limits: embedding.Limits{Texts: 2, Tokens: 3, TextTokens: 2, Bytes: 4}, cut: CutNone, want: nil, left: []string{"a b", "c"}, tokens: 3},
		"texts, before all else": {texts: []string{"a b c", "d"}, limits: embedding.Limits{Texts: 1, TextTokens: 1}, cut: CutNone, want: &Excess{Got: 2, Allowed: embedding.Limits{Texts: 1}}, left: nil, tokens: 0},
		"a text":                 {texts: []string{"a", "b c d"}, limits: embedding.Limits{TextTokens: 2}, cut: CutNone, want: &Excess{Got: 3, Allowed: embedding.Limits{TextTokens: 2}, Index: 1}, left: nil, tokens: 0},
		"its end goes":           {texts: []string{"a", "bé cü dö"}, limits: embedding.Limits{TextTokens: 2}, cut: CutEnd, want: nil, left: []string{"a", "bé cü "}, tokens: 3},
		"its start goes":         {texts: []string{"bé cü dö"}, limits: embedding.Limits{TextTokens: 2}, cut: CutStart, want: nil, left: []string{" cü dö"}, tokens: 2},
		"tokens, once cut":       {texts: []string{"a b c", "d e f"}, limits: embedding.Limits{TextTokens: 2, Tokens: 3}, cut: CutEnd, want: &Excess{Got: 4, Allowed: embedding.Limits{Tokens: 3}}, left: nil, tokens: 0},
		"bytes":                  {texts: []string{"abc", "de"}, limits: embedding.Limits{Bytes: 4}, cut: CutNone, want: &Excess{Got: 5, Allowed: embedding.Limits{Bytes: 4}}, left: nil, tokens: 0},
	} {
		c := Call{Texts: slices.Clone(tc.texts), Cut: tc.cut}
		var tokens []int
		for _, text := range c.Texts {
			tokens = append(tokens, count(text))
		}
		got := c.Exceeds(tc.limits, tokens, count)
		if (got == nil) != (tc.want == nil) || got != nil && *got != *tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
		sum := 0
		for _, n := range tokens {
			sum += n
		}
		if tc.left != nil && (!slices.Equal(c.Texts, tc.left) || sum != tc.tokens) {
			t.Errorf("%s: %q with %d tokens are left", name, c.Texts, sum)
		}
	}
}

func TestModelOffers(t *testing.T) {
	some := func(n int, longest int, lengths ...int) Model {
		return Model{Model: embedding.Model{Dimensions: n}, Longest: longest, Lengths: lengths}
	}
	for _, tc := range []struct {
		m     Model
		n     int
		want  bool
		fixed bool
	}{
		{some(8, 0), 8, true, true}, {some(8, 0), 4, false, true}, {some(8, 8), 4, true, false}, {some(8, 8), 0, false, false},
		{some(8, 16), 16, true, false}, {some(8, 16), 17, false, false}, {some(8, 0, 8, 4), 4, true, false},
		{some(8, 0, 8, 4), 5, false, false}, {some(8, 0, 8), 8, true, true},
	} {
		if got := tc.m.Offers(tc.n); got != tc.want || tc.m.Fixed() != tc.fixed {
			t.Errorf("%+v: Offers(%d) = %v, Fixed() = %v; want %v, %v", tc.m, tc.n, got, tc.m.Fixed(), tc.want, tc.fixed)
		}
	}
}
