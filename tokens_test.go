package embedding

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a": 1, "word": 2, "words": 2, "two words": 4, "2026": 4, "a  b": 3, "naïve": 4, "😀": 4, "\xff": 1, "a,b\n": 4,
		"向量搜索": 11, "𠀀": 4, "Привет": 8, "WORDS": 4, "acgt": 3, "\t\t": 2, "  ": 1, "                 ": 1,
		"                  ": 2, "ąć": 5, "word word": 4, "internationalization": 6, "parseJSON": 5, "ö": 2, "öööö": 7,
	} {
		expect.Equal(t, fmt.Sprintf("EstimateTokens(%q)", text), EstimateTokens(text), want)
	}
	expect.Equal(t, "allocations", testing.AllocsPerRun(10, func() { EstimateTokens("some text, 文字") }), 0)
}

// TestEstimateTokensLeansHigh compares with what the tokenizer cl100k_base counts, for words and
// for letters that form none.
func TestEstimateTokensLeansHigh(t *testing.T) {
	for _, c := range []struct {
		text   string
		cl100k int
	}{
		{"The ferry to the island leaves at half past seven and does not wait.", 15},
		{"xqzvkpwjhtbgmrfldncysxkqjvwz", 19},
		{"wqmxk tzvbp qjrhd lfgkc npxsw", 16},
		{"GATTACAGCCTAGGCTTAACGGATCCGTAGCTAACGT", 19},
		{"gattacagcctaggcttaacggatccgtagctaacgt", 18},
		{"MKVLAAGIVGLCAKWYRHQ", 11},
		{"aHR0cHM6Ly9leGFtcGxlLmNvbS9wYXRoP3E9dmFsdWU", 32},
		{"550e8400-e29b-41d4-a716-446655440000", 18},
		{"㐀㐖㑇㒓㓨㔔", 18},
		{"𠀀𠀖𠁑𠃋𠄏", 17},
		{"龘靐齉爩麤龗", 14},
		{"ĀĞĶŇŢŽĵŋ", 16},
		{"Donaudampfschifffahrtsgesellschaft", 13},
		{"这座桥建于一九三二年，至今仍在使用。", 21},
		{"도서관은 아침부터 저녁까지 열려 있습니다.", 24},
		{"Pociąg spóźnił się dwadzieścia minut.", 17},
		{"המכתבה פתוחה לכולם מהבוקר עד הערב.", 34},
		{"בְּרֵאשִׁית בָּרָא", 25},
		{strings.Repeat("\t", 100), 6},
		{strings.Repeat(" ", 100), 2},
		{strings.Repeat("\t ", 40), 40},
		{"Поезд опоздал на двадцать минут.", 15},
		{"ФЩЪЫЮЖЦ", 12},
		{"ᚠᚢᚦᚨᚱᚲ", 18},
		{"Գրադարանը բաց է", 28},
		{"쀍튥캷뛿", 11},
		{"THE FERRY DOES NOT WAIT", 6},
		{"getHTTPResponseCode(x)", 6},
		{"Mae'r llyfrgell ar agor i bawb", 15},
		{"Thư viện mở cửa", 8},
	} {
		if got := EstimateTokens(c.text); got < c.cl100k {
			t.Errorf("EstimateTokens(%q) = %d, want at least %d", c.text, got, c.cl100k)
		}
		// Blanks are cheaper than they can be told to be.
		if got := EstimateTokens(c.text); got > 5*c.cl100k/2+1 && strings.TrimSpace(c.text) != "" {
			t.Errorf("EstimateTokens(%q) = %d, want at most 2.5 times %d", c.text, got, c.cl100k)
		}
	}
}

func BenchmarkEstimateTokens(b *testing.B) {
	for name, text := range map[string]string{
		"english": "The ferry to the island leaves at half past seven and does not wait. The library is open to everyone from morning till evening. ",
		"chinese": "这座桥建于一九三二年，至今仍在使用。市政府决定明年春天对其进行全面维修，预计工期为八个月。",
		"code":    "func Reverse(s []int) {\n\tfor i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {\n\t\ts[i], s[j] = s[j], s[i]\n\t}\n}\n",
	} {
		text = strings.Repeat(text, 20)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				EstimateTokens(text)
			}
		})
	}
}
