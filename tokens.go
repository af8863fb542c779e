package embedding

import (
	"unicode"
	"unicode/utf8"
)

// EstimateTokens estimates how many tokens a model counts for texts. It leans high, because its
// result splits requests and reserves quota; no text is rejected by it. The rule depends on the
// script:
//
//   - a run of ASCII letters: one token per four letters, rounded up
//   - ASCII digits, punctuation and line breaks: one token each
//   - spaces and tabs: nothing for a single one, one token for a run
//   - other Latin letters, Greek, Cyrillic, Hebrew, Arabic, kana, hangul and CJK ideographs: one
//     token each
//   - everything else (other scripts, emoji, bytes that are not UTF-8): one token per byte
//
// For comparison, DashScope bills about 1.4 tokens per English word and 0.7 per Chinese character
// (help.aliyun.com, text-embedding metering and billing).
func EstimateTokens(texts ...string) int {
	tokens := 0
	for _, text := range texts {
		tokens += estimate(text)
	}
	return tokens
}

func estimate(text string) int {
	tokens, letters, blanks := 0, 0, 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if unicode.In(r, oneToken...) {
				tokens++
			} else {
				tokens += size
			}
			letters, blanks = 0, 0
			i += size
			continue
		}
		i++
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			if letters%4 == 0 {
				tokens++
			}
			letters++
			blanks = 0
		case c == ' ' || c == '\t':
			if blanks == 1 {
				tokens++
			}
			letters, blanks = 0, blanks+1
		default:
			tokens++
			letters, blanks = 0, 0
		}
	}
	return tokens
}

// oneToken lists the scripts whose letters are mostly tokens of their own.
var oneToken = []*unicode.RangeTable{
	unicode.Han, unicode.Latin, unicode.Cyrillic, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Greek, unicode.Arabic, unicode.Hebrew,
}
