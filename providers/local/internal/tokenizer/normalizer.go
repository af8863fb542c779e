package tokenizer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// normalizer changes a text before it is split.
type normalizer func(text string) string

// readNormalizers reads a normalizer, or a Sequence of them.
func readNormalizers(part json.RawMessage) ([]normalizer, error) {
	kind, err := kindOf(part, "normalizer")
	if err != nil {
		return nil, err
	}
	switch kind {
	case "":
		return nil, nil
	case "Sequence":
		var s struct {
			Parts []json.RawMessage `json:"normalizers"`
		}
		if err := decode(part, "normalizer", kind, &s); err != nil {
			return nil, err
		}
		var all []normalizer
		for _, p := range s.Parts {
			if kind, _ := kindOf(p, "normalizer"); kind == "Sequence" || kind == "" {
				return nil, errors.New("the normalizer has a Sequence in a Sequence, or a part without a type")
			}
			one, err := readNormalizers(p)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	case "Precompiled":
		var p struct {
			Charsmap []byte `json:"precompiled_charsmap"`
		}
		if err := decode(part, "normalizer", kind, &p); err != nil {
			return nil, err
		}
		c, err := readCharsmap(p.Charsmap)
		if err != nil {
			return nil, err
		}
		return []normalizer{c.normalize}, nil
	case "Strip":
		var s struct {
			Left  bool `json:"strip_left"`
			Right bool `json:"strip_right"`
		}
		if err := decode(part, "normalizer", kind, &s); err != nil {
			return nil, err
		}
		return []normalizer{func(text string) string {
			if s.Left {
				text = strings.TrimLeftFunc(text, unicode.IsSpace)
			}
			if s.Right {
				text = strings.TrimRightFunc(text, unicode.IsSpace)
			}
			return text
		}}, nil
	case "Replace":
		return readReplace(part)
	}
	return nil, fmt.Errorf("the normalizer is of type %q; Precompiled, Strip, Replace and a Sequence of them are read", kind)
}

// readReplace reads the replacement of a string, or of runs of spaces, which is the only pattern
// that those who convert SentencePiece write.
func readReplace(part json.RawMessage) ([]normalizer, error) {
	var r struct {
		Pattern struct{ String, Regex *string } `json:"pattern"`
		Content string                          `json:"content"`
	}
	if err := decode(part, "normalizer", "Replace", &r); err != nil {
		return nil, err
	}
	switch p := r.Pattern; {
	case p.String != nil && *p.String != "":
		return []normalizer{func(text string) string { return strings.ReplaceAll(text, *p.String, r.Content) }}, nil
	case p.Regex != nil && *p.Regex == " {2,}":
		return []normalizer{func(text string) string {
			var b strings.Builder
			for {
				at := strings.Index(text, "  ")
				if at < 0 {
					b.WriteString(text)
					return b.String()
				}
				b.WriteString(text[:at])
				b.WriteString(r.Content)
				text = strings.TrimLeft(text[at:], " ")
			}
		}}, nil
	}
	return nil, errors.New(`the normalizer Replace has another pattern than a string or " {2,}"`)
}

// charsmap is SentencePiece's table of replacements: a trie of the texts to replace, as darts-clone
// writes it, whose values are places in text.
type charsmap struct {
	trie []uint32
	text []byte // replacements, each with a zero at its end
}

func readCharsmap(raw []byte) (*charsmap, error) {
	if len(raw) < 4 {
		return nil, errors.New("the normalizer's precompiled_charsmap is too short")
	}
	size := int(binary.LittleEndian.Uint32(raw))
	raw = raw[4:]
	if size < 4 || size > len(raw) || size%4 != 0 || len(raw) == size || raw[len(raw)-1] != 0 {
		return nil, errors.New("the normalizer's precompiled_charsmap is damaged")
	}
	c := &charsmap{text: raw[size:]}
	for i := 0; i < size; i += 4 {
		c.trie = append(c.trie, binary.LittleEndian.Uint32(raw[i:]))
	}
	return c, nil
}

// find returns the replacement of the shortest text that s begins with.
func (c *charsmap) find(s string) (string, bool) {
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	at := offset(c.trie[0])
	for i := range len(s) {
		at ^= uint32(s[i])
		if s[i] == 0 || int64(at) >= int64(len(c.trie)) {
			return "", false
		}
		unit := c.trie[at]
		if unit&(1<<31|0xff) != uint32(s[i]) {
			return "", false
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 && int64(at) < int64(len(c.trie)) {
			from := c.trie[at] &^ (1 << 31)
			if int64(from) >= int64(len(c.text)) {
				return "", false
			}
			text := c.text[from:]
			return string(text[:indexZero(text)]), true
		}
	}
	return "", false
}

func indexZero(text []byte) int {
	for i, b := range text {
		if b == 0 {
			return i
		}
	}
	return len(text)
}

// normalize replaces characters. Hugging Face looks up a cluster of less than 6 bytes as a whole,
// and takes its shortest beginning that the table has for all of it; so does this.
func (c *charsmap) normalize(text string) string {
	var b strings.Builder
	for text != "" {
		n := cluster(text)
		if n < 6 {
			if to, ok := c.find(text[:n]); ok {
				b.WriteString(to)
				text = text[n:]
				continue
			}
		}
		for _, r := range text[:n] {
			s := string(r)
			if to, ok := c.find(s); ok {
				s = to
			}
			b.WriteString(s)
		}
		text = text[n:]
	}
	return b.String()
}

// cluster returns the bytes of what a reader takes for the first character of a text: a character
// with the marks that follow it. Of longer clusters, of which the caller looks at each character,
// the end need not be exact.
func cluster(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case r == '\r' && len(text) > n && text[n] == '\n':
		return n + 1
	case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cf, r) && !joins(r) && !precedes(r):
		return n
	case precedes(r) && len(text) > n:
		if next, _ := utf8.DecodeRuneInString(text[n:]); !unicode.IsControl(next) && !unicode.Is(unicode.Cf, next) {
			return n + cluster(text[n:])
		}
	}
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !joins(r) {
			break
		}
		n += size
	}
	return n
}

// joins reports whether a character belongs to the one before it.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u200c' || r == '\u200d' || r == '\u0e33' || r == '\u0eb3' ||
		r >= 0x1F3FB && r <= 0x1F3FF || r == '\uff9e' || r == '\uff9f' || r >= 0xE0020 && r <= 0xE007F
}

// precedes reports whether a character belongs to the one behind it: Arabic and Syriac signs around
// numbers.
func precedes(r rune) bool { return r >= 0x600 && r <= 0x605 || r == 0x6DD || r == 0x70F }
