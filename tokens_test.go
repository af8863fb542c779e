package embedding

import (
	"testing"
)

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a": 1, "word": 1, "words": 2, "two words": 3, "2026": 4, "a  b": 3, "向量搜索": 4, "naïve": 3, "😀": 4, "\xff": 1, "a,b\n": 4, "Привет": 6,
	} {
		if got := EstimateTokens(text); got != want {
			t.Errorf("EstimateTokens(%q) = %d, want %d", text, got, want)
		}
	}
	if allocs := testing.AllocsPerRun(10, func() { EstimateTokens("some text, 文字") }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
