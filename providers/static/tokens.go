package static

import (
	_ "embed" // the traditional characters
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class is what a character does to the words of a text.
type class uint8

const (
	letter class = iota // belongs to a word: letters, digits, symbols
	blank               // separates and vanishes
	mark                // punctuation: a word of its own
	han                 // an ideograph: belongs to a run of ideographs
)

// ascii holds the classes of the first 128 characters.
var ascii = func() (t [utf8.RuneSelf]class) {
	for c := range t {
		switch {
		case c <= ' ' || c == 127:
			t[c] = blank
		case c >= 33 && c <= 47 || c >= 58 && c <= 64 || c >= 91 && c <= 96 || c >= 123:
			t[c] = mark
		}
	}
	return t
}()

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		return ascii[r]
	case r >= 0x3400 && r <= 0x4DBF || r >= 0x4E00 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x2FA1F:
		return han
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zs, unicode.Zl, unicode.Zp):
		return blank
	case unicode.Is(unicode.P, r):
		return mark
	}
	return letter
}

// folding is a version of what happens to a text before it is split into words. Version 1 maps to
// lower case, decomposes (NFD) and drops combining marks (Mn). Version 2 decomposes compatibility
// characters too (NFKD), drops format characters (Cf: the soft hyphen, characters without width)
// and simplifies traditional characters.
type folding struct {
	form   norm.Form
	simple []uint16 // simple[r-hanFirst] is the simplified form of r; nil in version 1
}

// The characters with an entry in folding.simple. None has a case, a mark or a decomposition.
const hanFirst, hanLast = 0x3400, 0x9FFF

// traditional has a traditional character and its simplified form on each line. train/variants.py
// makes it from Unihan; NOTICE has its license.
//
//go:embed traditional.txt
var traditional string

// foldings returns the folding of a version.
func foldings(version int) folding {
	if version == 1 {
		return folding{form: norm.NFD}
	}
	f := folding{form: norm.NFKD, simple: make([]uint16, hanLast-hanFirst+1)}
	for i := range f.simple {
		f.simple[i] = uint16(hanFirst + i)
	}
	for line := range strings.Lines(traditional) {
		from, size := utf8.DecodeRuneInString(line)
		to, _ := utf8.DecodeRuneInString(line[size:])
		f.simple[from-hanFirst] = uint16(to)
	}
	return f
}

// fold appends the folded text to dst. Combining marks are dropped, so their canonical order does
// not matter: fold decomposes characters one by one and allocates nothing.
func (f *folding) fold(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if f.simple != nil && r >= hanFirst && r <= hanLast {
			dst = utf8.AppendRune(dst, rune(f.simple[r-hanFirst]))
			continue
		}
		dst = f.other(dst, r)
	}
	return dst
}

// other appends a character that is neither ASCII nor an ideograph of simple.
func (f *folding) other(dst []byte, r rune) []byte {
	r = unicode.ToLower(r)
	if r >= hangulFirst && r <= hangulLast {
		return jamo(dst, r-hangulFirst)
	}
	at := len(dst)
	dst = utf8.AppendRune(dst, r)
	parts := f.form.Properties(dst[at:]).Decomposition()
	dst = dst[:at]
	if parts == nil {
		return f.part(dst, r)
	}
	for len(parts) > 0 {
		r, size := utf8.DecodeRune(parts)
		parts = parts[size:]
		dst = f.part(dst, r)
	}
	return dst
}

// part appends a character that is decomposed.
func (f *folding) part(dst []byte, r rune) []byte {
	if f.simple != nil {
		r = unicode.ToLower(r) // of a letter in a compatibility character, such as TM
		switch {
		case r >= hanFirst && r <= hanLast:
			r = rune(f.simple[r-hanFirst])
		case r == 0x2044: // the fraction slash, a part of ½
			r = '/'
		case unicode.Is(unicode.Cf, r):
			return dst
		}
	}
	if r == 'ς' { // the sigma at a word's end is the same letter
		r = 'σ'
	}
	if unicode.Is(unicode.Mn, r) {
		return dst
	}
	return utf8.AppendRune(dst, r)
}

// Hangul syllables: Unicode decomposes them by arithmetic (chapter 3.12 of the standard), not by a
// table.
const hangulFirst, hangulLast = 0xAC00, 0xD7A3

func jamo(dst []byte, syllable rune) []byte {
	const vowels, tails = 21, 28
	dst = utf8.AppendRune(dst, 0x1100+syllable/(vowels*tails))
	dst = utf8.AppendRune(dst, 0x1161+syllable%(vowels*tails)/tails)
	if tail := syllable % tails; tail > 0 {
		dst = utf8.AppendRune(dst, 0x11A7+tail)
	}
	return dst
}

// words yields each word of a folded text: a single punctuation mark, a run of ideographs, or a
// maximal run of letters.
func words(folded []byte, yield func(word []byte, c class)) {
	start, kind := 0, blank
	for i := 0; i < len(folded); {
		r, size := rune(folded[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(folded[i:])
		}
		c := classOf(r)
		if c != kind || c == mark {
			if kind != blank {
				yield(folded[start:i], kind)
			}
			start, kind = i, c
		}
		i += size
	}
	if kind != blank {
		yield(folded[start:], kind)
	}
}

// longestWord is the longest word, in code points, that is looked up. Longer words are dropped.
const longestWord = 100

// pieces appends the rows of a word, by greedy longest match. In a run of ideographs, an ideograph
// without a match is skipped. Any other word is dropped unless pieces cover it completely.
func (t *table) pieces(rows []int, word []byte, c class) []int {
	if c != han && len(word) > longestWord && utf8.RuneCount(word) > longestWord {
		return rows
	}
	before := len(rows)
	for i := 0; i < len(word); {
		cont := i > 0 && c != han
		row, size := t.longestMatch(word[i:], cont)
		switch {
		case row >= 0:
			rows = append(rows, row)
			i += size
		case c == han:
			_, size := utf8.DecodeRune(word[i:])
			i += size
		default:
			return rows[:before]
		}
	}
	return rows
}

// longestMatch returns the row of the longest piece that word begins with, and its length in bytes.
// The row is -1 if there is none.
func (t *table) longestMatch(word []byte, cont bool) (row, size int) {
	end, n := 0, 0
	for end < len(word) && n < t.longest {
		if word[end] < utf8.RuneSelf {
			end++
		} else {
			_, size := utf8.DecodeRune(word[end:])
			end += size
		}
		n++
	}
	for end > 0 {
		if row := t.find(word[:end], cont); row >= 0 {
			return row, end
		}
		_, size := utf8.DecodeLastRune(word[:end])
		end -= size
	}
	return -1, 0
}
