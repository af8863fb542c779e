package wire

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestWords(t *testing.T) {
	const key = "sk-0123456789abcdef"
	long := strings.Repeat("a sentence of the caller's own. ", 40)
	for _, tc := range []struct{ name, message, want string }{
		{"nothing to hide", "batch size is invalid, it should not be larger than 10.", "batch size is invalid, it should not be larger than 10."},
		{"the key", "Incorrect API key provided: " + key + ".", "Incorrect API key provided: [redacted]."},
		{"half of the key", "Incorrect API key provided: sk-01234****cdef", "Incorrect API key provided: [redacted]****cdef"},
		{"a text", "cannot embed hello world today", "cannot embed [redacted] today"},
		{"a text twice", "hello world and hello world are not what this model takes", "[redacted] and [redacted] are not what this model takes"},
		{"a text cut short", "this model of the server cannot take what is bad input=" + long[:40] + "...", "this model of the server cannot take what is bad input=[redacted]..."},
		{"a text from its middle", "the server's tokenizer cannot go on near '" + long[10:50] + "'", "the server's tokenizer cannot go on near '[redacted]'"},
		{"a text on other lines", "the tokenizer of the server says it is bad: the first line the second line", "the tokenizer of the server says it is bad: [redacted]"},
		{"mostly a text", "bad: " + long[:60], "[redacted]"},
		{"invisible characters", "one\u202etwo\U000e0041 th\u200bree", "onetwo three"},
		{"a short text, quoted", "cannot embed 'no'", "cannot embed [redacted]"},
		{"a short text, not quoted", "no luck", "no luck"},
		{"a character of a text", "衣服的质量杠杠的,很漂亮 is bad", "[redacted] is bad"},
		{"lines and control characters", "one\r\n\ttwo\x00three", "one two three"},
		{"not UTF-8", "one\xfftwo", "one?two"},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			texts := []string{"hello world", long, "no", "", "  ", "衣服的质量杠杠的,很漂亮", "the first line\n\tthe second line"}
			expect.Equal(t, "words", Words(tc.message, key, texts), tc.want)
		})
	}
}

// forms are ways in which servers repeat what they were sent.
var forms = map[string]func(string) string{
	"plain": func(s string) string { return s },
	"Python's repr": func(s string) string {
		return "'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "\n", `\n`) + "'"
	},
	"Go's %q":            strconv.Quote,
	"JSON":               ascii,
	"JSON twice":         func(s string) string { return ascii(ascii(s)) },
	"JSON three times":   func(s string) string { return ascii(ascii(ascii(s))) },
	"a URL":              url.QueryEscape,
	"a URL's path":       url.PathEscape,
	"a URL twice":        func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"HTML":               html.EscapeString,
	"HTML twice":         func(s string) string { return html.EscapeString(html.EscapeString(s)) },
	"HTML, decimal":      entity("&#%d;"),
	"HTML, hexadecimal":  entity("&#x%x;"),
	"JSON in HTML":       func(s string) string { return html.EscapeString(ascii(s)) },
	"base64":             func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 for URLs":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64, shifted":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte("ab" + s)) },
	"base64 of JSON":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(ascii(s))) },
	"hexadecimal":        func(s string) string { return hex.EncodeToString([]byte(s)) },
	"Python's bytes":     octets,
	"upper case":         strings.ToUpper,
	"without spaces":     func(s string) string { return strings.Join(strings.Fields(s), "") },
	"with dashes":        func(s string) string { return strings.Join(strings.Fields(s), "-") },
	"spaced":             func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"zero-width, joined": func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
	"0x":                 func(s string) string { return "0x" + hex.EncodeToString([]byte(s)) },
	"Go's bytes":         func(s string) string { return fmt.Sprint([]byte(s)) },
	"Go's bytes, %#v":    func(s string) string { return fmt.Sprintf("%#v", []byte(s)) },
	"a dump":             func(s string) string { return fmt.Sprintf("% X", s) },
	"a dump with colons": func(s string) string { return strings.ReplaceAll(fmt.Sprintf("% x", s), " ", ":") },
	"a list of numbers":  func(s string) string { return strings.ReplaceAll(fmt.Sprint([]rune(s)), " ", ", ") },
	"Unicode's numbers":  func(s string) string { return strings.Trim(fmt.Sprintf("%U", []rune(s)), "[]") },
	"octal": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, `\%03o`, c)
		}
		return b.String()
	},
	"Ruby":               entity(`\u{%x}`),
	"an old URL":         entity("%%u%04x"),
	"a tokenizer's":      func(s string) string { return "▁" + strings.ReplaceAll(s, " ", "▁") },
	"a byte tokenizer's": func(s string) string { return strings.NewReplacer(" ", "Ġ", "\n", "Ċ").Replace(s) },
	"full width": func(s string) string {
		return strings.Map(func(r rune) rune {
			if '!' <= r && r <= '~' {
				return r + 0xfee0
			}
			return r
		}, s)
	},
	"a list": func(s string) string { return "['" + strings.Join(strings.Fields(s), "', '") + "']" },
}

