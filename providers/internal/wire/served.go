package wire

import (
	"cmp"

	"github.com/vecspace/embedding"
)

// servedCode is the header in which package server says on every wire why it refuses.
const servedCode = "X-Vecspace-Code"

// served reads the codes of package server, which count before its words and its status: the words
// are those of a provider behind it, in the form of a service that may have none for the Kind.
func (f Failure) served() (Verdict, bool) {
	code := f.Header.Get(servedCode)
	switch code {
	case "text_rejected": // it counts the texts of the whole request, so there is no doubt which
		places := Indexes([]string{"", f.Header.Get("X-Vecspace-Rejected")})
		return Verdict{Kind: embedding.Rejected, Bad: places, Proof: func(string) bool { return true }}, true
	case "insufficient_quota":
		return Verdict{Kind: embedding.Exhausted}, true
	case "rate_limit_exceeded":
		return Verdict{Kind: embedding.RateLimited}, true
	case "model_not_found":
		return Verdict{Kind: embedding.Invalid}, true
	case "invalid_api_key":
		return Verdict{Kind: embedding.Auth}, true
	}
	// These are only ours. A gateway that drops headers passes them on in the body of OpenAI's wire.
	switch cmp.Or(code, f.Code) {
	case "upstream_auth":
		return Verdict{Kind: embedding.Auth, Advice: "whoever runs the server has to mend its key"}, true
	case "upstream_malformed":
		return Verdict{Kind: embedding.Malformed}, true
	case "upstream_timeout":
		return Verdict{Kind: embedding.Unavailable}, true
	case "unknown_host", "other_space":
		return Verdict{Kind: embedding.Invalid, Advice: "check the base URL and the headers of the request"}, true
	}
	return Verdict{}, false
}
