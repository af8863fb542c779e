package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
)

func TestTexts(t *testing.T) {
	for raw, want := range map[string]Texts{`"one"`: {"one"}, `["a","b"]`: {"a", "b"}, `[]`: nil, `""`: {""}} {
		var got Texts
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{`[1,2]`, `["a",null]`, `{"a":"b"}`, `7`, `[["a"]]`} {
		var got Texts
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s is taken: %q", raw, got)
		}
	}
}

func TestInput(t *testing.T) {
	for raw, want := range map[string]Input{
		`"one"`: {Texts: []string{"one"}}, `["a","b"]`: {Texts: []string{"a", "b"}}, `[]`: {}, `7`: {}, `["a",1]`: {}, `{}`: {}, `[1.5]`: {},
		`[1,2]`: {[]string{"1 2"}, [][]int{{1, 2}}}, `[[1,2],[3]]`: {[]string{"1 2", "3"}, [][]int{{1, 2}, {3}}},
	} {
		got := Input{Texts: []string{"old"}}
		if err := json.Unmarshal([]byte(raw), &got); err != nil || !slices.Equal(got.Texts, want.Texts) || len(got.ids) != len(want.ids) || got.Ids() != (want.ids != nil) {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
		tokens := []int{9, 9}
		if got.Count(tokens); len(want.ids) == 2 && !slices.Equal(tokens, []int{2, 1}) || want.ids == nil && tokens[0] != 9 {
			t.Errorf("%s: %d tokens", raw, tokens)
		}
	}
}

func TestStrict(t *testing.T) {
	var into struct {
		Model string `json:"model"`
	}
	for body, want := range map[string]string{`{"model":"m"}`: "", `{"model":"m","dimensions":3}`: `unknown field "dimensions"`, `{"model":"m"} {}`: "more than one", `{"model":`: "EOF"} {
		if err := Strict([]byte(body), &into); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestExcess(t *testing.T) {
	r := &Request{tokens: func(text string) int { return max(1, len(strings.Fields(text))) }}
	for name, tc := range map[string]struct {
		texts  []string
		limits embedding.Limits
		cut    Cut
		want   *Excess
		left   []string
		tokens int
	}{
		"none":                   {texts: []string{"a b", "c"}, limits: embedding.Limits{Texts: 2, Tokens: 3, TextTokens: 2, Bytes: 4}, cut: CutNone, want: nil, left: []string{"a b", "c"}, tokens: 3},
		"texts, before all else": {texts: []string{"a b c", "d"}, limits: embedding.Limits{Texts: 1, TextTokens: 1}, cut: CutNone, want: &Excess{Of: CountOfTexts, Got: 2, Allowed: 1}, left: nil, tokens: 0},
		"a text":                 {texts: []string{"a", "b c d"}, limits: embedding.Limits{TextTokens: 2}, cut: CutNone, want: &Excess{Of: TokensOfText, Got: 3, Allowed: 2, Index: 1}, left: nil, tokens: 0},
		"its end goes":           {texts: []string{"a", "bé cü dö"}, limits: embedding.Limits{TextTokens: 2}, cut: CutEnd, want: nil, left: []string{"a", "bé cü "}, tokens: 3},
		"its start goes":         {texts: []string{"bé cü dö"}, limits: embedding.Limits{TextTokens: 2}, cut: CutStart, want: nil, left: []string{" cü dö"}, tokens: 2},
		"tokens, once cut":       {texts: []string{"a b c", "d e f"}, limits: embedding.Limits{TextTokens: 2, Tokens: 3}, cut: CutEnd, want: &Excess{Of: TokensOfRequest, Got: 4, Allowed: 3}, left: nil, tokens: 0},
		"bytes":                  {texts: []string{"abc", "de"}, limits: embedding.Limits{Bytes: 4}, cut: CutNone, want: &Excess{Of: BytesOfRequest, Got: 5, Allowed: 4}, left: nil, tokens: 0},
	} {
		c := Call{Texts: slices.Clone(tc.texts)}
		var tokens []int
		for _, text := range c.Texts {
			tokens = append(tokens, r.Tokens(text))
		}
		got := r.Excess(&c, tc.limits, tokens, tc.cut)
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

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{"Bearer k": "k", "bearer  k ": "k", "Basic k": "", "k": "", "": ""} {
		r := &Request{Request: &http.Request{Header: http.Header{"Authorization": {header}}}}
		if got := r.Bearer(); got != want {
			t.Errorf("%q: %q", header, got)
		}
	}
}

// A role moves a vector a little, the same each time, and in a direction of its own.
func TestRoles(t *testing.T) {
	s := &space{seed: 1}
	base := make([]float32, 256)
	base[7] = 1
	query, document := s.lean("query", base), s.lean("document", base)
	if slices.Equal(query, document) || slices.Equal(query, base) || !slices.Equal(query, s.lean("query", base)) || &s.lean("", base)[0] != &base[0] {
		t.Error("a role is not a direction")
	}
	if c := embedding.Cosine(query, document); c < .97 || c > .999 {
		t.Errorf("cosine %v", c)
	}
	if base[7] != 1 || base[8] != 0 {
		t.Error("the base vector was edited")
	}
}
