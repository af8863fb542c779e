package dashscope

import (
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. It knows where the key came from and which
// server it asked.
type classifier struct{ key, place, path string }

// kinds maps the service's codes, in lower case. Each has a PascalCase name (native API), and most
// have a snake_case alias (compatible API). Both APIs send both.
//
// Source: https://www.alibabacloud.com/help/en/model-studio/error-code and the bodies in
// testdata/errors.jsonl.
var kinds = map[string]embedding.Kind{
	"invalidparameter":           embedding.Invalid,
	"invalid_request_error":      embedding.Invalid,
	"modelnotfound":              embedding.Invalid,
	"model_not_found":            embedding.Invalid,
	"model_not_supported":        embedding.Invalid,
	"badrequest.emptyinput":      embedding.Invalid,
	"badrequest.emptymodel":      embedding.Invalid,
	"badrequest.emptyparameters": embedding.Invalid,
	"badrequest.illegalinput":    embedding.Invalid,

	"badrequest.toolarge":    embedding.TooLarge,
	"datainspectionfailed":   embedding.Rejected,
	"data_inspection_failed": embedding.Rejected,

	"invalidapikey":            embedding.Auth,
	"invalid_api_key":          embedding.Auth,
	"not authorized":           embedding.Auth, // another workspace's key
	"accessdenied":             embedding.Auth,
	"access_denied":            embedding.Auth,
	"accessdenied.unpurchased": embedding.Auth,
	"model.accessdenied":       embedding.Auth,
	"workspace.accessdenied":   embedding.Auth,

	"limit_requests":       embedding.RateLimited,
	"limitrequests":        embedding.RateLimited,
	"limit_burst_rate":     embedding.RateLimited,
	"throttling":           embedding.RateLimited,
	"throttling.ratequota": embedding.RateLimited,
	"throttling.burstrate": embedding.RateLimited,
	// Here these two are a temporary limit of tokens per minute, unlike OpenAI's, unless freeQuota
	// matches.
	"insufficient_quota":         embedding.RateLimited,
	"throttling.allocationquota": embedding.RateLimited,

	"arrearage":                    embedding.Exhausted,
	"allocationquota.freetieronly": embedding.Exhausted,
	"commoditynotpurchased":        embedding.Exhausted,
	"prepaidbilloverdue":           embedding.Exhausted,
	"postpaidbilloverdue":          embedding.Exhausted,
	"budgetlimitexceeded":          embedding.Exhausted,

	"internalerror":         embedding.Unavailable,
	"internal_error":        embedding.Unavailable,
	"internal_server_error": embedding.Unavailable,
	"internalerror.algo":    embedding.Unavailable,
	"internalerror.timeout": embedding.Unavailable,
	"requesttimeout":        embedding.Unavailable,
	"modelservingerror":     embedding.Unavailable,
	"modelunavailable":      embedding.Unavailable,
}

var (
	// A message may begin with the code and status of an inner service. HTTP 400 with <500> is
	// transient.
	innerFault = regexp.MustCompile(`^(?:[\w.]+: )?<5\d\d>`)
	batchSize  = regexp.MustCompile(`batch size is invalid, it should not be larger than (\d+)`)
	freeQuota  = regexp.MustCompile(`(?i)free (?:allocated )?(?:quota|tier)`)
)

// classify matches substrings of messages before codes: one code has several meanings, and the
// service has changed the ends of messages and the order of members.
func (c classifier) classify(f wire.Failure) wire.Verdict {
	kind := kinds[strings.ToLower(f.Code)]
	if kind == embedding.Unknown {
		kind = kinds[strings.ToLower(f.Type)]
	}
	if kind == embedding.Unknown {
		kind = f.Kind()
	}
	switch {
	case innerFault.MatchString(f.Message):
		return wire.Verdict{Kind: embedding.Unavailable}
	case strings.Contains(f.Message, "batch size is invalid"):
		v := wire.Verdict{Kind: embedding.TooLarge}
		v.Allowed.Texts = wire.Number(batchSize.FindStringSubmatch(f.Message))
		return v
	case strings.Contains(f.Message, "Range of input length should be"):
		return wire.Verdict{Kind: embedding.Rejected, Advice: "a text is empty or has more tokens than the model takes: shorten or split it"}
	case strings.Contains(f.Message, "DataInspectionFailed"):
		kind = embedding.Rejected
	case kind == embedding.RateLimited && freeQuota.MatchString(f.Message):
		kind = embedding.Exhausted
	}
	return wire.Verdict{Kind: kind, Advice: c.advice(kind, f)}
}

func (c classifier) advice(kind embedding.Kind, f wire.Failure) string {
	switch {
	case kind == embedding.Auth && (f.Status == 403 || strings.EqualFold(f.Code, "not authorized")):
		return "the key in " + c.key + " has no access to this model or workspace (" + c.place + ")"
	case kind == embedding.Auth:
		return "the key in " + c.key + " is wrong, or it belongs to another region: a key works in one region only, and this is " +
			c.place + " (Options.Region, region= in a reference, asks another)"
	case f.Status == 404:
		return "the model is not served there (" + c.place + "), or the base URL is wrong: the service's end in " + c.path
	}
	return ""
}
