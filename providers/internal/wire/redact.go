package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shortText = 4   // shorter texts, in bytes, count as an echo only between quotes
	keyRun    = 8   // so many bytes of the key in a row are a secret
	textRun   = 16  // so many bytes of a text in a row are an echo
	maxWords  = 500 // kept bytes of a server's message
	MaxCode   = 64
	MaxID     = 128
)

const redacted = "[redacted]"

// Words makes a server's words fit for an error. It replaces what they repeat of the key or of the
// texts, makes control characters spaces, and caps the length. Servers do quote the input that they
// refuse, whole or cut short.
func Words(message, key string, texts []string) string {
	if len(message) > 8*maxWords {
		message = message[:8*maxWords]
	}
	if message = oneLine(strings.ToValidUTF8(message, "?")); message == "" {
		return ""
	}
	secret := make([]bool, len(message))
	if key != "" {
		markWhole(secret, message, key)
		markRuns(secret, message, []string{key}, keyRun)
	}
	flat := make([]string, len(texts)) // servers change white space when they quote
	for i, text := range texts {
		text = oneLine(text)
		flat[i] = text
		if len(text) >= shortText {
			markWhole(secret, message, text)
		} else if text != "" {
			for _, q := range []string{`"`, `'`, "`"} {
				markWhole(secret, message, q+text+q)
			}
		}
	}
	markRuns(secret, message, flat, textRun)
	return capped(replaced(message, secret), maxWords)
}

func markWhole(secret []bool, message, needle string) {
	for from := 0; ; {
		i := strings.Index(message[from:], needle)
		if i < 0 {
			return
		}
		for k := from + i; k < from+i+len(needle); k++ {
			secret[k] = true
		}
		from += i + 1
	}
}

// markRuns marks every run of n bytes (8 or 16) or more that message shares with a text. The
// message is short and the texts may be megabytes, so it passes each text once, with a filter on
// the last 8 bytes before the exact look-up.
func markRuns(secret []bool, message string, texts []string, n int) {
	if len(message) < n {
		return
	}
	const bits = 14
	slot := func(last8 uint64) uint64 { return last8 * 0x9e3779b97f4a7c15 >> (64 - bits) }
	var filter [1 << bits / 64]uint64
	places := make(map[string][]int, len(message))
	for i := 0; i+n <= len(message); i++ {
		run := message[i : i+n]
		places[run] = append(places[run], i)
		s := slot(binary.BigEndian.Uint64([]byte(run[n-8:])))
		filter[s/64] |= 1 << (s % 64)
	}
	for _, text := range texts {
		var last8 uint64
		for k := range len(text) {
			last8 = last8<<8 | uint64(text[k])
			if k+1 < n {
				continue
			}
			if s := slot(last8); filter[s/64]&(1<<(s%64)) == 0 {
				continue
			}
			for _, i := range places[text[k+1-n:k+1]] {
				for b := i; b < i+n; b++ {
					secret[b] = true
				}
			}
		}
	}
}

// replaced replaces every marked stretch of message, widened to whole characters.
func replaced(message string, secret []bool) string {
	var b strings.Builder
	hidden := false
	for i, r := range message {
		hide := slices.Contains(secret[i:i+utf8.RuneLen(r)], true)
		switch {
		case !hide:
			b.WriteRune(r)
		case !hidden:
			b.WriteString(redacted)
		}
		hidden = hide
	}
	return b.String()
}

// oneLine makes every stretch of white space and control characters one space.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// capped returns s on one line, at most n bytes long.
func capped(s string, n int) string {
	if s = oneLine(s); len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// Token makes a server's code or id fit for an error.
func Token(s, key string, texts []string, n int) string {
	return capped(Words(s, key, texts), n)
}

// LooksLikeMarkup reports whether a body is an HTML page, which is not worth quoting.
func LooksLikeMarkup(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}
