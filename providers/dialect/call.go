package dialect

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/vecspace/embedding"
)

// Call is what a request asks for.
type Call struct {
	Model string   // as the request names it; "" where the wire has no word for it
	Texts []string // nil where IDs came in their place
	IDs   [][]int  // token ids, a list for each text; the host puts Texts in their place before Check
	Task  embedding.Task
	Role  string // the wire's own word for the task, an instruction with it; "" is none
	// Dimensions is the length asked for; nil: the model's own.
	Dimensions *int
	Base64     bool
	Raw        bool // vectors may come as the model gives them, not of unit length
	Cut        Cut
	TextTokens int // texts are too long from here on; 0: the model's limit
	Rest       any // the dialect's own
}

// Cut is what happens to a text that is too long.
type Cut uint8

// What may happen to it.
const (
	CutNone  Cut = iota // it is refused
	CutEnd              // it loses its end
	CutStart            // it loses its start
)

// Model is a model as a host offers it. ID is what answers call it, Limits are those in force, and
// Symmetric says that a call's role changes nothing.
type Model struct {
	embedding.Model
	Name    string // that requests use; "": ID
	Lengths []int  // all that may be asked for, where that is not every number up to Longest
	Longest int    // of the lengths that may be asked for; 0: Dimensions is the only one, unless there are Lengths
}

// Asked is the name by which requests ask for the model.
func (m Model) Asked() string { return cmp.Or(m.Name, m.ID) }

// Fixed reports whether vectors have one length only.
func (m Model) Fixed() bool { return m.Longest == 0 && len(m.Lengths) < 2 }

// Offers reports whether vectors of n dimensions may be asked for.
func (m Model) Offers(n int) bool {
	if m.Lengths != nil {
		return slices.Contains(m.Lengths, n)
	}
	return n == m.Dimensions || n > 0 && n <= m.Longest
}

// Length is how long the vectors of a call are.
func (m Model) Length(c *Call) int {
	if c.Dimensions == nil {
		return m.Dimensions
	}
	return *c.Dimensions
}

// Excess is a limit that a call exceeds.
type Excess struct {
	Allowed embedding.Limits // the one limit: the other fields are 0
	Got     int
	Index   int // of a text that is too long
}

// Refuse is the refusal for the excess. It fills the holes {got}, {allowed} and {index}.
func (e *Excess) Refuse(why Refusal) *Refusal {
	l := e.Allowed
	full := why.With("{got}", strconv.Itoa(e.Got), "{allowed}", strconv.Itoa(l.Texts+l.Tokens+l.Bytes+l.TextTokens), "{index}", strconv.Itoa(e.Index))
	full.Long = l.Texts == 0
	return full
}

// Exceeds returns the first limit that a call exceeds, nil if there is none. count counts a text's
// tokens, and tokens are those of each text. Texts that are to be cut are cut, and their tokens
// with them.
func (c *Call) Exceeds(l embedding.Limits, tokens []int, count func(string) int) *Excess {
	if l.Texts > 0 && len(c.Texts) > l.Texts {
		return &Excess{Allowed: embedding.Limits{Texts: l.Texts}, Got: len(c.Texts)}
	}
	if c.TextTokens > 0 {
		l.TextTokens = min(cmp.Or(l.TextTokens, c.TextTokens), c.TextTokens)
	}
	sum, bytes := 0, 0
	for i := range c.Texts {
		if l.TextTokens > 0 && tokens[i] > l.TextTokens {
			if c.Cut == CutNone {
				return &Excess{Allowed: embedding.Limits{TextTokens: l.TextTokens}, Got: tokens[i], Index: i}
			}
			c.Texts[i] = shorten(c.Texts[i], l.TextTokens, c.Cut, count)
			tokens[i] = count(c.Texts[i])
		}
		sum += tokens[i]
		bytes += len(c.Texts[i])
	}
	switch {
	case l.Tokens > 0 && sum > l.Tokens:
		return &Excess{Allowed: embedding.Limits{Tokens: l.Tokens}, Got: sum}
	case l.Bytes > 0 && bytes > l.Bytes:
		return &Excess{Allowed: embedding.Limits{Bytes: l.Bytes}, Got: bytes}
	}
	return nil
}

// shorten returns the longest beginning, or end, of a text that has at most n tokens.
func shorten(text string, n int, cut Cut, count func(string) int) string {
	starts := make([]int, 0, len(text)+1) // of its runes
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	part := func(runes int) string {
		if cut == CutStart {
			return text[starts[len(starts)-1-runes]:]
		}
		return text[:starts[runes]]
	}
	least, most := 1, utf8.RuneCountInString(text)
	for least < most {
		if half := (least + most + 1) / 2; count(part(half)) <= n {
			least = half
		} else {
			most = half - 1
		}
	}
	return part(least)
}
