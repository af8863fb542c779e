package azure

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. Azure's gateway and the model behind it
// word errors differently, and the code often only repeats the status.
type classifier struct{ deployment, host, from, version string }

// Azure's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooMany    = regexp.MustCompile(`(?:max number of inputs is|array length must be) (\d+)`)
	tooMuch    = regexp.MustCompile(`max (\d+) tokens per request`)
	tooLong    = regexp.MustCompile(`maximum (?:context|input) length is (\d+) tokens`)
	badInput   = regexp.MustCompile(`^Invalid 'input\[(\d+)\]'`)
	firewall   = regexp.MustCompile(`Virtual Network/Firewall`)
	lacksRole  = regexp.MustCompile(`lacks the required data action|Principal does not have access`)
	wrongModel = regexp.MustCompile(`does not work with the specified model`)
	noLengths  = regexp.MustCompile(`does not support specifying dimensions`)
)

func (c classifier) classify(f wire.Failure) wire.Verdict {
	if m := tooMany.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	if m := tooMuch.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Tokens: wire.Number(m)}}
	}
	if m := tooLong.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.Rejected, Allowed: embedding.Limits{TextTokens: wire.Number(m)}, Advice: "shorten or split the text",
			Bad: wire.Indexes(badInput.FindStringSubmatch(f.Message))}
	}
	v := wire.Verdict{Kind: f.Kind()}
	switch code := strings.ToLower(f.Code); {
	case code == "insufficient_quota":
		v.Kind, v.Advice = embedding.Exhausted, "the subscription's quota is used up: raise it in the Azure portal"
	case code == "content_filter":
		v.Kind, v.Advice = embedding.Rejected, "the content filter refuses a text"
	case code == "429" || code == "ratelimitreached" || code == "toomanyrequests":
		v.Kind = embedding.RateLimited
	case code == "401" || code == "unauthorized" || code == "permissiondenied":
		v.Kind = embedding.Auth
	case code == "deploymentnotfound":
		v.Kind = embedding.Invalid
	}
	switch {
	case v.Advice != "":
	case v.Kind == embedding.Auth:
		v.Advice = c.access(f.Message)
	case v.Kind == embedding.RateLimited:
		v.Advice = "the deployment's tokens or requests a minute are used up: raise its quota, or send fewer requests at once (middleware.Limit)"
	case strings.EqualFold(f.Code, "DeploymentNotFound"):
		v.Advice = "there is no deployment " + strconv.Quote(c.deployment) + " at " + c.host + ": give the deployment's name, not the model's; a new one takes some minutes"
	case wrongModel.MatchString(f.Message):
		v.Advice = "the deployment " + strconv.Quote(c.deployment) + " is no embedding model"
	case noLengths.MatchString(f.Message):
		v.Advice = "leave Options.Dimensions (dimensions= in a reference) out for this model"
	case f.Status == 404 && c.version != "":
		v.Advice = "the endpoint or the API version " + c.version + " is wrong"
	case f.Status == 404:
		v.Advice = "the endpoint is wrong, or it has no v1 API: set Options.APIVersion (api_version= in a reference)"
	}
	return v
}

// access returns the advice for a refused key or token.
func (c classifier) access(said string) string {
	switch {
	case firewall.MatchString(said):
		return "the resource's firewall does not let this machine's address in"
	case lacksRole.MatchString(said):
		return "the identity behind " + c.from + " needs the role Cognitive Services OpenAI User on the resource"
	case c.from == "Options.Token":
		return "the token of Options.Token is wrong or expired, or it is not for the scope " + Scope
	}
	return "the key in " + c.from + " is wrong, or it belongs to another resource or region than " + c.host + ": a key is good for its own resource only"
}
