package jina

import (
	"regexp"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. Jina's errors are {"detail":"..."} or,
// newer, {"detail":{"message","code"}}. It goes by words, which are the same in both. It knows
// where the key came from.
type classifier struct{ from string }

// Jina's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooMany  = regexp.MustCompile(`larger than the largest allowed size (\d+)`)
	tooLarge = regexp.MustCompile(`(?i)batch size exceeds`)
	tooLong  = regexp.MustCompile(`(?:exceeds the model's maximum of|Single text cannot exceed) (\d+) tokens`)
	encode   = regexp.MustCompile(`Failed to encode text`)
	noMoney  = regexp.MustCompile(`(?i)insufficient account balance|balance not enough|resource limit exceeded for your plan`)
)

func (c classifier) classify(f wire.Failure) wire.Verdict {
	if m := tooMany.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	if m := tooLong.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.Rejected, Allowed: embedding.Limits{TextTokens: wire.Number(m)},
			Advice: "shorten or split the text, or let it be cut (Options.Truncate)"}
	}
	switch {
	case tooLarge.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.TooLarge}
	case encode.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Rejected,
			Advice: "a text is longer than the model takes, which the service does not say: shorten or split it"}
	case noMoney.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Exhausted, Advice: "the tokens that were bought for the key in " + c.from + " are used up"}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch {
	case v.Kind == embedding.Auth:
		v.Advice = "the key in " + c.from + " is wrong or has no access"
	case f.Status == 404:
		v.Advice = "the base URL is wrong: Jina's ends in /v1"
	}
	return v
}
