package bedrocktest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

const (
	validation   = "ValidationException"
	badSignature = "InvalidSignatureException"
)

// words are the service's own if bedrock's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth":              {Status: 403, Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid.", Kind: embedding.Auth},
	"expired":           {Status: 403, Code: "ExpiredTokenException", Message: "The security token included in the request is expired", Kind: embedding.Auth},
	"expired-signature": {Status: 403, Code: badSignature, Message: "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)", Kind: embedding.Auth},
	"no-access":         {Status: 403, Code: "AccessDeniedException", Message: "You don't have access to the model with the specified model ID.", Kind: embedding.Auth},
	"profile-only": {Status: 400, Code: validation, Kind: embedding.Invalid, Message: "Invocation of model ID cohere.embed-v4:0 with on-demand throughput isn’t supported. " +
		"Retry your request with the ID or ARN of an inference profile that contains this model."},
	"exhausted":            {Status: 429, Code: "ThrottlingException", Message: "Too many tokens per day, please wait before trying again.", Kind: embedding.Exhausted},
	"quota":                {Status: 400, Code: "ServiceQuotaExceededException", Message: "Your request exceeds the service quota for your account.", Kind: embedding.Exhausted},
	"not-ready":            {Status: 429, Code: "ModelNotReadyException", Message: "The model specified in the request is not ready to serve inference requests.", Kind: embedding.Unavailable},
	"timeout":              {Status: 408, Code: "ModelTimeoutException", Message: "The request took too long to process. Processing time exceeded the model timeout length.", Kind: embedding.Unavailable},
	"model-error":          {Status: 424, Code: "ModelErrorException", Message: "The request failed due to an error while processing the model.", Kind: embedding.Unavailable},
	"overloaded":           {Status: 503, Code: "ServiceUnavailableException", Message: "The service isn't currently available. Try again later.", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Code: "InternalServerException", Message: "An internal server error occurred. Retry your request.", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Code: "ThrottlingException", Kind: embedding.RateLimited,
		Message: "Too many requests, please wait before trying again. You have sent too many requests.  Wait before trying again."},
	emulator.TokenRate: {Status: 429, Code: "ThrottlingException", Message: "Too many tokens, please wait before trying again.", Kind: embedding.RateLimited},
}

var (
	wrongRegion = dialect.Refusal{Status: 403, Code: badSignature, Message: "Credential should be scoped to a valid region. "}
	skewed      = dialect.Refusal{Status: 403, Code: badSignature, Message: "Signature expired: {date} is now earlier than {oldest} ({now} - 5 min.)"}
	mismatch    = dialect.Refusal{Status: 403, Code: badSignature, Message: "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n" +
		"The Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{string}'\n"}
)
