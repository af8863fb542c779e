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

// Alike is a problem that both APIs spell alike.
func Alike(status int, code string, kind embedding.Kind, message string) Problem {
	return Problem{Refusal: dialect.Refusal{Status: status, Code: code, Kind: kind, Message: message}}
}

// algo is a problem of the model layer.
func algo(kind embedding.Kind, message string) Problem {
	p := Alike(400, "InvalidParameter", kind, message)
	p.Form = Algo
	return p
}

// typed is p with another Type than its Code.
func (p Problem) typed(name string) Problem {
	p.Type = name
	return p
}

// native is p with what the native API has for it.
func (p Problem) native(code, message string) Problem {
	p.Native, p.NativeMessage = code, message
	return p
}

// Say is the problem as the refusal of a request, with holes filled.
func (p Problem) Say(r *dialect.Request, holes ...string) *dialect.Refusal {
	return p.Spell(Native(r)).With(holes...)
}

// What requests are refused for. The messages are the service's own, misspellings included; where
// no capture exists the comment says so.
var (
	BadKey = Alike(401, "invalid_api_key", embedding.Auth, "Incorrect API key provided. For details, see: {doc}#apikey-error").
		typed("invalid_request_error").native("InvalidApiKey", "Invalid API-key provided.")
	NoKey = BadKey.native("InvalidApiKey", "No API-key provided.")

	// The text is official, the code that goes with it in an envelope is not captured.
	BadMethod = Alike(400, "invalid_parameter_error", embedding.Invalid, "Request method '{method}' is not supported.").
			typed("invalid_request_error").native("InvalidParameter", "")
	BadJSON = Alike(400, "invalid_parameter_error", embedding.Invalid, "Required body invalid, please check the request body format.").
		typed("invalid_request_error").native("InvalidParameter", "")
	NoModel = Alike(400, "invalid_request_error", embedding.Invalid, "you must provide a model parameter.").
		native("BadRequest.EmptyModel", `Required parameter "model" missing from request.`)
	UnknownModel = Alike(404, "model_not_found", embedding.Invalid, "The model `{model}` does not exist or you do not have access to it.").
			typed("invalid_request_error")
	NativeUnknownModel = Alike(400, "InvalidParameter", embedding.Invalid, "Model not exist.")
	NotCompatible      = Alike(404, "model_not_supported", embedding.Invalid, "Unsupported model `{model}` for OpenAI compatibility mode.").
				typed("invalid_request_error")
	WrongURL        = Alike(400, "InvalidParameter", embedding.Invalid, "url error, please check url！ For details, see: {doc}#error-url")
	EmptyInput      = Alike(400, "BadRequest.EmptyInput", embedding.Invalid, "Required input parameter missing from request.")
	EmptyParameters = Alike(400, "BadRequest.EmptyParameters", embedding.Invalid, `Required parameter "parameters" missing from request.`)
	IllegalInput    = Alike(400, "BadRequest.IllegalInput", embedding.Invalid, "The input parameter requires json format.")
	TooLarge        = Alike(400, "BadRequest.TooLarge", embedding.TooLarge, "Payload Too Large.")

	// Invalid is not the service's: it says what the service has no words for.
	Invalid   = Alike(400, "InvalidParameter", embedding.Invalid, "{why}")
	Arrearage = Alike(400, "Arrearage", embedding.Exhausted, "Access denied, please make sure your account is in good standing. For details, see: {doc}#overdue-payment")

	BadContents    = algo(embedding.Invalid, "<400> InternalError.Algo.InvalidParameter: Value error, contents is neither str nor list of str.: input.contents")
	BadContentsOld = algo(embedding.Invalid, "contents is neither str nor list of str.: payload.input.contents")
	BatchSize      = algo(embedding.TooLarge, "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than {allowed}.: input.contents")
	BatchSizeOld   = algo(embedding.TooLarge, "batch size is invalid, it should not be larger than {allowed}.: payload.input.contents")
	// It says v3, and lists 3072, whatever the model.
	BadDimensions = algo(embedding.Invalid, "<400> InternalError.Algo.InvalidParameter: Value error, dimension for embedding v3 is invalid, its value shold be in [64, 128, 256, 512, 768, 1024, 1536, 2048, 3072]")
	BadRange      = algo(embedding.Rejected, "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, {allowed}]")
	// Not captured: the documentation only says that base64 is not supported, and of text_type and
	// output_type what they may be.
	BadEncoding  = algo(embedding.Invalid, "<400> InternalError.Algo.InvalidParameter: Value error, encoding_format is invalid, only float is supported.: encoding_format")
	BadParameter = algo(embedding.Invalid, "<400> InternalError.Algo.InvalidParameter: Value error, {field} is invalid.: parameters.{field}")
	Inspection   = Problem{Native: "DataInspectionFailed", Refusal: dialect.Refusal{Status: 400, Code: "data_inspection_failed", Form: Algo, Kind: embedding.Rejected,
		Message: "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."}}

	RequestRate = Alike(429, "limit_requests", embedding.RateLimited, "You have exceeded your current request limit. For details, see: {doc}#rate-limit").
			native("Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
	BurstRate = Alike(429, "limit_burst_rate", embedding.RateLimited, "Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.").
			native("Throttling.BurstRate", "")
	TokenRate = Alike(429, "insufficient_quota", embedding.RateLimited, "Allocated quota exceeded, please increase your quota limit.").
			native("Throttling.AllocationQuota", "")
	InternalError = Alike(500, "internal_error", embedding.Unavailable, "An internal error has occured, please try again later or contact service support."). //nolint:misspell // the service's own words
			native("InternalError", "")
)
