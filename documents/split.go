package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultSize is the default size of a part in characters: long enough for one thought, short
// enough to have one meaning.
const DefaultSize = 600

// minSize leaves room for headings and for long words.
const minSize = 100

// SplitText cuts plain text into parts of at most size characters. It prefers to cut between
// paragraphs, then between lines, sentences and words. A size of 0 means [DefaultSize], and any
// other size below 100 means 100. Every word of the text is in a part. Words are cut only if they
// are longer than a quarter of a part. Pieces without a letter or digit are dropped.
func SplitText(text string, size int) []string {
	s := newSplitter(size)
	s.blocks(strings.Split(text, "\n"), false)
	return s.parts
}

// SplitMarkdown is [SplitText] for Markdown. A part never spans two sections. It begins with the
// headings above it, or as many of the inner ones as fit into half of it. Markdown syntax stays as
// it is, including code, link definitions and HTML. Each part of a long table begins with the
// table's heading. A code fence without an end is plain text.
func SplitMarkdown(text string, size int) []string {
	s := newSplitter(size)
	s.blocks(strings.Split(text, "\n"), true)
	return s.parts
}

// splitter collects blocks (paragraphs, tables and code fences) into parts.
type splitter struct {
	size     int
	parts    []string
	headings []heading // above the next block, outermost first
	prefix   string    // the headings that fit
	room     int       // characters left beside the prefix
	body     strings.Builder
	length   int // of body, in characters
}

type heading struct {
	level int
	text  string
	said  bool // a part has it
}

func newSplitter(size int) *splitter {
	if size == 0 {
		size = DefaultSize
	}
	size = max(size, minSize)
	return &splitter{size: size, room: size}
}

