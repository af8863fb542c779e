package full_test

import (
	"testing"

	"github.com/vecspace/embedding/full"
	"github.com/vecspace/embedding/internal/expect"
)

// Token ids are decoded as OpenAI's tokenizer does, byte by byte, and unknown ones are an error.
func TestTokens(t *testing.T) {
	decode := full.Parts().Tokens["cl100k_base"]
	for _, tc := range []struct {
		ids  []int
		want string
	}{
		{ids: []int{15339, 1917}, want: "hello world"},
		{ids: []int{65}, want: "b"},
		{ids: nil, want: ""},
		{ids: []int{57668, 53901, 3574, 244, 98220}, want: "你好世界"},
		{ids: []int{3574}, want: "\xe4\xb8"},
	} {
		got, err := decode(tc.ids)
		expect.NoError(t, err)
		expect.Equal(t, "text", got, tc.want)
	}
	for _, ids := range [][]int{{-1}, {15339, 200_000}, {1 << 60}} {
		if text, err := decode(ids); err == nil {
			t.Errorf("%v: got %q, want an error", ids, text)
		}
	}
}
