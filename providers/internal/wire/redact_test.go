package wire

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	const key = "sk-0123456789abcdef"
	long := strings.Repeat("a sentence of the caller's own. ", 40)
	for _, tc := range []struct{ name, message, want string }{
		{"nothing to hide", "batch size is invalid, it should not be larger than 10.", "batch size is invalid, it should not be larger than 10."},
		{"the key", "Incorrect API key provided: " + key + ".", "Incorrect API key provided: [redacted]."},
		{"half of the key", "Incorrect API key provided: sk-01234****cdef", "Incorrect API key provided: [redacted]****cdef"},
		{"a text", "cannot embed hello world today", "cannot embed [redacted] today"},
		{"a text twice", "hello world and hello world", "[redacted] and [redacted]"},
		{"a text cut short", "bad input=" + long[:60] + "...", "bad input=[redacted]..."},
		{"a text from its middle", "near '" + long[10:50] + "'", "near '[redacted]'"},
		{"a text on other lines", "bad: the first line the second line", "bad: [redacted]"},
		{"a short text, quoted", "cannot embed 'no'", "cannot embed [redacted]"},
		{"a short text, not quoted", "no luck", "no luck"},
		{"a character of a text", "衣服的质量杠杠的,很漂亮 is bad", "[redacted] is bad"},
		{"lines and control characters", "one\r\n\ttwo\x00three", "one two three"},
		{"not UTF-8", "one\xfftwo", "one?two"},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			texts := []string{"hello world", long, "no", "", "  ", "衣服的质量杠杠的,很漂亮", "the first line\n\tthe second line"}
			if got := Words(tc.message, key, texts); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestWordsAreCapped(t *testing.T) {
	if got := Words(strings.Repeat("衣", 10_000), "", nil); len(got) > maxWords+3 || !strings.HasSuffix(got, "衣...") {
		t.Errorf("got %d bytes: %q, want at most %d and an end of %q", len(got), got, maxWords+3, "衣...")
	}
	// An echo that the cap cuts is hidden before it is cut.
	secret := strings.Repeat("secret words ", 20)
	message := strings.Repeat("x", maxWords-8) + secret
	if got := Words(message, "", []string{secret}); strings.Contains(got, "secret") {
		t.Errorf("the cut echo is shown: %q", got)
	}
}

// FuzzWords holds the promise: no text of some length, and no key, is in what comes out.
func FuzzWords(f *testing.F) {
	f.Add("message about ", "some text of the caller", "sk-abcdefgh", 3)
	f.Fuzz(func(t *testing.T, message, text, key string, at int) {
		if strings.Contains(redacted, text) || strings.Contains(redacted, key) {
			return // part of the mark itself
		}
		at = max(0, min(at, len(message)))
		got := Words(message[:at]+text+" "+key+message[at:], key, []string{text})
		if len(text) >= shortText && oneLine(text) == text && strings.Contains(got, text) {
			t.Errorf("%q is in %q", text, got)
		}
		if len(key) >= keyRun && strings.Contains(got, key) {
			t.Errorf("the key %q is in %q", key, got)
		}
	})
}
