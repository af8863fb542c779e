package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/vecspace/embedding"
)

// How far limits are looked for.
const (
	manyTexts = 2_049   // one more than the catalog has anywhere
	fewTexts  = 64      // what Batch sends where the limit is unknown
	over      = 1.25    // times the limit is over it, with a last eighth that is over it as well
	longest   = 131_072 // tokens of a text
)

// guesses are the lengths that are tried where the limit is unknown: those of most models.
var guesses = []float64{512, 2_048, 8_192}

// textsOfRequest asks for as many texts as the limit says and for one more.
func (c *Check) textsOfRequest(ctx context.Context) error {
	f := Finding{Check: "texts of a request", Says: "unknown", Verdict: NotStated}
	limit := c.model.Limits.Texts
	ask := limit
	if limit > 0 {
		f.Says, f.Verdict = number(limit), Agrees
	} else {
		ask = fewTexts
	}
	if !c.offers("max_texts", number(ask+1)) {
		f.Verdict, f.Found = NotApplicable, "this provider has no such option"
		c.add(f)
		return nil
	}
	err := c.takes(ctx, ask)
	switch {
	case err != nil && saysNothing(err):
		return err
	case err != nil:
		f.Reason = reason(err)
		c.texts(ctx, &f, 1, ask, allowedTexts(err))
	case limit == 0:
		f.Found = fmt.Sprintf("%d taken, as Batch sends", ask)
	default:
		switch err := c.takes(ctx, limit+1); {
		case err == nil:
			c.moreTexts(ctx, &f, limit+1)
		case saysNothing(err):
			f.Verdict, f.Found, f.Reason = NotAsked, fmt.Sprintf("%d taken", limit), fmt.Sprintf("%d: %s", limit+1, reason(err))
		case limit == 1 && !answered(err):
			f.Found = "1 taken; the provider sends no more"
		default:
			f.Found = fmt.Sprintf("%d taken, %d refused", limit, limit+1)
		}
	}
	c.add(f)
	return nil
}

// answered reports whether an error is a service's refusal.
func answered(err error) bool {
	e, ok := errors.AsType[*embedding.Error](err)
	return ok && e.Status > 0
}

func allowedTexts(err error) int {
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		return e.Allowed.Texts
	}
	return 0
}

// takes asks for n short texts at once, in the shortest vectors.
func (c *Check) takes(ctx context.Context, n int) error {
	options := map[string]string{"max_texts": number(n)}
	if c.shortest > 0 {
		options["dimensions"] = number(c.shortest)
	}
	e, err := c.open(options)
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, e, embedding.TaskDocument, many(n)...)
	return err
}

// texts looks for the limit between lo texts, which the service takes, and hi, which it refuses. It
// tries what the service named first.
func (c *Check) texts(ctx context.Context, f *Finding, lo, hi, named int) {
	if f.Says != "unknown" {
		f.Verdict = Differs
	}
	for next := named; hi-lo > 1; {
		if next <= lo || next >= hi {
			next = (lo + hi) / 2
		}
		switch err := c.takes(ctx, next); {
		case err == nil:
			lo = next
		case saysNothing(err):
			f.Reason = strings.TrimPrefix(f.Reason+"; the limit was not found: "+reason(err), "; ")
			f.Found = fmt.Sprintf("%d taken, %d refused", lo, hi)
			return
		default:
			hi = next
		}
		if next = 0; lo == named {
			next = named + 1
		}
	}
	f.Found = fmt.Sprintf("%d taken, %d refused", lo, hi)
	f.Options = c.option("max_texts", lo)
}

// moreTexts looks for a limit above lo texts, which the service takes.
func (c *Check) moreTexts(ctx context.Context, f *Finding, lo int) {
	f.Verdict = Differs
	for most := max(manyTexts, 2*lo); lo < most; {
		more := min(2*lo, most)
		err := c.takes(ctx, more)
		switch {
		case err == nil:
			lo = more
			continue
		case saysNothing(err):
			f.Reason = "the limit was not found: " + reason(err)
		default:
			c.texts(ctx, f, lo, more, allowedTexts(err))
			return
		}
		break
	}
	f.Found = fmt.Sprintf("%d taken, and perhaps more", lo)
	f.Options = c.option("max_texts", lo)
}

// fate is what becomes of a long text.
type fate struct {
	taken bool // without an error
	whole bool // to its end
	err   error
}

func (f fate) String() string {
	switch {
	case f.whole:
		return "taken"
	case f.err == nil:
		return "cut silently"
	}
	return "refused"
}

// unknown reports whether nothing was found out.
func (f fate) unknown() bool { return f.err != nil && saysNothing(f.err) }

// send asks for two texts of so many words that differ in their last eighth only. If they have one
// vector, the service does not look at it.
func (c *Check) send(ctx context.Context, words float64) fate {
	one, other := ends(max(16, int(words)))
	a, err := c.one(ctx, c.e, one)
	if err != nil {
		return fate{err: err}
	}
	b, err := c.one(ctx, c.e, other)
	return fate{taken: true, whole: err == nil && !c.alike(a, b), err: err}
}

// inWords returns how many words have about as many tokens. Without the service's count it is sure
// to be below them or, for a text that is to be too long, above.
func (c *Check) inWords(tokens float64, below bool) float64 {
	switch {
	case c.perWord > 0:
		return (tokens - c.fixed) / c.perWord
	case below:
		return (tokens - c.prefix()) / mostPerWord
	}
	return tokens
}

