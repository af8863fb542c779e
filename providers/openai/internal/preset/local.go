package preset

import (
	"fmt"

	"github.com/vecspace/embedding"
)

// Servers that users run themselves have no rates. Requests above the emulator's rates get the 429
// of a proxy.
var (
	proxyRequests = openAI(429, embedding.RateLimited, "requests", "Rate limit reached for requests")
	proxyTokens   = openAI(429, embedding.RateLimited, "tokens", "Rate limit reached for tokens")
)

// vLLM refuses requests for shorter vectors, because its model (as DefaultModel) was not trained
// for them.
func vLLM() Row {
	of := func(status int, typ, param, message string) string {
		return fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":%s,"code":%d}}`, message, typ, param, status)
	}
	const list = `{"id":"embd-{id}","object":"list","created":{now},"model":{model},"data":[{items}],` +
		`"usage":{"prompt_tokens":{tokens},"total_tokens":{tokens},"completion_tokens":0,"prompt_tokens_details":null}}`
	return Row{Dimensions: Refused, Formats: Taken, IDs: true, TextTokens: 8_192, List: list, Item: `{"index":{index},"object":"embedding","embedding":{vector}}`, Answers: map[string]Answer{
		"auth":           seen(401, embedding.Auth, `{"error":"Unauthorized"}`),
		"no-path":        guess(404, embedding.Invalid, `{"detail":"Not Found"}`),
		"no-model":       seen(404, embedding.Invalid, of(404, "NotFoundError", `"model"`, "The model `{model}` does not exist.")),
		"bad-field":      guess(400, embedding.Invalid, of(400, "Bad Request", `"{field}"`, "Input should be valid")),
		"bad-dimensions": seen(400, embedding.Invalid, of(400, "BadRequestError", "null", `Model "{model}" does not support matryoshka representation, changing output dimensions will lead to poor results.`)),
		"text-too-long": seen(400, embedding.Rejected, of(400, "BadRequestError", "null", "This model's maximum context length is {allowed} tokens. However, you requested {got} tokens "+
			"in the input for embedding generation. Please reduce the length of the input.")),
		"text-too-long-2025": seen(400, embedding.Rejected, `{"object":"error","message":"This model's maximum context length is {allowed} tokens. However, you requested {got} tokens `+
			`in the input for embedding generation. Please reduce the length of the input.","type":"BadRequestError","param":null,"code":400}`),
		RequestRate:   proxyRequests,
		TokenRate:     proxyTokens,
		InternalError: guess(500, embedding.Unavailable, of(500, "InternalServerError", "null", "EngineCore encountered an issue.")),
	}}
}

