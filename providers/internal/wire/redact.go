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
	shortText = 4   // texts of fewer bytes are taken for an echo only between quotes
	keyRun    = 8   // this many bytes of the key in a row are a secret
	textRun   = 16  // this many bytes of a text in a row are an echo of it
	maxWords  = 500 // bytes of a provider's message that are kept
	MaxCode   = 64
	MaxID     = 128
)

const redacted = "[redacted]"

// Words makes a server's words fit for an error: whatever they repeat of the key or of the texts is replaced, control
// characters become spaces, and the length is capped. Servers do quote the input they refuse, whole or cut short.
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
	flat := make([]string, len(texts)) // servers change the white space of what they quote
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

// markRuns marks every run of at least n bytes, n being 8 or 16, that message shares with a text. The message is short
// and the texts may be megabytes: each is passed once, with a filter on the last 8 bytes in front of the exact look-up.
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

// replaced returns message with every marked stretch, widened to whole characters, replaced.
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

// oneLine returns s with every stretch of white space and control characters made one space.
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

// Token makes a code or an id of a server's fit for an error.
func Token(s, key string, texts []string, n int) string {
	return capped(Words(s, key, texts), n)
}

// LooksLikeMarkup tells an HTML page, of which nothing is worth quoting, from words.
func LooksLikeMarkup(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}
