package preset

import (
	"fmt"

	"github.com/vecspace/embedding"
)

// siliconFlow's statuses are at https://docs.siliconflow.cn/en/faqs/error-code.
func siliconFlow() Row {
	flat := func(code int, message string) string {
		return fmt.Sprintf(`{"code":%d,"message":%q,"data":null}`, code, message)
	}
	rate := func(of string) string {
		return `{"message":"Request was rejected due to rate limiting. Details: ` + of + ` limit reached.","data":null}`
	}
	return Row{Model: "BAAI/bge-m3", Dimensions: Taken, Formats: Taken, IDs: true, Answers: map[string]Answer{
		"auth":           seen(401, embedding.Auth, `"Invalid token"`),
		"no-path":        guess(404, embedding.Invalid, `"404 page not found"`),
		"no-model":       seen(400, embedding.Invalid, flat(20012, "Model does not exist. Please check it carefully.")),
		"bad-field":      seen(400, embedding.Invalid, flat(20015, "The parameter is invalid. Please check again.")),
		"too-many-texts": seen(413, embedding.TooLarge, flat(20042, "input batch size {got} > maximum allowed batch size {allowed}")),
		"text-too-long":  seen(413, embedding.Rejected, flat(20042, "input must have less than {allowed} tokens")),
		"exhausted":      seen(403, embedding.Exhausted, flat(30011, "The selected model requires paid balance. Your paid balance is insufficient. Please top up and try again.")),
		TokenRate:        seen(429, embedding.RateLimited, rate("TPM")),
		RequestRate:      guess(429, embedding.RateLimited, rate("RPM")),
		"overloaded":     seen(503, embedding.Unavailable, flat(50505, "Model service overloaded. Please try again later.")),
		InternalError:    guess(500, embedding.Unavailable, flat(50000, "Unknown error.")),
	}}
}

// zhipu's codes and words are at https://docs.bigmodel.cn/cn/api/api-code. Most statuses are
// unknown.
func zhipu() Row {
	of := func(code, message string) string {
		return `{"error":{"code":"` + code + `","message":"` + message + `"}}`
	}
	const busy = "您当前使用该 API 的并发数过高，请降低并发，或联系客服增加限额"
	const list = `{"model":{model},"object":"list","data":[{items}],"usage":{"prompt_tokens":{tokens},"completion_tokens":0,"total_tokens":{tokens}}}`
	return Row{Dimensions: Taken, List: list, Item: `{"index":{index},"object":"embedding","embedding":{vector}}`, Answers: map[string]Answer{
		"auth":            guess(401, embedding.Auth, of("1000", "身份验证失败")),
		"no-path":         guess(404, embedding.Invalid, of("1222", "API 不存在")),
		"no-model":        guess(400, embedding.Invalid, of("1211", "模型不存在，请检查模型代码")),
		"bad-field":       seen(400, embedding.Invalid, of("1210", "API 调用参数有误，请检查文档。")),
		"too-many-texts":  seen(400, embedding.TooLarge, of("1214", "input数组最大不得超过{allowed}条")),
		"text-too-long":   guess(400, embedding.Rejected, of("1261", "Prompt 超长")),
		"too-many-tokens": guess(400, embedding.Rejected, of("1261", "Prompt 超长")),
		"unsafe":          guess(400, embedding.Rejected, of("1301", "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合")),
		"exhausted":       guess(429, embedding.Exhausted, of("1113", "您的账户已欠费，请充值后重试")),
		RequestRate:       guess(429, embedding.RateLimited, of("1302", busy)),
		TokenRate:         guess(429, embedding.RateLimited, of("1302", busy)),
		InternalError:     guess(500, embedding.Unavailable, of("1234", "网络错误，错误id：{id}，请联系客服")),
	}}
}

