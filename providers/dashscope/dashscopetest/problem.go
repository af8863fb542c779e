package dashscopetest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// problem is an error the service answers with, in both of its spellings.
type problem struct {
	status  int
	code    string // in the envelope of the compatible path
	kind    string // its "type"; "": the code
	message string // {doc} stands for the region's page of error codes
	algo    bool   // of the model layer, not the gateway: the envelope repeats the request id as "id"

	native        string // code in a flat body; "": the code
	nativeMessage string // "": the message

	means embedding.Kind // what a client should make of it
}

// with returns the problem with its messages' verbs filled in.
func (p problem) with(args ...any) problem {
	p.message = fmt.Sprintf(p.message, args...)
	return p
}

// body is the answer's body: an envelope, or flat, as the native API and the layers in front of both answer.
func (p problem) body(doc, id string, flat bool) []byte {
	if flat {
		return emulator.JSON(struct {
			Code      string `json:"code"`
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
		}{cmp.Or(p.native, p.code), fill(cmp.Or(p.nativeMessage, p.message), doc), id})
	}
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	out := struct {
		Error     inner  `json:"error"`
		ID        string `json:"id,omitempty"`
		RequestID string `json:"request_id"`
	}{Error: inner{fill(p.message, doc), cmp.Or(p.kind, p.code), nil, p.code}, RequestID: id}
	if p.algo {
		out.ID = id
	}
	return emulator.JSON(out)
}

func fill(message, doc string) string { return strings.ReplaceAll(message, "{doc}", doc) }

// errorDoc is the page that messages point to. China's hosts name the Chinese page, the others the English one.
func errorDoc(region string) string {
	if region == "cn" || region == "finance" {
		return "https://help.aliyun.com/zh/model-studio/error-code"
	}
	return "https://www.alibabacloud.com/help/en/model-studio/error-code"
}

// What requests are refused for. The messages are the service's own, misspellings included; where no capture exists
// the comment says so.
var (
	badKey = problem{status: 401, code: "invalid_api_key", kind: "invalid_request_error",
		message: "Incorrect API key provided. For details, see: {doc}#apikey-error",
		native:  "InvalidApiKey", nativeMessage: "Invalid API-key provided.", means: embedding.Auth}
	noKey = problem{status: 401, code: badKey.code, kind: badKey.kind, message: badKey.message,
		native: "InvalidApiKey", nativeMessage: "No API-key provided.", means: embedding.Auth}

	// The text is official, the code that goes with it in an envelope is not captured.
	badMethod = problem{status: 400, code: "invalid_parameter_error", kind: "invalid_request_error",
		message: "Request method '%s' is not supported.", native: "InvalidParameter", means: embedding.Invalid}
	badJSON = problem{status: 400, code: "invalid_parameter_error", kind: "invalid_request_error",
		message: "Required body invalid, please check the request body format.",
		native:  "InvalidParameter", means: embedding.Invalid}
	noModel = problem{status: 400, code: "invalid_request_error",
		message: "you must provide a model parameter.",
		native:  "BadRequest.EmptyModel", nativeMessage: `Required parameter "model" missing from request.`, means: embedding.Invalid}
	unknownModel = problem{status: 404, code: "model_not_found", kind: "invalid_request_error",
		message: "The model `%s` does not exist or you do not have access to it.", means: embedding.Invalid}
	nativeUnknownModel = problem{status: 400, code: "InvalidParameter", message: "Model not exist.", means: embedding.Invalid}
	notCompatible      = problem{status: 404, code: "model_not_supported", kind: "invalid_request_error",
		message: "Unsupported model `%s` for OpenAI compatibility mode.", means: embedding.Invalid}
	wrongURL = problem{status: 400, code: "InvalidParameter",
		message: "url error, please check url！ For details, see: {doc}#error-url", means: embedding.Invalid}
	emptyInput = problem{status: 400, code: "BadRequest.EmptyInput",
		message: "Required input parameter missing from request.", means: embedding.Invalid}
	emptyParameters = problem{status: 400, code: "BadRequest.EmptyParameters",
		message: `Required parameter "parameters" missing from request.`, means: embedding.Invalid}
	illegalInput = problem{status: 400, code: "BadRequest.IllegalInput",
		message: "The input parameter requires json format.", means: embedding.Invalid}
	tooLarge = problem{status: 400, code: "BadRequest.TooLarge", message: "Payload Too Large.", means: embedding.TooLarge}

	badContents = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Invalid,
		message: "<400> InternalError.Algo.InvalidParameter: Value error, contents is neither str nor list of str.: input.contents"}
	badContentsOld = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Invalid,
		message: "contents is neither str nor list of str.: payload.input.contents"}
	batchSize = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.TooLarge,
		message: "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than %d.: input.contents"}
	batchSizeOld = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.TooLarge,
		message: "batch size is invalid, it should not be larger than %d.: payload.input.contents"}
	badDimensions = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Invalid,
		// It says v3, and lists 3072, whatever the model.
		message: "<400> InternalError.Algo.InvalidParameter: Value error, dimension for embedding v3 is invalid, its value shold be in [64, 128, 256, 512, 768, 1024, 1536, 2048, 3072]"}
	badRange = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Rejected,
		message: "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, %d]"}
	// Not captured: the documentation only says that base64 is not supported, and of text_type and output_type what they may be.
	badEncoding = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Invalid,
		message: "<400> InternalError.Algo.InvalidParameter: Value error, encoding_format is invalid, only float is supported.: encoding_format"}
	badParameter = problem{status: 400, code: "InvalidParameter", algo: true, means: embedding.Invalid,
		message: "<400> InternalError.Algo.InvalidParameter: Value error, %[1]s is invalid.: parameters.%[1]s"}
	inspection = problem{status: 400, code: "data_inspection_failed", algo: true,
		message: "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.",
		native:  "DataInspectionFailed", means: embedding.Rejected}

	requestRate = problem{status: 429, code: "limit_requests",
		message: "You have exceeded your current request limit. For details, see: {doc}#rate-limit",
		native:  "Throttling.RateQuota", nativeMessage: "Requests rate limit exceeded, please try again later.",
		means: embedding.RateLimited}
	burstRate = problem{status: 429, code: "limit_burst_rate",
		message: "Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.",
		native:  "Throttling.BurstRate", means: embedding.RateLimited}
	tokenRate = problem{status: 429, code: "insufficient_quota",
		message: "Allocated quota exceeded, please increase your quota limit.",
		native:  "Throttling.AllocationQuota", means: embedding.RateLimited}
	internalError = problem{status: 500, code: "internal_error",
		message: "An internal error has occured, please try again later or contact service support.", //nolint:misspell // the service's own words
		native:  "InternalError", means: embedding.Unavailable}
)
