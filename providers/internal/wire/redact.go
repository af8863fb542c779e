package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shortText = 4       // shorter texts, in bytes, count as an echo only between quotes
	cutText   = 8       // so many bytes of a text's beginning are an echo where a quote or "..." says so
	keyRun    = 8       // so many bytes of the key in a row are a secret
	textRun   = 16      // so many bytes of a text in a row are an echo
	ownRun    = 32      // fewer of them may be the server's own words too, which classify a failure
	sharedRun = 24      // fewer than ownRun are enough where words would end a job
	maxWords  = 500     // kept bytes of a server's message
	mostSaid  = 8 << 10 // bytes of a server's message that are looked at
	MaxCode   = 64
	MaxID     = 128
)

const redacted = "[redacted]"

// Words makes a server's words fit for an error. It replaces what they repeat of the key or of the
// texts, in whatever form they repeat it, and drops them where they are mostly a text. It makes
// control characters spaces, drops invisible ones, and caps the length. Servers do quote the input
// that they refuse: whole or cut short, escaped or encoded.
func Words(message, key string, texts []string) string {
	if len(message) > 8*maxWords {
		message = message[:8*maxWords]
	}
	if message = oneLine(strings.ToValidUTF8(message, "?")); message == "" {
		return ""
	}
	e := newEcho(message)
	e.texts(texts, textRun)
	if e.mostly() {
		return redacted
	}
	if key != "" {
		e.whole(e.plain, []byte(key), anywhere)
		folded := appendFolded(nil, key)
		e.runs(e.views, keyRun, func(yield func([]byte)) { yield(folded) })
		e.runs([]view{e.plain}, keyRun, func(yield func([]byte)) { yield([]byte(key)) })
	}
	return capped(e.replaced(redacted), maxWords)
}

// own returns the words of a message that are the server's own, to classify a failure by:
// without what they quote of the texts. A text may share a phrase with the server, so that only
// runs of n bytes count, or whole texts.
func own(message string, texts []string, n int) string {
	message = oneLine(strings.ToValidUTF8(message, "?"))
	if message == "" || len(texts) == 0 {
		return message
	}
	e := newEcho(message)
	e.texts(texts, n)
	return e.replaced("[...]")
}

// echo marks the bytes of a message that repeat something.
type echo struct {
	message string
	plain   view   // the message as it is
	views   []view // folded
	edges   []int  // what begins at a byte, less what has ended before it
	marks   int    // how often something was marked
}

func newEcho(message string) *echo {
	return &echo{message: message, plain: viewOf(message), views: views(message), edges: make([]int, len(message)+1)}
}

// mark marks what v.text[i:i+n] stands for.
func (e *echo) mark(v view, i, n int) {
	e.edges[v.from[i]]++
	e.edges[v.to[i+n-1]]--
	e.marks++
}

// marked says of each byte whether it is marked.
func (e *echo) marked() []bool {
	all, open := make([]bool, len(e.message)), 0
	for i := range all {
		open += e.edges[i]
		all[i] = open > 0
	}
	return all
}

// texts marks what the message repeats of texts: runs of n bytes or more, shorter texts as a whole,
// and the beginning of one that is cut.
func (e *echo) texts(texts []string, n int) {
	private := n == textRun // rather a word too many than one too few
	if texts = e.near(texts); len(texts) == 0 {
		return
	}
	seen := make(map[string]bool)
	begins := newGrams(e.views, cutText)
	e.runs([]view{e.plain}, n, func(yield func([]byte)) {
		for _, text := range texts {
			text = oneLine(text)
			yield([]byte(text))
			switch {
			case text == "" || len(text) >= n || seen[text]:
				continue
			case private && len(text) >= shortText:
				e.whole(e.plain, []byte(text), anywhere)
			default:
				for _, q := range []string{`"`, `'`, "`"} {
					e.whole(e.plain, []byte(q+text+q), anywhere)
				}
			}
			seen[text] = true
		}
	})
	var folded []byte
	e.runs(e.views, n, func(yield func([]byte)) {
		for _, text := range texts {
			folded = appendFolded(folded[:0], text)
			yield(folded)
			switch {
			case len(folded) < shortText:
			case len(folded) >= cutText && !begins.may(binary.BigEndian.Uint64(folded)):
			case seen["folded "+string(folded[:min(len(folded), n)])]:
			default:
				seen["folded "+string(folded[:min(len(folded), n)])] = true
				for _, v := range e.views {
					switch {
					case len(folded) >= n:
					case len(folded) >= textRun:
						e.whole(v, folded, anywhere)
					case private:
						e.whole(v, folded, e.apart)
					default:
						e.whole(v, folded, e.quoted)
					}
					if len(folded) >= cutText {
						e.begins(v, folded, private)
					}
				}
			}
		}
	})
}