// textLimit returns the most tokens of a text as it is sent, behind its prefix: the service counts
// that, and so do usage and max_text_tokens. The model's limit is without the prefix.
func (c *Check) textLimit() int {
	bare, err := c.open(map[string]string{"prefix": "none", "query_prefix": "", "document_prefix": "", "plain": ""})
	if err != nil { // this provider has no prefixes
		return c.model.Limits.TextTokens
	}
	return bare.Model().Limits.TextTokens
}

// prefix returns about how many tokens the longest prefix has.
func (c *Check) prefix() float64 { return float64(c.textLimit() - c.model.Limits.TextTokens) }

// mostPerWord is the most tokens that a tokenizer may have for a short word.
const mostPerWord = 1.75

// longestText sends a text just under the limit and one over it.
func (c *Check) longestText(ctx context.Context) error {
	limit := float64(c.textLimit())
	if limit == 0 {
		return c.unknownLength(ctx)
	}
	truncates := c.truncates()
	f := Finding{Check: "longest text", Says: fmt.Sprintf("%.0f tokens, more is refused", limit), Verdict: Agrees}
	if truncates {
		f.Says = fmt.Sprintf("%.0f tokens, more is cut", limit)
	}
	// The text that is too long comes first: a refusal costs nothing, and leaves more for the other.
	past, under := c.inWords(over*limit, false), c.inWords(0.98*limit-4, true)
	long := c.send(ctx, past)
	short := c.send(ctx, under)
	if short.unknown() && !short.taken {
		return short.err
	}
	f.Found = c.taken(under, past, long)
	switch {
	case !short.whole && !short.unknown():
		f.Verdict = Differs
		if short.err != nil {
			f.Reason = reason(short.err)
		}
		c.shorter(ctx, &f, 0, under, short)
	case long.unknown():
		f.Verdict, f.Found, f.Reason = NotAsked, c.amount(under)+" taken", c.amount(past)+": "+reason(long.err)
	case long.whole:
		f.Verdict = Differs
		c.longer(ctx, &f, past)
	case long.err == nil && !truncates:
		f.Reason = "a text over the limit loses its end without an error: split such texts, for example with middleware.Pieces"
		f.Verdict = Differs
		if !c.own() {
			f.Verdict = NotStated
		}
	case long.err != nil && truncates:
		f.Verdict, f.Reason = Differs, reason(long.err)
	}
	c.add(f)
	return nil
}

// inTokens returns about how many tokens so many words have.
func (c *Check) inTokens(words float64) float64 {
	if c.perWord > 0 {
		return c.fixed + c.perWord*words
	}
	return words
}

// amount says how long a text of so many words is.
func (c *Check) amount(words float64) string {
	if c.perWord > 0 {
		return fmt.Sprintf("%.0f tokens", c.inTokens(words))
	}
	return fmt.Sprintf("%.0f short words", words)
}

// taken says that a text of lo words is taken, and what becomes of one of hi words.
func (c *Check) taken(lo, hi float64, is fate) string {
	return fmt.Sprintf("%s taken, %.0f %v", c.amount(lo), c.inTokens(hi), is)
}

// shorter looks for the longest text between lo words, which are taken, and hi, which are not.
func (c *Check) shorter(ctx context.Context, f *Finding, lo, hi float64, at fate) {
	if e, ok := errors.AsType[*embedding.Error](at.err); ok && e.Allowed.TextTokens > 0 {
		named := float64(e.Allowed.TextTokens)
		if mid := c.inWords(0.98*named-4, true); mid > lo && mid < hi && c.send(ctx, mid).whole {
			f.Found = c.taken(mid, hi, at)
			f.Options = c.option("max_text_tokens", int(named))
			return
		}
	}
	for hi-lo > max(16, lo/16) {
		mid := (lo + hi) / 2
		is := c.send(ctx, mid)
		if is.unknown() {
			f.Reason = strings.TrimPrefix(f.Reason+"; the limit was not found: "+reason(is.err), "; ")
			break
		}
		if is.whole {
			lo = mid
		} else {
			hi, at = mid, is
		}
	}
	if at.err == nil { // of a text that is cut, the last eighth begins at the limit
		lo, hi = lo*7/8, hi*7/8
	}
	f.Found = c.taken(lo, hi, at)
	if tokens := int(math.Floor(c.inTokens(lo))); lo > 0 {
		f.Options = c.option("max_text_tokens", tokens)
	}
}

// longer looks for a limit above lo words, which are taken.
func (c *Check) longer(ctx context.Context, f *Finding, lo float64) {
	for c.inTokens(2*lo) <= longest {
		is := c.send(ctx, 2*lo)
		if is.unknown() {
			f.Reason = "the limit was not found: " + reason(is.err)
			break
		}
		if !is.whole {
			c.shorter(ctx, f, lo, 2*lo, is)
			return
		}
		lo *= 2
	}
	f.Found = c.amount(lo) + " taken, and perhaps more"
	f.Options = c.option("max_text_tokens", int(c.inTokens(lo)))
}

// unknownLength tries the limits of most models.
func (c *Check) unknownLength(ctx context.Context) error {
	f := Finding{Check: "longest text", Says: "unknown", Verdict: NotStated}
	lo := 0.0
	for _, guess := range guesses {
		words := c.inWords(over*guess, false)
		is := c.send(ctx, words)
		if is.unknown() && lo == 0 {
			return is.err
		}
		if is.unknown() {
			f.Reason = reason(is.err)
			break
		}
		if !is.whole {
			if is.err != nil {
				f.Reason = reason(is.err)
			}
			c.shorter(ctx, &f, lo, words, is)
			c.add(f)
			return nil
		}
		lo = words
	}
	f.Found = c.amount(lo) + " taken, and perhaps more"
	c.add(f)
	return nil
}