// blocks cuts lines into blocks and adds them.
func (s *splitter) blocks(lines []string, markdown bool) {
	var fences fences
	if markdown {
		fences = findFences(lines)
	}
	apart := false // a blank line precedes the next block
	for at := 0; at < len(lines); {
		if blank(lines[at]) {
			apart = true
			at++
			continue
		}
		end := at + 1
		table := false
		if markdown {
			level, text, n := headingAt(lines, at)
			if n > 0 && utf8.RuneCountInString(text) <= s.size/4 {
				s.section(level, text)
				at += n
				continue
			} else if n > 0 {
				s.close(level) // too long to repeat, so it is the section's first text
			}
			table = tableAt(lines, at)
			end = max(end, fences.end(lines, at))
		}
		if end == at+1 {
			for end < len(lines) && !blank(lines[end]) {
				if markdown {
					if _, _, n := headingAt(lines, end); n > 0 || fences.end(lines, end) > end || !table && tableAt(lines, end) {
						break
					}
				}
				end++
			}
		}
		s.add(lines[at:end], apart, table)
		apart = false
		at = end
	}
	s.close(1)
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// section begins a section under a heading.
func (s *splitter) section(level int, text string) {
	s.close(level)
	s.headings = append(s.headings, heading{level: level, text: text})
	s.head()
}

// close ends the sections from level on. Headings that no part contains yet become parts of their
// own.
func (s *splitter) close(level int) {
	s.flush()
	for n := len(s.headings); n > 0 && s.headings[n-1].level >= level; n-- {
		if !s.headings[n-1].said {
			s.head()
			s.emit("")
		}
		s.headings = s.headings[:n-1]
	}
	s.head()
}

// head builds the prefix from the headings.
func (s *splitter) head() {
	length, from := 0, len(s.headings)
	for from > 0 {
		n := utf8.RuneCountInString(s.headings[from-1].text) + 1
		if length+n > s.size/2 {
			break
		}
		length += n
		from--
	}
	var b strings.Builder
	for _, h := range s.headings[from:] {
		b.WriteString(h.text + "\n")
	}
	s.prefix, s.room = b.String(), s.size-length
}

// emit adds a part of the prefix and text.
func (s *splitter) emit(text string) {
	part := strings.TrimRightFunc(s.prefix+text, unicode.IsSpace)
	included := strings.Count(s.prefix, "\n")
	for i := len(s.headings) - included; i < len(s.headings); i++ {
		s.headings[i].said = true
	}
	if strings.ContainsFunc(part, meaning) {
		s.parts = append(s.parts, part)
	}
}

// meaning reports whether a character is more than punctuation.
func meaning(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || r >= utf8.RuneSelf && unicode.IsSymbol(r)
}

func (s *splitter) flush() {
	if s.length > 0 {
		s.emit(s.body.String())
		s.body.Reset()
		s.length = 0
	}
}

// add adds a block, after a blank line if it is apart.
func (s *splitter) add(lines []string, apart, table bool) {
	block := strings.Join(lines, "\n")
	length := utf8.RuneCountInString(block)
	between := "\n"
	if apart {
		between = "\n\n"
	}
	if s.length > 0 && s.length+len(between)+length > s.room {
		s.flush()
	}
	pieces := []string{block}
	if length > s.room {
		pieces = cut(lines, s.room, table)
	}
	for i, piece := range pieces {
		if i > 0 {
			s.flush()
		}
		if s.length > 0 {
			s.body.WriteString(between)
			s.length += len(between)
		}
		s.body.WriteString(piece)
		s.length += utf8.RuneCountInString(piece)
	}
}

// cut cuts a block that is longer than room between its lines, and longer lines between their
// words. The two heading lines of a table begin each piece, unless they fill half of it.
func cut(lines []string, room int, table bool) (pieces []string) {
	head := ""
	if table {
		if h := lines[0] + "\n" + lines[1] + "\n"; utf8.RuneCountInString(h) <= room/2 {
			head, lines = h, lines[2:]
			room -= utf8.RuneCountInString(h)
		}
	}
	var piece []string
	length := 0
	flush := func() {
		if len(piece) > 0 {
			pieces = append(pieces, head+strings.Join(piece, "\n"))
			piece, length = nil, 0
		}
	}
	for _, line := range lines {
		n := utf8.RuneCountInString(line)
		if length+n > room {
			flush()
		}
		if n > room {
			for _, words := range cutLine(line, room) {
				pieces = append(pieces, head+words)
			}
			continue
		}
		piece = append(piece, line)
		length += n + 1
	}
	flush()
	return pieces
}

// cutLine cuts a line into pieces of at most room characters: after a sentence that ends in the
// second half of a piece, otherwise between words, otherwise next to a character outside words.
func cutLine(line string, room int) (pieces []string) {
	for {
		line = strings.TrimLeftFunc(line, unicode.IsSpace)
		end, half, n := len(line), 0, 0
		for i := range line {
			if n == room/2 {
				half = i
			}
			if n == room {
				end = i
				break
			}
			n++
		}
		if end == len(line) {
			if line != "" {
				pieces = append(pieces, line)
			}
			return pieces
		}
		at := cutAt(line, half, end)
		pieces = append(pieces, strings.TrimRightFunc(line[:at], unicode.IsSpace))
		line = line[at:]
	}
}

// cutAt returns the best place to cut a line that is longer than end bytes, at or before end.
func cutAt(line string, half, end int) int {
	between, edge := 0, 0
	next, _ := utf8.DecodeRuneInString(line[end:])
	for at := end; at > 0; {
		r, size := utf8.DecodeLastRuneInString(line[:at])
		switch {
		case at >= half && (strings.ContainsRune("。！？；", r) || strings.ContainsRune(".!?;", r) && unicode.IsSpace(next)):
			return at
		case between == 0 && (unicode.IsSpace(next) || unicode.IsSpace(r)):
			between = at
		case edge == 0 && !(ofWord(r) && ofWord(next)):
			edge = at
		}
		if at < half && between > 0 {
			return between
		}
		at, next = at-size, r
	}
	if between > 0 || edge > 0 {
		return max(between, edge)
	}
	for at := end; at > 0; { // a combining mark belongs to the letter before it
		r, _ := utf8.DecodeRuneInString(line[at:])
		if !unicode.IsMark(r) {
			return at
		}
		_, size := utf8.DecodeLastRuneInString(line[:at])
		at -= size
	}
	return end
}

func ofWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