// whole marks every needle in v that stands where it may, by its place in the message.
func (e *echo) whole(v view, needle []byte, may func(from, to int) bool) {
	for from := 0; ; from++ {
		i := bytes.Index(v.text[from:], needle)
		if i < 0 {
			return
		}
		from += i
		if may(int(v.from[from]), int(v.to[from+len(needle)-1])) {
			e.mark(v, from, len(needle))
		}
	}
}

// apart reports whether neither end of message[from:to] is inside a word.
func (e *echo) apart(from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(e.message[:from])
	after, _ := utf8.DecodeRuneInString(e.message[to:])
	escaped := from >= 2 && strings.IndexByte("nrt", e.message[from-1]) >= 0 && e.message[from-2] == '\\'
	return (fold(before) < 0 || escaped) && fold(after) < 0
}

// near returns the texts of which the message could repeat something: those that share eight bytes
// with a view, and short ones. It reads each text once and keeps nothing of it.
func (e *echo) near(texts []string) []string {
	filter := newGrams(e.views, cutText)
	known := make(map[uint64]bool)
	for _, v := range e.views {
		for i := cutText; i <= len(v.text); i++ {
			known[binary.BigEndian.Uint64(v.text[i-cutText:i])] = true
		}
	}
	var all []string
	for _, text := range texts {
		var last8 uint64
		n, shares := 0, false
		for i := 0; i < len(text) && !shares; {
			var wide [utf8.UTFMax]byte
			bytes, size := 1, 1
			if c := text[i]; c < utf8.RuneSelf {
				wide[0] = plainly[c]
			} else {
				var r rune
				if r, size = utf8.DecodeRuneInString(text[i:]); fold(r) >= 0 {
					bytes = utf8.EncodeRune(wide[:], fold(r))
				}
			}
			i += size
			if wide[0] == 0 {
				continue
			}
			for _, c := range wide[:bytes] {
				last8 = last8<<8 | uint64(c)
				n++
				shares = shares || n >= cutText && filter.may(last8) && known[last8]
			}
		}
		if shares || n < cutText {
			all = append(all, text)
		}
	}
	return all
}

// goesOn matches how servers say that they cut what stands before it: ..., [...], (12 more).
var goesOn = regexp.MustCompile(`^(?:\.\.|…|[\[(<][^\])>]{0,12}(?:\.\.|…|more|trunc|chars))`)

const quotes = "\"'`“‘«「『[("

// quoted reports whether message[from:to] is between quotes, which may be escaped.
func (e *echo) quoted(from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(e.message[:from])
	after, _ := utf8.DecodeRuneInString(e.message[to:])
	return strings.ContainsRune(quotes+";2", before) && strings.ContainsRune("\"'`”’»」』])\\&%", after)
}

func anywhere(int, int) bool { return true }

// begins marks the beginning of a folded text, as far as it goes, where the message shows that it
// cut it, or quotes it. A server may begin its own words as the text does, so that a quote is a
// reason only where too much is hidden rather than too little, or where more of the text follows.
func (e *echo) begins(v view, text []byte, private bool) {
	for from := 0; ; from++ {
		i := bytes.Index(v.text[from:], text[:cutText])
		if i < 0 {
			return
		}
		from += i
		n := cutText
		for n < len(text) && from+n < len(v.text) && text[n] == v.text[from+n] && n < ownRun {
			n++
		}
		before, _ := utf8.DecodeLastRuneInString(e.message[:v.from[from]])
		after := strings.TrimLeft(e.message[v.to[from+n-1]:], " ")
		if strings.ContainsRune(quotes, before) && (private || n >= textRun) ||
			goesOn.MatchString(after) {
			e.mark(v, from, n)
		}
	}
}

// grams is a filter of runs of 8 bytes: what it has not seen is in none of the views.
type grams struct {
	set   []uint64
	shift int
}

func (g grams) slot(gram uint64) (word int, bit uint64) {
	s := gram * 0x9e3779b97f4a7c15 >> g.shift
	return int(s / 64), 1 << (s % 64)
}