func ascii(s string) string { return strconv.QuoteToASCII(s) }

func entity(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, format, r)
		}
		return b.String()
	}
}

func octets(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return "b'" + b.String() + "'"
}

// TestForms: a text is in no error in whatever form a server repeats it, nor is a key, and neither
// is in the words that classify a failure.
func TestForms(t *testing.T) {
	const key = "sk-proj-Zq3vW8_xY2kL9m"
	const shown = 5 // letters and digits: those of an escaped quote
	const before, after = "The service refuses this request, since the input of the request is not what it expects: ", " - (see the documentation of the service)"
	for name, form := range forms {
		for _, text := range []string{
			"PIN: 4711\nIBAN: DE12 500\nName: M. Ott\nDiag: F32.1",
			"衣服的质量杠杠的，很漂亮，不枉我等了这么久啊，喜欢",
			"Grüße aus \"Köln\" & Umgebung: <b>C:\\new\\table</b> 100 % sicher",
			"your account is in arrears since the insufficient balance of power",
		} {
			t.Run(name+" of "+text[:6], func(t *testing.T) {
				said := before + form(text) + after
				for _, got := range []string{Words(said, key, []string{"another", text}), own(said, []string{"another", text}, ownRun)} {
					if rest := strings.NewReplacer(before, "", after, "", strings.Trim(after, " -("), "", redacted, "").Replace(got); len(appendFolded(nil, rest)) > shown {
						t.Errorf("got %q, want no more than the server's own words", got)
					}
				}
			})
		}
		t.Run(name+" of the key", func(t *testing.T) {
			got := Words(before+form(key)+after, key, nil)
			if rest := strings.NewReplacer(before, "", after, "", strings.Trim(after, " -("), "", redacted, "").Replace(got); len(appendFolded(nil, rest)) > shown {
				t.Errorf("got %q, want no more than the server's own words", got)
			}
		})
	}
}

// TestShortForms: a text of two words and a short key are hidden too.
func TestShortForms(t *testing.T) {
	const key, text = "AIzaSyA1b2", "pay Bob 500"
	for name, form := range forms {
		if strings.HasPrefix(name, "base64, shifted") {
			continue // its first letters are not the text's
		}
		for _, secret := range []string{key, text} {
			if got := Words("the server cannot take what it was sent, which is "+form(secret)+" and no more than that", key, []string{text}); !strings.Contains(got, redacted) {
				t.Errorf("%s: got %q, want %q hidden", name, got, secret)
			}
		}
	}
}

// TestOwn: the server's own words stay where a text merely shares a phrase with them.
func TestOwn(t *testing.T) {
	const refusal = "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"
	for _, tc := range []struct{ name, message, text, want string }{
		{"a shared phrase", refusal, "Every model has a maximum context length, and this chapter says why.", refusal},
		{"a word", "insufficient balance", "balance", "insufficient balance"},
		{"a word between quotes", "bad input 'balance'", "balance", "bad input [...]"},
		{"a text between escaped quotes", `bad input [\"too long\"]`, "too long", `bad input [\"[...]\"]`},
		{"a text that is cut", "bad input: the input is too lo...", "The input is too long for most people.", "bad input: [...]..."},
		{"a text that is the server's phrase", "upstream failed for input [insufficient balance of power]", "insufficient balance of power", "upstream failed for input [[...]]"},
		{"no texts", "one\ntwo", "", "one two"},
	} {
		expect.Equal(t, tc.name, own(tc.message, []string{tc.text}, ownRun), tc.want)
	}
}

