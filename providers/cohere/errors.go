package cohere

import (
	"regexp"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. Cohere's errors have a status and
// words, no codes.
type classifier struct{ from string }

// Cohere's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooMany = regexp.MustCompile(`number of texts must be at most (\d+)`)
	tooLong = regexp.MustCompile(`(?i)too many tokens|too long|exceeds? the (maximum|max)|maximum (context|token)`)
	monthly = regexp.MustCompile(`(?i)API calls / month|monthly`)
	unknown = regexp.MustCompile(`(?i)model .*not found|unknown model`)
)

func (c classifier) classify(f wire.Failure) wire.Verdict {
	if m := tooMany.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	switch {
	case (f.Status == 400 || f.Status == 422) && tooLong.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Rejected, Advice: "shorten or split the text, or let it be cut (Options.Truncate)"}
	case f.Status == 429 && monthly.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Exhausted, Advice: "the month's calls of a trial key are used up: take a production key"}
	case f.Status == 498:
		return wire.Verdict{Kind: embedding.Rejected, Advice: "the service refuses the content of a text"}
	case unknown.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Invalid, Advice: "the key has no access to the model, or it does not exist"}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch {
	case v.Kind == embedding.Auth:
		v.Advice = "the key in " + c.from + " is wrong, expired or has no access to this model"
	case v.Kind == embedding.RateLimited:
		v.Advice = "texts are counted, not calls: send fewer at once (middleware.Limit)"
	case f.Status == 404:
		v.Advice = "the base URL is wrong: Cohere's ends in /v2"
	}
	return v
}