func (g grams) may(gram uint64) bool {
	word, bit := g.slot(gram)
	return g.set[word]&bit != 0
}

// newGrams returns the filter of the last 8 bytes of each run of n bytes in the views. One in 16 of
// its bits is set at most.
func newGrams(views []view, n int) grams {
	size := 64
	for _, v := range views {
		size += 16 * len(v.text)
	}
	log := bits.Len(uint(size))
	g := grams{make([]uint64, 1<<log/64), 64 - log}
	for _, v := range views {
		for i := n; i <= len(v.text); i++ {
			word, bit := g.slot(binary.BigEndian.Uint64(v.text[i-8 : i]))
			g.set[word] |= bit
		}
	}
	return g
}

// place is where a run begins in a view.
type place struct{ view, at int }

// runs marks every run of n bytes (8 or more) that a view shares with one of the texts. The views
// are short and the texts may be megabytes, so it passes each text once, with a filter on the last
// 8 bytes before the exact look-up. A run is marked once, however often a text repeats it.
func (e *echo) runs(views []view, n int, texts func(yield func([]byte))) {
	filter := newGrams(views, n)
	places := make(map[string][]place)
	for w, v := range views {
		for i := 0; i+n <= len(v.text); i++ {
			places[string(v.text[i:i+n])] = append(places[string(v.text[i:i+n])], place{w, i})
		}
	}
	texts(func(text []byte) {
		var last8 uint64
		for k := range text {
			last8 = last8<<8 | uint64(text[k])
			if k+1 < n || !filter.may(last8) {
				continue
			}
			run := text[k+1-n : k+1]
			for _, p := range places[string(run)] {
				e.mark(views[p.view], p.at, n)
			}
			delete(places, string(run))
		}
	})
}

// mostly reports whether most of the letters and digits are marked.
func (e *echo) mostly() bool {
	all, hidden, marked := 0, 0, e.marked()
	for i, r := range e.message {
		if fold(r) >= 0 {
			all++
			if marked[i] {
				hidden++
			}
		}
	}
	return hidden > textRun && 2*hidden > all
}

// replaced replaces every marked stretch of the message, widened to whole characters.
func (e *echo) replaced(mark string) string {
	var b strings.Builder
	hidden, marked := false, e.marked()
	for i, r := range e.message {
		hide := slices.Contains(marked[i:i+utf8.RuneLen(r)], true)
		switch {
		case !hide:
			b.WriteRune(r)
		case !hidden:
			b.WriteString(mark)
		}
		hidden = hide
	}
	return b.String()
}

// oneLine makes every stretch of white space and control characters one space. It drops characters
// that show nothing, some of which turn the direction of what follows.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if strings.IndexFunc(s, unseen) < 0 {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, s))
}

func unseen(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs)
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

// cleanID is [Token] for the id of a request that succeeded, which is not worth a look at all texts
// where it cannot quote one: it is random digits, or too short for more than a whole text.
func cleanID(id, key string, texts []string) string {
	secret := key != "" && strings.Contains(key, id)
	for i := 0; i+keyRun <= min(len(id), MaxID) && !secret; i++ {
		secret = strings.Contains(key, id[i:i+keyRun])
	}
	switch {
	case id == "" || !secret && randomID(id):
		return id
	case len(id) < cutText:
		var near []string
		for _, text := range texts {
			if len(text) < 4*cutText {
				near = append(near, text)
			}
		}
		if texts = near; texts == nil && !secret && strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
			return id
		}
	}
	return Token(id, key, texts, MaxID)
}

// randomID reports whether an id consists of hexadecimal digits in lower case, as a UUID does, that
// spell nothing, after a short prefix.
func randomID(id string) bool {
	if i := strings.IndexAny(id, "_-"); i >= 0 && i <= 8 { // req_, embd-, chatcmpl-, or a UUID's first digits
		id = id[i+1:]
	}
	if len(id) < 20 || len(id) > MaxID {
		return false
	}
	letters, digits := 0, 0
	high, printable := false, true
	var first byte
	for i := range len(id) {
		c := id[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
			letters++
		case c == '-':
			continue
		default:
			return false
		}
		digits++
		if high = !high; high {
			first = c
			continue
		}
		b := first<<4 | c
		printable = printable && b >= ' ' && b < 0x7f
	}
	return letters >= 4 && digits >= 16 && !printable
}

// LooksLikeMarkup reports whether a body is an HTML page, which is not worth quoting.
func LooksLikeMarkup(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}