// llamaCpp copies a real server, with which integration/models compares it: status 500 for a text
// that is too long, integer codes, the index after the vector. It accepts any model's name and the
// empty text.
func llamaCpp() Row {
	of := func(status int, typ, message string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"type":%q}}`, status, message, typ)
	}
	return Row{
		Formats: Taken, AnyName: true, Echoes: true, EmptyTexts: true, IDs: true, TextTokens: 512,
		List:   `{"model":{model},"object":"list","usage":{"prompt_tokens":{tokens},"total_tokens":{tokens}},"data":[{items}]}`,
		Item:   `{"embedding":{vector},"index":{index},"object":"embedding"}`,
		Item64: `{"embedding":{vector},"index":{index},"object":"embedding","encoding_format":"base64"}`,
		Answers: map[string]Answer{
			"auth":          seen(401, embedding.Auth, `{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}`),
			"no-path":       seen(404, embedding.Invalid, `{"error":{"message":"File Not Found","type":"not_found_error","code":404}}`),
			"no-input":      seen(400, embedding.Invalid, of(400, "invalid_request_error", `"input" or "content" must be provided`)),
			"bad-field":     seen(400, embedding.Invalid, of(400, "invalid_request_error", `"input" must not be empty`)),
			"bad-json":      seen(400, embedding.Invalid, of(400, "invalid_request_error", "[json.exception.parse_error.101] parse error at line 1, column 10: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal")),
			"bad-format":    seen(400, embedding.Invalid, of(400, "invalid_request_error", "The format to return the embeddings in. Can be either float or base64")),
			"text-too-long": seen(500, embedding.Rejected, of(500, "server_error", "input ({got} tokens) is too large to process. increase the physical batch size (current batch size: {allowed})")),
			"starting":      seen(503, embedding.Unavailable, of(503, "unavailable_error", "Loading model")),
			RequestRate:     proxyRequests,
			TokenRate:       proxyTokens,
			InternalError:   guess(500, embedding.Unavailable, of(500, "server_error", "internal server error")),
		},
	}
}

// lmStudio answers any model's name with the loaded model and reports 0 tokens.
func lmStudio() Row {
	const list = `{"object":"list","data":[{items}],"model":{model},"usage":{"prompt_tokens":0,"total_tokens":0}}`
	return Row{AnyName: true, Cuts: true, TextTokens: 2_048, List: list, Answers: map[string]Answer{
		"auth": seen(401, embedding.Auth, `{"error":{"type":"invalid_request","code":"invalid_api_key","message":"An LM Studio API token is required to make requests to this server, `+
			`but none was provided using the Authorization header using the 'Bearer' scheme (i.e., 'Authorization: Bearer $LM_API_TOKEN'). Learn more at: https://lmstudio.ai/docs/developer/core/authentication."}}`),
		"no-path":      guess(200, embedding.Malformed, `{"error":"Unexpected endpoint or method."}`), // "Returning 200 anyway", says its log
		"bad-field":    guess(400, embedding.Invalid, `{"error":"'{field}' field must be a string or an array of strings"}`),
		"not-loaded":   seen(400, embedding.Invalid, `{"error":"No models loaded. Please load a model in the developer page or use the 'lms load' command."}`),
		"no-embedding": seen(404, embedding.Invalid, `{"error":{"message":"Failed to load model \"{model}\". Error: Model is not embedding.","type":"invalid_request_error","param":"model","code":"model_not_found"}}`),

		RequestRate:   proxyRequests,
		TokenRate:     proxyTokens,
		InternalError: guess(500, embedding.Unavailable, `{"error":"Received embed-string-error"}`),
	}}
}

// localAI reports 0 tokens. Its answer to a text that is too long comes from the model's backend,
// here llama.cpp.
func localAI() Row {
	of := func(status int, message string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"type":""}}`, status, message)
	}
	const list = `{"created":{now},"object":"list","id":"{id}","model":{model},"data":[{items}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`
	return Row{Formats: Taken, Echoes: true, IDs: true, TextTokens: 512, List: list, Item: `{"embedding":{vector},"index":{index},"object":"embedding"}`, Answers: map[string]Answer{
		"auth":          seen(401, embedding.Auth, `{"error":{"code":401,"message":"An authentication key is required","type":"invalid_request_error"}}`),
		"no-path":       guess(404, embedding.Invalid, of(404, "Resource not found")),
		"no-model":      guess(500, embedding.Unavailable, of(500, "could not load model: {model}")),
		"not-loaded":    seen(500, embedding.Unavailable, of(500, "failed to load model with internal loader: backend not found: /tmp/localai/backend_data/backend-assets/grpc/string")),
		"bad-field":     guess(400, embedding.Invalid, of(400, "Bad Request")),
		"text-too-long": guess(500, embedding.Rejected, of(500, "rpc error: code = Internal desc = input ({got} tokens) is too large to process. increase the physical batch size (current batch size: {allowed})")),
		RequestRate:     proxyRequests,
		TokenRate:       proxyTokens,
		InternalError:   guess(500, embedding.Unavailable, of(500, "rpc error: code = Unavailable desc = error reading from server: EOF")),
	}}
}
