package voyage

import (
	"regexp"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. Voyage's errors have a status and
// words ({"detail":"..."}). It knows where the key came from.
type classifier struct {
	from  string
	atlas bool
}

// Voyage's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooManyTokens = regexp.MustCompile(`max allowed tokens per submitted batch is (\d+)`)
	tooManyTexts  = regexp.MustCompile(`(?i)batch size limit is (\d+)|number of inputs exceeds the maximum of (\d+)`)
	tooLong       = regexp.MustCompile(`does not fit into the model's context window of (\d+) tokens`)
	badTexts      = regexp.MustCompile(`^Request to model '[^']*' failed\. The examples? at ind(?:ex|exes|ices) ([\d\[\], and]+) in your batch ha`)
	noModel       = regexp.MustCompile(`Model \S+ is not supported`)
)

func (c classifier) classify(f wire.Failure) wire.Verdict {
	if m := tooManyTokens.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Tokens: wire.Number(m)}}
	}
	if m := tooManyTexts.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	if m := tooLong.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.Rejected, Allowed: embedding.Limits{TextTokens: wire.Number(m)},
			Advice: "shorten or split the text, or let it be cut (Options.Truncate)",
			Bad:    wire.Indexes(badTexts.FindStringSubmatch(f.Message))}
	}
	if noModel.MatchString(f.Message) {
		return wire.Verdict{Kind: embedding.Invalid, Advice: "there are " + setup.Names(models(), id)}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch {
	case v.Kind == embedding.Auth && c.atlas:
		v.Advice = "the key in " + c.from + " is wrong or has no access; keys that begin with al- are Atlas', for " + AtlasBaseURL
	case v.Kind == embedding.Auth:
		v.Advice = "the key in " + c.from + " is wrong or has no access"
	case f.Status == 404:
		v.Advice = "the base URL is wrong: Voyage's end in /v1"
	}
	return v
}
