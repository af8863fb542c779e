package gemini

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. It knows where the key came from.
type classifier struct{ from string }

// Google's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooMany   = regexp.MustCompile(`at most (\d+) requests can be in one batch`)
	tooLarge  = regexp.MustCompile(`payload size exceeds the limit(?:: (\d+) bytes)?`)
	tooLong   = regexp.MustCompile(`input token count is \d+ but the model supports up to (\d+)|exceeds the maximum number of tokens`)
	wrongKey  = regexp.MustCompile(`(?i)API key (not valid|not found|expired)`)
	wrongLand = regexp.MustCompile(`(?i)location is not supported`)
	noMoney   = regexp.MustCompile(`(?i)credits are depleted|spending cap`)
)

func (c classifier) classify(f wire.Failure) wire.Verdict {
	d := readDetails(f.Body)
	if m := tooMany.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	if m := tooLarge.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge}
	}
	if m := tooLong.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.Rejected, Allowed: embedding.Limits{TextTokens: wire.Number(m)},
			Advice: "shorten or split the text"}
	}
	switch {
	case d.reason == "API_KEY_INVALID" || wrongKey.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Auth, Advice: "the key in " + c.from + " is wrong or expired"}
	case wrongLand.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Auth, Advice: "Google does not serve the API where this machine is"}
	case noMoney.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Exhausted}
	case f.Status == 429 && d.daily:
		return wire.Verdict{Kind: embedding.Exhausted, Advice: "the daily quota is used up"}
	case f.Status == 429:
		return wire.Verdict{Kind: embedding.RateLimited, Advice: "each text counts as a request: send fewer at once (middleware.Limit)"}
	case f.Status == 404:
		return wire.Verdict{Kind: embedding.Invalid,
			Advice: "there is no such model for embeddings, or the base URL is wrong: Google's ends in /v1beta"}
	}
	v := wire.Verdict{Kind: f.Kind()}
	if v.Kind == embedding.Auth {
		v.Advice = "the key in " + c.from + " has no access to the API"
	}
	return v
}

// details holds what google.rpc's error details add to the message.
type details struct {
	reason string
	daily  bool // a limit per day was violated
}

func readDetails(body []byte) (d details) {
	type answer struct {
		Error struct {
			Details []struct {
				Reason     string `json:"reason"`
				Violations []struct {
					QuotaID string `json:"quotaId"`
				} `json:"violations"`
			} `json:"details"`
		} `json:"error"`
	}
	var one answer
	if json.Unmarshal(body, &one) != nil {
		var list []answer // some paths answer with a list of one
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return d
		}
		one = list[0]
	}
	for _, detail := range one.Error.Details {
		if detail.Reason != "" {
			d.reason = detail.Reason
		}
		for _, v := range detail.Violations {
			d.daily = d.daily || strings.Contains(v.QuotaID, "PerDay")
		}
	}
	return d
}
