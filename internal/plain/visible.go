package plain

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden reports whether a terminal acts on r instead of showing it: control characters, and those
// that change the direction of text. Tabs and line feeds are not hidden.
func hidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// Visible returns text as a terminal may show it: what is hidden becomes an escape such as \u202e,
// which JSON reads back, and bytes that are not UTF-8 become U+FFFD.
func Visible(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Writer writes to W what [Visible] makes of its input. A character may be split between writes.
// It is not safe for concurrent use where W is not.
type Writer struct {
	W    io.Writer
	half []byte // the beginning of a character
}

// Write returns len(p) unless W fails.
func (w *Writer) Write(p []byte) (int, error) {
	all := p
	if len(w.half) > 0 {
		all = append(w.half, p...)
	}
	end := len(all)
	for back := 1; back < utf8.UTFMax && back <= len(all); back++ {
		if c := all[len(all)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(all[len(all)-back:]) {
				end = len(all) - back
			}
			break
		}
	}
	text := Visible(string(all[:end]))
	w.half = append([]byte(nil), all[end:]...)
	if _, err := io.WriteString(w.W, text); err != nil {
		return 0, err
	}
	return len(p), nil
}
