package embedding

import (
	"unicode"
	"unicode/utf8"
)

// EstimateTokens guesses how many tokens a model counts for text. It leans high, because it splits requests and
// reserves quota; it never rejects a text. The rule, per script:
//
//   - a run of ASCII letters: one token for each begun four letters
//   - ASCII digits, punctuation and line breaks: one token each; a space or tab alone costs nothing, a run of them one
//   - other Latin letters, Greek, Cyrillic, Hebrew, Arabic, kana, hangul and CJK ideographs: one token each
//   - everything else (other scripts, emoji, bytes that are not UTF-8): one token a byte
//
// For comparison: DashScope bills about 1.4 tokens an English word and 0.7 a Chinese character
// (help.aliyun.com, text-embedding metering and billing).
func EstimateTokens(text string) int {
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

// oneToken are the scripts of which tokenisers hold most letters.
var oneToken = []*unicode.RangeTable{
	unicode.Han, unicode.Latin, unicode.Cyrillic, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
	unicode.Greek, unicode.Arabic, unicode.Hebrew,
}
