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
	Model string   // as the request names it; "" if requests name no model
	Texts []string // nil if the request has IDs instead
	IDs   [][]int  // token ids, a list per text; the host sets Texts from them before Check
	Task  embedding.Task
	Role  string // the service's own word for the task, with its instruction; "" means none
	// Dimensions is the length that the request asks for. nil means the model's own.
	Dimensions *int
	Base64     bool
	Raw        bool // vectors need not have unit length
	Cut        Cut
	TextTokens int // replaces the model's limit of a text; 0 means the model's
	// Ignored are the names of fields that the dialect does not know, sorted, if it notes them.
	Ignored []string
	Rest    any // for the dialect's own use
}

// Cut says what happens to a text that is too long.
type Cut uint8

// The choices for a text that is too long.
const (
	CutNone  Cut = iota // refuse it
	CutEnd              // cut its end
	CutStart            // cut its start
)

// Model is a model that a host offers. Answers name it by ID. Limits are the limits in force. If
// Symmetric, the role of a call changes nothing.
type Model struct {
	embedding.Model
	Name    string // used in requests; "" means ID
	Lengths []int  // the lengths on offer; nil means every length up to Longest
	Longest int    // the longest length on offer; 0 means Dimensions only, unless Lengths is set
	// Detailed lists say more of the model than the service does: dimensions, limits, Space, price
	// and Aliases, other names that requests may use.
	Detailed bool
	Aliases  []string
}

// Asked returns the model's name in requests.
func (m Model) Asked() string { return cmp.Or(m.Name, m.ID) }

// Fixed reports whether the model has only one length of vectors.
func (m Model) Fixed() bool { return m.Longest == 0 && len(m.Lengths) < 2 }

// Offers reports whether a request may ask for n dimensions.
func (m Model) Offers(n int) bool {
	if m.Lengths != nil {
		return slices.Contains(m.Lengths, n)
	}
	return n == m.Dimensions || n > 0 && n <= m.Longest
}

// Length returns the length of the vectors for a call.
func (m Model) Length(c *Call) int {
	if c.Dimensions == nil {
		return m.Dimensions
	}
	return *c.Dimensions
}

// Excess describes a limit that a call exceeds.
type Excess struct {
	Allowed embedding.Limits // only the exceeded limit is set
	Got     int
	Index   int // of the text that is too long
}

// Refuse returns why as the refusal for this excess. It fills the holes {got}, {allowed} and
// {index}.
func (e *Excess) Refuse(why Refusal) *Refusal {
	l := e.Allowed
	full := why.With("{got}", strconv.Itoa(e.Got), "{allowed}", strconv.Itoa(l.Texts+l.Tokens+l.Bytes+l.TextTokens), "{index}", strconv.Itoa(e.Index))
	full.Long = l.Texts == 0
	return full
}

// Exceeds returns the first limit that the call exceeds, or nil. tokens has the tokens of each
// text, and count counts those of any text. If c.Cut says so, Exceeds cuts texts that are too long,
// in c.Texts and in tokens.
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
