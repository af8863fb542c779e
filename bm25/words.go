package bm25

import (
	"strings"
	"unicode"
)

// stop holds the English words that Lucene leaves out.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are as at be but by for if in into is it no not of on or
		such that the their then there these they this to was will with`) {
		m[w] = true
	}
	return m
}()

// Words returns the terms by which an [Index] knows a text, in order and with repetitions: runs of
// letters and digits in lower case, without stop words and English plurals. A run of Han, kana or
// Hangul becomes all pairs of neighbors; a single character stays as it is.
func Words(text string) []string {
	var out []string
	var word, run []rune
	flush := func() {
		if len(word) > 0 {
			if w := string(word); !stop[w] {
				out = append(out, stem(w))
			}
			word = word[:0]
		}
		if len(run) == 1 {
			out = append(out, string(run))
		}
		for i := range max(len(run)-1, 0) {
			out = append(out, string(run[i:i+2]))
		}
		run = run[:0]
	}
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			if len(word) > 0 {
				flush()
			}
			run = append(run, r)
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if len(run) > 0 {
				flush()
			}
			word = append(word, unicode.ToLower(r))
		default:
			flush()
		}
	}
	flush()
	return out
}
