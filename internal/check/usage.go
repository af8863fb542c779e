package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
)

// The lengths, in words, of the texts by which tokens are measured. They fit into every model.
const fewWords, moreWords = 60, 120

// usage compares the tokens that the service counts with the texts: they grow with a text by at
// least half a token a word and at most one a byte, and they add up.
func (c *Check) usage(ctx context.Context) error {
	f := Finding{Check: "usage", Says: "counted", Verdict: Agrees}
	stated := c.entry.Model != ""
	switch {
	case !stated:
		f.Says, f.Verdict = "not said", NotStated
	case c.entry.Unmetered:
		f.Says = "not counted"
	}
	counts := make([]int, 0, 5)
	_, short := ends(fewWords) // as longestText sends them
	_, long := ends(moreWords)
	asked := [][]string{{short}, {long}, {sentences[0]}, {sentences[1]}, sentences[:2]}
	if c.model.Limits.Texts == 1 {
		asked = asked[:4]
	}
	for _, texts := range asked {
		res, err := c.ask(ctx, c.e, embedding.TaskDocument, texts...)
		if err != nil {
			return err
		}
		counts = append(counts, res.Usage.Tokens)
		if res.Usage.Unmetered > 0 || res.Usage.Tokens == 0 {
			c.unmetered = true
			break
		}
	}
	if c.unmetered {
		f.Found = "not counted"
		if stated && !c.entry.Unmetered {
			f.Verdict, f.Reason = Differs, "the answers have no number of tokens, so budgets and limits are kept by estimates"
		}
		c.add(f)
		return nil
	}
	few, more := counts[0], counts[1]
	f.Found = fmt.Sprintf("%d tokens for %d short words, %d for %d", few, fewWords, more, moreWords)
	var wrong []string
	if more <= few {
		wrong = append(wrong, "a longer text has no more tokens")
	}
	// What the longer text has more is compared: a prefix is in both counts.
	if more-few < (moreWords-fewWords)/2 {
		wrong = append(wrong, "there are fewer tokens than half the words")
	}
	if bytes := len(long) - len(short); more-few > bytes {
		wrong = append(wrong, fmt.Sprintf("there are %d more tokens for %d more bytes", more-few, bytes))
	}
	if len(counts) == 5 {
		if sum := counts[2] + counts[3]; max(sum-counts[4], counts[4]-sum) > 4 {
			wrong = append(wrong, fmt.Sprintf("two texts have %d tokens together, and %d and %d alone", counts[4], counts[2], counts[3]))
		}
	}
	switch {
	case wrong != nil:
		f.Verdict, f.Reason = Differs, strings.Join(wrong, "; ")
		c.unmetered = true // as good as
	case c.entry.Unmetered:
		f.Verdict = Differs
	}
	if !c.unmetered {
		c.perWord = float64(more-few) / (moreWords - fewWords)
		c.fixed = max(0, float64(few)-c.perWord*fewWords)
	}
	c.add(f)
	return nil
}

// rateHeaders reports what the answers so far said of the account's limits.
func (c *Check) rateHeaders(context.Context) error {
	f := Finding{Check: "rate headers", Says: "not said", Verdict: NotStated, Found: "none", Headers: c.tape.rateHeaders()}
	if c.model.Endpoint == "" {
		f.Says, f.Verdict, f.Found = "", NotApplicable, "no service is asked"
	}
	if len(f.Headers) > 0 {
		var all []string
		for _, name := range slices.Sorted(maps.Keys(f.Headers)) {
			all = append(all, name+": "+f.Headers[name])
		}
		f.Found = strings.Join(all, "; ")
	}
	c.add(f)
	return nil
}
