package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// view is a message in another form. It knows for each of its bytes where in the message that byte
// comes from.
type view struct {
	text     []byte
	from, to []int32 // text[i] stands for message[from[i]:to[i]]
}

func (v *view) add(s string, from, to int32) {
	for i := range len(s) {
		v.text = append(v.text, s[i])
		v.from, v.to = append(v.from, from), append(v.to, to)
	}
}

// viewOf returns message as it is.
func viewOf(message string) view {
	var v view
	for i := range len(message) {
		v.add(message[i:i+1], int32(i), int32(i+1))
	}
	return v
}

// views returns message folded: as it stands, and in the forms in which servers quote a text or a
// key, escaped up to three times or encoded. Each step reads every byte a bounded number of times.
func views(message string) []view {
	plain := viewOf(message)
	all := []view{plain}
	add := func(v view, from view) bool {
		if len(v.text) == len(from.text) {
			return false // no step keeps the length but that of no change
		}
		all = append(all, v)
		return true
	}
	for _, step := range []func(view) view{unescape, unquote, entities} {
		for v, times := plain, 0; times < 3; times++ {
			next := step(v)
			if !add(next, v) {
				break
			}
			v = next
		}
	}
	mixed := entities(unquote(unescape(plain)))
	add(mixed, plain)
	add(unescape(mixed), mixed)
	for _, v := range all[:len(all):len(all)] {
		for _, d := range decoded(v) {
			all = append(all, d, unescape(d))
		}
	}
	all = append(all, listed(plain)...)
	for i, v := range all {
		all[i] = v.folded()
	}
	return all
}

// folded keeps letters, digits and the symbols beyond ASCII, in lower case: what lies between them
// is what servers change when they quote.
func (v view) folded() view {
	out := view{text: make([]byte, 0, len(v.text)), from: make([]int32, 0, len(v.text)), to: make([]int32, 0, len(v.text))}
	for i := 0; i < len(v.text); {
		r, size := utf8.DecodeRune(v.text[i:])
		if r = fold(r); r >= 0 {
			out.add(string(r), v.from[i], v.to[i+size-1])
		}
		i += size
	}
	return out
}

// fold returns the rune that stands for r where only letters, digits and symbols count, or -1.
func fold(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	case 'A' <= r && r <= 'Z':
		return r + ('a' - 'A')
	case r < utf8.RuneSelf, r == utf8.RuneError:
		return -1
	case 0xff01 <= r && r <= 0xff5e: // ASCII in full width
		return fold(r - 0xfee0)
	case r == '▁', r == 'Ġ', r == 'Ċ': // a tokenizer's blanks
		return -1
	case unicode.IsLetter(r), unicode.IsNumber(r):
		return unicode.ToLower(r)
	case unicode.IsSymbol(r):
		return r
	}
	return -1
}

// plainly is fold for ASCII; 0 means -1.
var plainly = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		t[c] = byte(max(0, fold(rune(c))))
	}
	return t
}()

