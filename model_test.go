package embedding

import (
	"testing"
)

func TestLimitsMin(t *testing.T) {
	got := Limits{Texts: 10, Tokens: 5}.Min(Limits{Texts: 3, Bytes: 7, TextTokens: -1})
	if got != (Limits{Texts: 3, Tokens: 5, Bytes: 7}) {
		t.Errorf("got %+v, want the smaller of each", got)
	}
}

func TestUnknownSpaceEqualsNothing(t *testing.T) {
	if Space("").Same("") || !Space("a").Same("a") || Space("a").Same("b") {
		t.Error("Same is wrong about equal, different or unknown spaces")
	}
	if m := (Model{Provider: "p", Dimensions: 3}).derived(); m.Space != "" {
		t.Errorf("a model without ID got %q", m.Space)
	}
}