// volcengine's table is at https://www.volcengine.com/docs/82379/1099476, its fields are at
// https://volcengine.com/docs/82379/1302003.
func volcengine() Row {
	of := func(code, typ, param, message string) string {
		return `{"error":{"code":"` + code + `","message":"` + message + ` Request id: {id}","param":"` + param + `","type":"` + typ + `"}}`
	}
	rate := func(name, long string) string {
		return of("RateLimitExceeded.Endpoint"+name+"Exceeded", "TooManyRequests", "", "The "+long+" ("+name+") limit of the associated endpoint for your account has been exceeded.")
	}
	const list = `{"created":{now},"data":[{items}],"id":"{id}","model":{model},"object":"list","usage":{"prompt_tokens":{tokens},"total_tokens":{tokens}}}`
	return Row{Dimensions: Refused, Formats: Taken, List: list, Item: `{"embedding":{vector},"index":{index},"object":"embedding"}`, Answers: map[string]Answer{
		"auth":          seen(401, embedding.Auth, of("AuthenticationError", "Unauthorized", "", "The API key format is incorrect.")),
		"no-path":       guess(404, embedding.Invalid, of("NotFound", "NotFound", "", "The specified path is not found.")),
		"no-model":      seen(404, embedding.Invalid, of("InvalidEndpointOrModel.NotFound", "NotFound", "", "The model or endpoint {model} does not exist or you do not have access to it.")),
		"bad-field":     guess(400, embedding.Invalid, of("InvalidParameter", "BadRequest", "{field}", "The parameter `{field}` specified in the request are not valid.")),
		"text-too-long": seen(400, embedding.Rejected, of("InvalidParameter", "BadRequest", "", "Input length of input_ids is `{got}` and exceed max_sequence_length: `{allowed}`!")),
		"exhausted":     seen(403, embedding.Exhausted, of("AccountOverdueError", "Forbidden", "", "The request failed because your account has an overdue balance.")),
		RequestRate:     seen(429, embedding.RateLimited, rate("RPM", "Requests Per Minute")),
		TokenRate:       guess(429, embedding.RateLimited, rate("TPM", "Tokens Per Minute")),
		InternalError:   guess(500, embedding.Unavailable, of("InternalServiceError", "InternalServerError", "", "The service encountered an unexpected internal error.")),
	}}
}

// together's statuses are at https://docs.together.ai/docs/error-codes.
func together() Row {
	const invalid = "invalid_request_error"
	return Row{List: `{"object":"list","data":[{items}],"model":{model}}`, Answers: map[string]Answer{
		"auth": seen(401, embedding.Auth, `{"id":"{id}","error":{"message":"Invalid API key provided. You can find your API key at https://api.together.ai/settings/api-keys.",`+
			`"type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`),
		"no-path": openAI(404, embedding.Invalid, invalid, "Not found"),
		"no-model": seen(404, embedding.Invalid, `{"id":"{id}","error":{"message":"Unable to access model {model}. Please visit https://api.together.ai/models to view the list of supported models.",`+
			`"type":"invalid_request_error","param":null,"code":"model_not_available"}}`),
		"not-served": seen(400, embedding.Invalid, `{"id":"{id}","error":{"message":"Unable to access non-serverless model {model}. Please visit https://api.together.ai/models/{model} to create `+
			`and start a new dedicated endpoint for the model.","type":"invalid_request_error","param":null,"code":"model_not_available"}}`),
		"bad-field": openAI(400, embedding.Invalid, invalid, "Input required"),
		"text-too-long": seen(400, embedding.Rejected, `{"error":{"message":"Input validation error: `+"`inputs`"+` must have less than {allowed} tokens. Given: {got}",`+
			`"type":"invalid_request_error","param":null,"code":null}}`),
		"exhausted":   openAI(402, embedding.Exhausted, "credit_limit", "The account has reached its maximum allowed monthly spending limit"),
		RequestRate:   openAI(429, embedding.RateLimited, "rate_limit", "Too many requests"),
		TokenRate:     openAI(429, embedding.RateLimited, "rate_limit", "Too many tokens"),
		"overloaded":  openAI(503, embedding.Unavailable, "overloaded", "Engine overloaded"),
		InternalError: openAI(500, embedding.Unavailable, "server_error", "Unknown server error"),
	}}
}

