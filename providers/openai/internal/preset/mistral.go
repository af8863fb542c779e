package preset

import (
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// mistral refuses unknown fields: output_dimension is the length of vectors, and dimensions gets a
// 422.
//
// Sources: fields and models https://docs.mistral.ai/api/endpoint/embeddings and
// mistralai/client-python (embeddingrequest.py, 3.7.0); unknown field
// https://github.com/partITech/php-mistral/issues/76; the others are in openai's
// testdata/errors.jsonl. Kong answers without an "object".
func mistral() Row {
	of := func(status int, code, typ, message string) string {
		return fmt.Sprintf(`{"object":"error","message":%q,"type":%q,"param":null,"code":%q,"raw_status_code":%d}`, message, typ, code, status)
	}
	prompt := func(message string) string { return of(400, "3210", "invalid_request_prompt", message) }
	field := func(kind, message string) Answer {
		detail := `[{"type":"` + kind + `","loc":["body","{field}"],"msg":"` + message + `"}]`
		return guess(422, embedding.Invalid, `{"object":"Error","detail":`+detail+`,"message":`+detail+`,"type":"invalid_request_error","code":3001}`)
	}
	const list = `{"object":"list","data":[{items}],"model":{model},"usage":{"prompt_tokens":{tokens},"total_tokens":{tokens},"completion_tokens":0,"prompt_audio_seconds":null},"id":"{hex}"}`
	return Row{Dimensions: Taken, Formats: Taken, Header: "Mistral-Correlation-Id", List: list, Read: readMistral, Answers: map[string]Answer{
		"auth":            seen(401, embedding.Auth, `{"detail":"Unauthorized"}`),
		"no-path":         guess(404, embedding.Invalid, `{"message":"no Route matched with those values"}`),
		"no-method":       guess(405, embedding.Invalid, `{"detail":"Method Not Allowed"}`),
		"no-model":        guess(400, embedding.Invalid, of(400, "1500", "invalid_model", "Invalid model: {model}")),
		"bad-json":        field("json_invalid", "{why}"),
		"extra-field":     field("extra_forbidden", "Extra inputs are not permitted"),
		"bad-type":        field("enum", "Input should be 'float'"),
		"bad-format":      field("enum", "Input should be 'float' or 'base64'"),
		"bad-field":       guess(400, embedding.Invalid, prompt("Input cannot be empty.")),
		"bad-dimensions":  guess(400, embedding.Invalid, prompt("output_dimension is not supported for this model.")),
		"too-wide":        guess(400, embedding.Invalid, prompt("output_dimension must be between 1 and {allowed}.")),
		"too-many-texts":  guess(400, embedding.TooLarge, prompt("Too many inputs in request, split into more batches.")),
		"text-too-long":   guess(400, embedding.Rejected, prompt("Input is too long: maximum input length is {allowed} tokens, got {got}.")),
		"too-many-tokens": seen(400, embedding.TooLarge, prompt("Too many tokens overall, split into more batches.")),
		"overloaded":      guess(503, embedding.Unavailable, of(503, "3505", "service_unavailable", "Service unavailable.")),
		RequestRate:       seen(429, embedding.RateLimited, of(429, "1300", "rate_limited", "Rate limit exceeded")),
		TokenRate:         seen(429, embedding.RateLimited, of(429, "1300", "rate_limited", "Rate limit exceeded")),
		InternalError:     guess(500, embedding.Unavailable, of(500, "3000", "internal_server_error", "Service unavailable.")),
	}}
}

func readMistral(body []byte) (Request, string, []string) {
	type request struct {
		Model      string         `json:"model"`
		Input      dialect.Texts  `json:"input"`
		Metadata   map[string]any `json:"metadata"`
		Dimensions *int           `json:"output_dimension"`
		Type       string         `json:"output_dtype"`
		Format     string         `json:"encoding_format"`
	}
	var req request
	if err := dialect.Strict(body, &req); err != nil {
		if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
			return Request{}, "extra-field", []string{"{field}", strings.Trim(field, `"`)}
		}
		return Request{}, "bad-json", []string{"{field}", "input", "{why}", err.Error()}
	}
	return Request{Model: req.Model, Input: &dialect.Input{Texts: req.Input}, Format: req.Format, Dimensions: req.Dimensions, Type: req.Type}, "", nil
}
