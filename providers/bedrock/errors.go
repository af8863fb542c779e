package bedrock

import (
	"regexp"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. The code is in a header, the
// words are in {"message":"..."}.
type classifier struct{ from, region string }

// Bedrock's words. A body in testdata/errors.jsonl proves each pattern.
var (
	tooManyTexts = regexp.MustCompile(`#/texts: expected maximum item count: (\d+)`)
	tooManyToks  = regexp.MustCompile(`Too many input tokens. Max input tokens: (\d+)`)
	tooLong      = regexp.MustCompile(`expected maxLength: \d+|Input is too long`)
	badText      = regexp.MustCompile(`^Malformed input request: #/texts/(\d+): expected maxLength: \d+, actual: (\d+)`)
	daily        = regexp.MustCompile(`(?i)tokens per day|per day`)
	profileOnly  = regexp.MustCompile(`with on-demand throughput isn.t supported`)
	badModel     = regexp.MustCompile(`model identifier is invalid`)
	badLength    = regexp.MustCompile(`#/(?:dimensions|output_dimension)`)
	skewed       = regexp.MustCompile(`Signature (?:expired|not yet current)`)
	noAccess     = regexp.MustCompile(`access to the model`)
)

// kinds maps the service's codes. Sources:
// https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and the
// client that AWS generates,
// https://github.com/aws/aws-sdk-go-v2/blob/101599e18e27b4592c5e70f63efd498b9364b7c4/service/bedrockruntime/deserializers.go.
var kinds = map[string]embedding.Kind{
	"AccessDeniedException":         embedding.Auth,
	"UnrecognizedClientException":   embedding.Auth,
	"InvalidSignatureException":     embedding.Auth,
	"ExpiredTokenException":         embedding.Auth,
	"MissingAuthenticationToken":    embedding.Auth,
	"IncompleteSignature":           embedding.Auth, // at 400
	"InvalidClientTokenId":          embedding.Auth,
	"OptInRequired":                 embedding.Auth,
	"ThrottlingException":           embedding.RateLimited,
	"ModelNotReadyException":        embedding.Unavailable, // at 429
	"ServiceQuotaExceededException": embedding.Exhausted,   // at 400
	"ModelTimeoutException":         embedding.Unavailable, // at 408
	"ModelErrorException":           embedding.Unavailable, // at 424
	"InternalServerException":       embedding.Unavailable,
	"ServiceUnavailableException":   embedding.Unavailable,
	"ValidationException":           embedding.Invalid,
	"ResourceNotFoundException":     embedding.Invalid,
}

func (c classifier) classify(f wire.Failure) wire.Verdict {
	const shorter = "shorten or split the text"
	if m := tooManyTexts.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: wire.Number(m)}}
	}
	if m := tooManyToks.FindStringSubmatch(f.Message); m != nil {
		return wire.Verdict{Kind: embedding.Rejected, Allowed: embedding.Limits{TextTokens: wire.Number(m)}, Advice: shorter}
	}
	if tooLong.MatchString(f.Message) {
		v := wire.Verdict{Kind: embedding.Rejected, Advice: shorter}
		if named := wire.Indexes(badText.FindStringSubmatch(f.Message)); len(named) == 2 {
			v.Bad = named[:1]
			v.Proof = func(text string) bool { return utf8.RuneCountInString(text) == named[1] }
		}
		return v
	}
	v := wire.Verdict{Kind: kinds[f.Code]}
	if v.Kind == embedding.Unknown {
		v.Kind = f.Kind()
	}
	switch {
	case v.Kind == embedding.RateLimited && daily.MatchString(f.Message):
		v.Kind, v.Advice = embedding.Exhausted, "the account's tokens of the day are used up: raise the quota in AWS' Service Quotas, or ask another region"
	case v.Kind == embedding.RateLimited:
		v.Advice = "the account's requests or tokens a minute in region " + c.region + " are used up: send fewer requests at once (middleware.Limit), or raise the quota"
	case v.Kind == embedding.Exhausted:
		v.Advice = "a quota of the account is used up: raise it in AWS' Service Quotas"
	case profileOnly.MatchString(f.Message):
		v.Advice = "name an inference profile instead of the model, such as eu.cohere.embed-v4:0 or global.cohere.embed-v4:0"
	case badModel.MatchString(f.Message), f.Code == "ResourceNotFoundException":
		v.Kind, v.Advice = embedding.Invalid, "region "+c.region+" has no such model: Options.Region (region= in a reference) asks another"
	case badLength.MatchString(f.Message):
		v.Advice = "the model has no such dimensions: leave Options.Dimensions (dimensions= in a reference) out for its default"
	case v.Kind == embedding.Auth && skewed.MatchString(f.Message):
		v.Advice = "this machine's clock is wrong: set it"
	case v.Kind == embedding.Auth && noAccess.MatchString(f.Message):
		v.Advice = "enable the model for the account in region " + c.region + ", in Bedrock's console under model access"
	case v.Kind == embedding.Auth && f.Code == "ExpiredTokenException":
		v.Advice = "the temporary credentials from " + c.from + " are expired: renew them, or set Options.Credentials, which are asked for each request"
	case v.Kind == embedding.Auth && f.Code == "AccessDeniedException":
		v.Advice = "the identity behind " + c.from + " needs bedrock:InvokeModel for this model in region " + c.region
	case v.Kind == embedding.Auth:
		v.Advice = "the credentials from " + c.from + " are wrong, or not good in region " + c.region + " (temporary ones need AWS_SESSION_TOKEN too)"
	}
	return v
}