// openRouter's frame and statuses are at https://openrouter.ai/docs/errors. Its metadata contains
// the words of the vendor behind it, which is OpenAI here.
func openRouter() Row {
	own := func(status int, message string) string {
		return fmt.Sprintf(`{"error":{"message":%q,"code":%d}}`, message, status)
	}
	behind := func(message string) string {
		return `{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"` + message +
			`\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}","provider_name":"OpenAI"}},"user_id":"user_0"}`
	}
	const list = `{"object":"list","data":[{items}],"model":{model},"usage":{"prompt_tokens":{tokens},"total_tokens":{tokens},"cost":0}}`
	return Row{Model: "openai/text-embedding-3-small", Dimensions: Taken, Formats: Taken, List: list, Answers: map[string]Answer{
		"auth":            seen(401, embedding.Auth, own(401, "No auth credentials found")),
		"no-path":         guess(404, embedding.Invalid, own(404, "Not Found")),
		"no-model":        seen(400, embedding.Invalid, `{"error":{"message":"{model} is not a valid model ID","code":400},"user_id":"user_0"}`),
		"no-embedding":    seen(400, embedding.Invalid, own(400, "Model {model} does not exist")),
		"bad-field":       guess(400, embedding.Invalid, own(400, "Invalid value for {field}")),
		"too-many-texts":  seen(400, embedding.Invalid, behind("'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")),
		"text-too-long":   seen(400, embedding.Rejected, behind("Invalid 'input': maximum context length is {allowed} tokens.")),
		"too-many-tokens": seen(400, embedding.TooLarge, behind("Requested {got} tokens, max {allowed} tokens per request")),
		"exhausted": seen(402, embedding.Exhausted, own(402, "Insufficient credits. This account never purchased credits. Make sure your key is on the correct account or org, "+
			"and if so, purchase more at https://openrouter.ai/settings/credits")),
		RequestRate: seen(429, embedding.RateLimited, `{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{model} is temporarily rate-limited upstream.",`+
			`"provider_name":"OpenAI","limit_source":"upstream_provider_shared_pool","remedy_hint":"Retry shortly"}}}`),
		TokenRate: seen(429, embedding.RateLimited, `{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{model} is temporarily rate-limited upstream.",`+
			`"provider_name":"OpenAI","limit_source":"upstream_provider_shared_pool","remedy_hint":"Retry shortly"}}}`),
		"overloaded":  guess(503, embedding.Unavailable, own(503, "There is no available model provider that meets your routing requirements")),
		InternalError: guess(502, embedding.Unavailable, own(502, "Your chosen model is down or we received an invalid response from it")),
	}}
}

// deepInfra checks its requests as FastAPI does. We have seen its own words only for a wrong key.
func deepInfra() Row {
	const invalid = "invalid_request_error"
	return Row{Dimensions: Taken, Cuts: true, Answers: map[string]Answer{
		"auth":        seen(403, embedding.Auth, `{"error":{"message":"Not authenticated","type":"invalid_request_error","param":null,"code":null}}`),
		"auth-2025":   seen(403, embedding.Auth, `{"detail":{"error":"Not authenticated"}}`),
		"no-path":     guess(404, embedding.Invalid, `{"detail":"Not Found"}`),
		"no-model":    openAI(404, embedding.Invalid, invalid, "The model {model} does not exist"),
		"bad-field":   guess(422, embedding.Invalid, `{"detail":[{"type":"value_error","loc":["body","{field}"],"msg":"Value error"}]}`),
		RequestRate:   openAI(429, embedding.RateLimited, "rate_limit", "Rate limited"),
		TokenRate:     openAI(429, embedding.RateLimited, "rate_limit", "Rate limited"),
		"exhausted":   openAI(402, embedding.Exhausted, "billing", "Payment required"),
		InternalError: openAI(500, embedding.Unavailable, "server_error", "Internal server error"),
	}}
}
