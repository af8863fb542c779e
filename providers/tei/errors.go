package tei

import (
	"regexp"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. It knows where the key came from.
type classifier struct{ key, from string }

// The server's words. A body in testdata/errors.jsonl proves each pattern. Statuses moved: a batch
// that is too large is 413 in older servers and 422 in version 1.9.3.
var (
	tooMany  = regexp.MustCompile(`batch size \d+ > maximum allowed batch size (\d+)`)
	tooLong  = regexp.MustCompile(`must have less than (\d+) tokens`)
	tooLarge = regexp.MustCompile(`length limit exceeded`)
	// Truncate does not prevent this: it counts tokens.
	tooWide = regexp.MustCompile(`must have less than \d+ characters`)
	empty   = regexp.MustCompile("`inputs` cannot be empty")
	noModel = regexp.MustCompile(`[Mm]odel is not an embedding model`)
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
	case tooWide.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Rejected, Advice: "shorten or split the text"}
	case empty.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Rejected, Advice: "leave the empty text out"}
	}
	switch f.Type {
	case "Backend", "Unhealthy":
		if noModel.MatchString(f.Message) {
			return wire.Verdict{Kind: embedding.Invalid, Advice: "the server serves no embedding model"}
		}
		return wire.Verdict{Kind: embedding.Unavailable, Advice: "the server's log says why"}
	case "Overloaded":
		return wire.Verdict{Kind: embedding.RateLimited, Advice: "send fewer requests at once (middleware.Limit)"}
	case "Validation":
		return wire.Verdict{Kind: embedding.Invalid}
	case "Tokenizer":
		return wire.Verdict{Kind: embedding.Rejected, Advice: "the model's tokenizer does not take a text"}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch {
	case v.Kind == embedding.Auth && c.key == "":
		v.Advice = "no key was sent: set Options.KeyEnv (key_env= in a reference) to the name of the variable that holds it"
	case v.Kind == embedding.Auth:
		v.Advice = "the key in " + c.from + " is wrong or has no access"
	case f.Status == 404:
		v.Advice = "there is no text-embeddings-inference at the base URL"
	}
	return v
}