// TestCut: the beginning of a text, cut short, is hidden although it is shorter than a run.
func TestCut(t *testing.T) {
	for _, message := range []string{"the tokenizer fails at 'PIN: 4711 Ott' already", "the tokenizer fails at PIN: 4711 Ott...", `the tokenizer fails at \"PIN: 4711 Ott\"`, "the tokenizer fails at PIN%3A+4711+Ott…",
		"the tokenizer fails at PIN: 4711 Ott (truncated)", "the tokenizer fails at PIN: 4711 Ott [17 more characters]"} {
		if got := Words(message, "", []string{"PIN: 4711 Ott, of Musterhausen"}); strings.Contains(got, "4711") {
			t.Errorf("%q: got %q, want no part of the text", message, got)
		}
	}
}

func TestCleanID(t *testing.T) {
	const key = "sk-0123456789abcdef0123456789abcdef"
	texts := []string{"IBAN DE12500105170648489890", "pin4711", "a text that is no id, of the caller's own"}
	for _, tc := range []struct{ id, want string }{
		{"", ""}, {"req-1", "req-1"}, {"73591b79-d194-9bca-8bb5-000000000000", "73591b79-d194-9bca-8bb5-000000000000"},
		{"req_1f2e3d4c5b6a79889e8d7c6b5a4f3e2d", "req_1f2e3d4c5b6a79889e8d7c6b5a4f3e2d"},
		{"embd-1f2e3d4c5b6a79889e8d7c6b5a4f3e2d", "embd-1f2e3d4c5b6a79889e8d7c6b5a4f3e2d"},
		{"chatcmpl-9ZkQm3xYtRw", "chatcmpl-9ZkQm3xYtRw"},
		{"Bearer " + key, "Bearer [redacted]"}, {key[3:], redacted}, {"0123456789abcdef0123", redacted},
		{"pin4711", redacted}, {"IBAN-DE12500105170648489890", redacted},
		{hex.EncodeToString([]byte(texts[2])), redacted}, {base64.StdEncoding.EncodeToString([]byte(texts[2])), redacted},
		{"a\nb\x1b[31m", "a b [31m"},
		{strings.Repeat("x", 1<<20), strings.Repeat("x", MaxID) + "..."},
	} {
		expect.Equal(t, fmt.Sprintf("%.60q", tc.id), cleanID(tc.id, key, texts), tc.want)
	}
}

// BenchmarkCleanID is what a call of 64 texts of 1 kB pays for ids of two forms.
func BenchmarkCleanID(b *testing.B) {
	texts := make([]string, 64)
	for i := range texts {
		texts[i] = strings.Repeat(fmt.Sprint("the quick brown fox, and so on ", i), 34)[:1000]
	}
	for name, id := range map[string]string{"random": "73591b79-d194-9bca-8bb5-000000000000", "other": "chatcmpl-9ZkQm3xYtRwUiOp"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cleanID(id, "sk-0123456789abcdef", texts)
			}
		})
	}
}

// TestViewsAreBounded: what is compared is a small multiple of the message, whatever the message.
func TestViewsAreBounded(t *testing.T) {
	for _, piece := range []string{"a", `\`, `\u0041`, "%41", "%25", "&amp;", "&", "QUJD", "4142", "65, ", "41:", "0x41 ", `\101`, `\u{41}`, `\\n`, "aaaa ", "\u202e", "-"} {
		message := strings.Repeat(piece, mostSaid/len(piece))
		all := 0
		for _, v := range views(message) {
			all += len(v.text)
		}
		if all > 24*len(message) {
			t.Errorf("%q: the views have %d bytes, want at most 24 times the message's %d", piece, all, len(message))
		}
	}
}

// TestRunsAreMarkedOnce: a message and texts that are all alike cost no more than their lengths.
func TestRunsAreMarkedOnce(t *testing.T) {
	message := strings.Repeat("a", mostSaid)
	e := newEcho(message)
	hits := 0
	for range 3 {
		e.runs([]view{e.plain}, textRun, func(yield func([]byte)) {
			for range 100 {
				yield([]byte(message))
				hits++
			}
		})
	}
	if e.mark(e.plain, 0, 1); e.marks > 3*mostSaid+1 {
		t.Errorf("got %d marks for %d texts, want each run once", e.marks, hits)
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
