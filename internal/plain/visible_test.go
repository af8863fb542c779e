package plain

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vecspace/embedding/internal/expect"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"Grüße, 世界 👩‍👧\tטקסט\n":  "Grüße, 世界 👩‍👧\tטקסט\n",
		"\x1b]0;title\a\x1b[2J":  `\u001b]0;title\u0007\u001b[2J`,
		"a\rb\bc\x7f":            `a\u000db\u0008c\u007f`,
		"\u009b31m":              `\u009b31m`,
		"\x9b31m":                "\ufffd31m",
		"a\u202eb\u2066c\u200fd": `a\u202eb\u2066c\u200fd`,
		"a\u2028b":               `a\u2028b`,
	} {
		expect.Equal(t, "visible form", Visible(in), want)
		for cut := range len(in) + 1 {
			var b strings.Builder
			w := &Writer{W: &b}
			for _, part := range []string{in[:cut], in[cut:]} {
				n, err := w.Write([]byte(part))
				expect.NoError(t, err)
				expect.Equal(t, "bytes", n, len(part))
			}
			expect.Equal(t, "written", b.String(), want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202e\x1b[0m\xff")
	f.Fuzz(func(t *testing.T, in string) {
		out := Visible(in)
		if !utf8.ValidString(out) || strings.IndexFunc(out, hidden) >= 0 {
			t.Errorf("got %q of %q, want nothing hidden", out, in)
		}
		expect.Equal(t, "made visible again", Visible(out), out)
	})
}
