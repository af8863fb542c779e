// Package problem holds the errors of DashScope's APIs, which its dialect and its emulator share.
package problem

import (
	"cmp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// Problem is an error in both of its spellings. In messages {doc} stands for the region's page of
// error codes.
type Problem struct {
	dialect.Refusal        // in the envelope of the compatible path; a Type of "" is the Code
	Native          string // the code in a flat body; "" is the same
	NativeMessage   string // "" is the same
}

// The forms beside the envelope.
const (
	Flat = "flat" // as the native API and the layers in front of both answer
	Algo = "algo" // of the model layer, not the gateway: the envelope repeats the request's id
)

// Native reports whether a request came on the native path, or would have liked to.
func Native(r *dialect.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/v1/services/") }

// Spell returns the problem as it is spelled in a flat body, or in an envelope.
func (p Problem) Spell(flat bool) dialect.Refusal {
	if flat {
		p.Form, p.Code, p.Message = Flat, cmp.Or(p.Native, p.Code), cmp.Or(p.NativeMessage, p.Message)
	}
	return p.Refusal
}

// Say is the problem as the refusal of a request, with holes filled.
func (p Problem) Say(r *dialect.Request, holes ...string) *dialect.Refusal {
	return p.Spell(Native(r)).With(holes...)
}

// What requests are refused for. The messages are the service's own, misspellings included; where
// no capture exists the comment says so.
var (
	BadKey = Problem{Refusal: dialect.Refusal{Status: 401, Code: "invalid_api_key", Type: "invalid_request_error",
		Message: "Incorrect API key provided. For details, see: {doc}#apikey-error",
		Kind:    embedding.Auth}, Native: "InvalidApiKey", NativeMessage: "Invalid API-key provided."}
	NoKey = Problem{Refusal: dialect.Refusal{Status: 401, Code: BadKey.Code, Type: BadKey.Type, Message: BadKey.Message,
		Kind: embedding.Auth}, Native: "InvalidApiKey", NativeMessage: "No API-key provided."}

	// The text is official, the code that goes with it in an envelope is not captured.
	BadMethod = Problem{Refusal: dialect.Refusal{Status: 400, Code: "invalid_parameter_error", Type: "invalid_request_error",
		Message: "Request method '{method}' is not supported.", Kind: embedding.Invalid}, Native: "InvalidParameter"}
	BadJSON = Problem{Refusal: dialect.Refusal{Status: 400, Code: "invalid_parameter_error", Type: "invalid_request_error",
		Message: "Required body invalid, please check the request body format.",
		Kind:    embedding.Invalid}, Native: "InvalidParameter"}
	NoModel = Problem{Refusal: dialect.Refusal{Status: 400, Code: "invalid_request_error",
		Message: "you must provide a model parameter.",
		Kind:    embedding.Invalid}, Native: "BadRequest.EmptyModel", NativeMessage: `Required parameter "model" missing from request.`}
	UnknownModel = Problem{Refusal: dialect.Refusal{Status: 404, Code: "model_not_found", Type: "invalid_request_error",
		Message: "The model `{model}` does not exist or you do not have access to it.", Kind: embedding.Invalid}}
	NativeUnknownModel = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Message: "Model not exist.", Kind: embedding.Invalid}}
	NotCompatible      = Problem{Refusal: dialect.Refusal{Status: 404, Code: "model_not_supported", Type: "invalid_request_error",
		Message: "Unsupported model `{model}` for OpenAI compatibility mode.", Kind: embedding.Invalid}}
	WrongURL = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter",
		Message: "url error, please check url！ For details, see: {doc}#error-url", Kind: embedding.Invalid}}
	EmptyInput = Problem{Refusal: dialect.Refusal{Status: 400, Code: "BadRequest.EmptyInput",
		Message: "Required input parameter missing from request.", Kind: embedding.Invalid}}
	EmptyParameters = Problem{Refusal: dialect.Refusal{Status: 400, Code: "BadRequest.EmptyParameters",
		Message: `Required parameter "parameters" missing from request.`, Kind: embedding.Invalid}}
	IllegalInput = Problem{Refusal: dialect.Refusal{Status: 400, Code: "BadRequest.IllegalInput",
		Message: "The input parameter requires json format.", Kind: embedding.Invalid}}
	TooLarge = Problem{Refusal: dialect.Refusal{Status: 400, Code: "BadRequest.TooLarge", Message: "Payload Too Large.", Kind: embedding.TooLarge}}

	// Invalid is not the service's: it says what the service has no words for.
	Invalid   = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Kind: embedding.Invalid, Message: "{why}"}}
	Arrearage = Problem{Refusal: dialect.Refusal{Status: 400, Code: "Arrearage", Kind: embedding.Exhausted,
		Message: "Access denied, please make sure your account is in good standing. For details, see: {doc}#overdue-payment"}}

	BadContents = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Invalid,
		Message: "<400> InternalError.Algo.InvalidParameter: Value error, contents is neither str nor list of str.: input.contents"}}
	BadContentsOld = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Invalid,
		Message: "contents is neither str nor list of str.: payload.input.contents"}}
	BatchSize = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.TooLarge,
		Message: "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than {allowed}.: input.contents"}}
	BatchSizeOld = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.TooLarge,
		Message: "batch size is invalid, it should not be larger than {allowed}.: payload.input.contents"}}
	BadDimensions = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Invalid,
		// It says v3, and lists 3072, whatever the model.
		Message: "<400> InternalError.Algo.InvalidParameter: Value error, dimension for embedding v3 is invalid, its value shold be in [64, 128, 256, 512, 768, 1024, 1536, 2048, 3072]"}}
	BadRange = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Rejected,
		Message: "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, {allowed}]"}}
	// Not captured: the documentation only says that base64 is not supported, and of text_type and
	// output_type what they may be.
	BadEncoding = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Invalid,
		Message: "<400> InternalError.Algo.InvalidParameter: Value error, encoding_format is invalid, only float is supported.: encoding_format"}}
	BadParameter = Problem{Refusal: dialect.Refusal{Status: 400, Code: "InvalidParameter", Form: Algo, Kind: embedding.Invalid,
		Message: "<400> InternalError.Algo.InvalidParameter: Value error, {field} is invalid.: parameters.{field}"}}
	Inspection = Problem{Refusal: dialect.Refusal{Status: 400, Code: "data_inspection_failed", Form: Algo,
		Message: "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.",
		Kind:    embedding.Rejected}, Native: "DataInspectionFailed"}

	RequestRate = Problem{Refusal: dialect.Refusal{Status: 429, Code: "limit_requests",
		Message: "You have exceeded your current request limit. For details, see: {doc}#rate-limit",
		Kind:    embedding.RateLimited}, Native: "Throttling.RateQuota", NativeMessage: "Requests rate limit exceeded, please try again later."}
	BurstRate = Problem{Refusal: dialect.Refusal{Status: 429, Code: "limit_burst_rate",
		Message: "Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.",
		Kind:    embedding.RateLimited}, Native: "Throttling.BurstRate"}
	TokenRate = Problem{Refusal: dialect.Refusal{Status: 429, Code: "insufficient_quota",
		Message: "Allocated quota exceeded, please increase your quota limit.",
		Kind:    embedding.RateLimited}, Native: "Throttling.AllocationQuota"}
	InternalError = Problem{Refusal: dialect.Refusal{Status: 500, Code: "internal_error",
		Message: "An internal error has occured, please try again later or contact service support.", //nolint:misspell // the service's own words
		Kind:    embedding.Unavailable}, Native:                                                      "InternalError"}
)