// appendFolded appends s, folded, to b.
func appendFolded(b []byte, s string) []byte {
	for _, r := range s {
		if r = fold(r); r >= 0 {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// unescape takes off one level of JSON's, Go's and Python's escapes: \n, \", \x7f, \u00e9, and
// octal ones.
func unescape(v view) view {
	var out view
	for i := 0; i < len(v.text); {
		r, size := escape(v.text[i:])
		if size == 0 {
			out.add(string(v.text[i:i+1]), v.from[i], v.to[i])
			i++
			continue
		}
		out.add(r, v.from[i], v.to[i+size-1])
		i += size
	}
	return out
}

// escape returns the meaning of the escape at the beginning of s, and its length, or 0 if there is
// none.
func escape(s []byte) (meaning string, size int) {
	if len(s) < 2 || s[0] != '\\' {
		return "", 0
	}
	var digits int
	switch c := s[1]; c {
	case '0', '1', '2', '3':
		if n, err := strconv.ParseUint(string(s[1:min(4, len(s))]), 8, 8); err == nil && len(s) >= 4 {
			return string([]byte{byte(n)}), 4
		}
	}
	switch c := s[1]; c {
	case 'n', 'r', 't', 'b', 'f', 'v', 'a', '0':
		return " ", 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
		if end := bytes.IndexByte(s[:min(len(s), 10)], '}'); end > 3 && s[2] == '{' { // Ruby's, JavaScript's
			if n, ok := hexadecimal(s[3:], end-3); ok {
				return string(n), end + 1
			}
		}
	case 'U':
		digits = 8
	default:
		return string(s[1:2]), 2
	}
	n, ok := hexadecimal(s[2:], digits)
	if !ok {
		return "", 0
	}
	size = 2 + digits
	if 0xd800 <= n && n < 0xdc00 && len(s) >= size+6 && s[size] == '\\' && s[size+1] == 'u' {
		if low, ok := hexadecimal(s[size+2:], 4); ok && 0xdc00 <= low && low < 0xe000 {
			return string(0x10000 + (n-0xd800)<<10 + (low - 0xdc00)), size + 6
		}
	}
	if digits == 2 { // a byte
		return string([]byte{byte(n)}), size
	}
	return string(n), size
}

func hexadecimal(s []byte, digits int) (rune, bool) {
	if len(s) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[:digits]), 16, 32)
	return rune(n), err == nil
}

// unquote takes off one level of a URL's escapes. %u and four digits are an old form of them.
func unquote(v view) view {
	var out view
	for i := 0; i < len(v.text); i++ {
		if v.text[i] == '%' {
			if n, ok := hexadecimal(v.text[i+1:], 2); ok {
				out.add(string([]byte{byte(n)}), v.from[i], v.to[i+2])
				i += 2
				continue
			}
			if i+1 < len(v.text) && v.text[i+1] == 'u' {
				if n, ok := hexadecimal(v.text[i+2:], 4); ok {
					out.add(string(n), v.from[i], v.to[i+5])
					i += 5
					continue
				}
			}
		}
		out.add(string(v.text[i:i+1]), v.from[i], v.to[i])
	}
	return out
}

// entities takes off one level of HTML's entities.
func entities(v view) view {
	const longest = 12
	var out view
	for i := 0; i < len(v.text); i++ {
		if v.text[i] == '&' {
			head := v.text[i:min(len(v.text), i+longest)]
			if end := strings.IndexByte(string(head), ';'); end > 0 {
				if is := html.UnescapeString(string(head[:end+1])); is != string(head[:end+1]) {
					out.add(is, v.from[i], v.to[i+end])
					i += end
					continue
				}
			}
		}
		out.add(string(v.text[i:i+1]), v.from[i], v.to[i])
	}
	return out
}

const hexOne = `(?:(?:0x|u\+)[0-9a-f]{1,6}|[0-9a-f]{2,6})`

// Lists of numbers, of bytes or characters: [104, 105], 68:69, 0x68, 0x69, U+0068 U+0069.
var (
	decimals = regexp.MustCompile(`\b\d{1,6}(?:[^0-9A-Za-z]{1,3}\d{1,6}){5,}\b`)
	hexes    = regexp.MustCompile(`(?i)\b` + hexOne + `(?:[^0-9a-z]{1,3}` + hexOne + `){5,}\b`)
	digits   = regexp.MustCompile(`(?i)(?:0x|u\+)?([0-9a-f]+)`)
)

// listed returns what lists of numbers in v mean as bytes and as characters.
func listed(v view) (all []view) {
	for base, list := range map[int]*regexp.Regexp{10: decimals, 16: hexes} {
		for _, at := range list.FindAllIndex(v.text, -1) {
			var raw, wide view
			for _, m := range digits.FindAllSubmatchIndex(v.text[at[0]:at[1]], -1) {
				n, _ := strconv.ParseUint(string(v.text[at[0]+m[2]:at[0]+m[3]]), base, 32)
				from, to := v.from[at[0]+m[0]], v.to[at[0]+m[1]-1]
				raw.add(string([]byte{byte(n)}), from, to)
				wide.add(string(rune(n)), from, to)
			}
			all = append(all, raw, wide)
		}
	}
	return all
}

// decoded returns what stretches of v mean in base64 and as hexadecimal digits. What such a stretch
// holds may begin at any of its first four characters.
func decoded(v view) (all []view) {
	const shortest = 12 // characters
	for i := 0; i < len(v.text); i++ {
		from := i
		for i < len(v.text) && isCode(v.text[i]) {
			i++
		}
		if i-from < shortest {
			continue
		}
		run := strings.NewReplacer("-", "+", "_", "/").Replace(string(v.text[from:i]))
		for shift := range 4 {
			code := run[shift:]
			if len(code)%4 == 1 { // it was cut there
				code = code[:len(code)-1]
			}
			if text, err := base64.RawStdEncoding.DecodeString(code); err == nil && readable(text) {
				all = append(all, v.spread(text, from, i))
			}
		}
		for shift := range 3 { // the last is behind 0x
			if text, err := hex.DecodeString(run[shift : shift+(len(run)-shift)/2*2]); err == nil && readable(text) {
				all = append(all, v.spread(text, from, i))
			}
		}
	}
	return all
}

func isCode(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '+' || c == '/' || c == '-' || c == '_'
}

// readable reports whether decoded bytes are mostly characters, as an echo is.
func readable(text []byte) bool {
	odd := 0
	for _, r := range string(text) {
		if r == utf8.RuneError || r < ' ' && !unicode.IsSpace(r) {
			odd++
		}
	}
	return odd <= 4
}

// spread is text, which is decoded from v.text[i:j]. Who hides a part of it hides all.
func (v view) spread(text []byte, i, j int) view {
	var out view
	out.add(string(text), v.from[i], v.to[j-1])
	return out
}
