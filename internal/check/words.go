package check

import "strings"

// words are short and common, so that a tokenizer has one token for each: a text's length in tokens
// is then its number of words, nearly, whatever the tokenizer. They are of three letters because
// some services count letters too. The tail has other words than the body, of the same length: one
// number of words is computed for a text with the tail and for one without.
var (
	words = strings.Fields("sun sea cat dog map pen car bus box key ice oil art air bed cup egg fox hat ink man net sky tea toy van zoo")
	tail  = strings.Fields("law tax war fee job act pay law war tax bid aid law fee war tax")
)

// text returns a text of n words. Two texts with another start begin with other words.
func text(n, start int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = words[(start+i)%len(words)]
	}
	return strings.Join(out, " ")
}

// ends returns two texts of n words that differ in their last eighth only.
func ends(n int) (one, other string) {
	all := strings.Fields(text(n, 0))
	for i := n - max(1, n/8); i < n; i++ {
		all[i] = tail[i%len(tail)]
	}
	return text(n, 0), strings.Join(all, " ")
}

// many returns n texts of a word each.
func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = words[i%len(words)]
	}
	return out
}

// sentences are texts that any model tells apart.
var sentences = []string{
	"The cat sleeps on the warm roof.",
	"Interest rates rose again this spring.",
	"Tighten the bolt before you start the engine.",
	"She wrote a letter to her old friend.",
}
