package openai

import (
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// classifier maps a refusal to its kind and to advice. There is one for all servers:
// their statuses and codes differ wildly (a text that is too long is 400, 413, 422 or 500), their
// words less so.
type classifier struct {
	keyFrom string // where the key came from; "" means none was sent
}

// Servers' words. A body in testdata/errors.jsonl, with its source, proves each pattern. A group is
// the allowed number.
var (
	tooManyTexts = anyOf(
		`the request has \d+ texts, and (\d+) are allowed`,
		`max number of inputs is (\d+)`,
		`array length must be (\d+) or less`,
		`maximum allowed batch size (\d+)`,
		`at most (\d+) requests can be in one batch`,
		`batch size is invalid, it should not be larger than (\d+)`,
		`too many inputs in request`,
		`input数组最大不得超过(\d+)条`,
	)
	tooManyTokens = anyOf(
		`max (\d+) tokens per request`,
		`max allowed tokens per submitted batch is (\d+)`,
		`too many tokens in batch. max is (\d+)`,
		`too many tokens overall`,
	)
	textTooLong = anyOf(
		`maximum context length`,
		`maximum input length`,
		`input length exceeds the context length`,
		`too large to process`,
		`exceeds the available context size`,
		`larger than the max context size`,
		`tokens exceed n_ctx`,
		`exceed max_sequence_length`,
		`input is too long`,
		`must have less than \d+ tokens`,
		`must have less than \d+ characters`,
		`range of input length should be`,
		`prompt 超长`,
	)
	tooLongAt5xx = anyOf(`too large to process`) // llama.cpp's, at 500
	noMoney      = anyOf(
		`insufficient balance`,
		`insufficient account balance`,
		`balance is insufficient`,
		`账户已欠费`,
		`your account is in arrears`,
		`account has an overdue balance`,
	)
	noLength = anyOf(
		`does not support matryoshka`,
		`dimensions is currently not supported`,
	)
	unsafe  = anyOf(`不安全或敏感内容`, `potentially unsafe or sensitive content`)
	noModel = anyOf(
		`model is not an embedding model`,
		`does not support embeddings`,
	)
	// Ollama passes on failures of the process that runs the model, with status 400.
	notRun = anyOf(
		`runner process`,
		`do embedding request`,
		`no slots available`,
		`unexpected server status`,
		`server not responding`,
		`health resp`,
		`error reading embed response`,
	)
	noNumbers = anyOf(`embedding contains nan`, `unsupported value: nan`)
)

// badInput matches the beginning of words that name the text which is to blame.
var badInput = regexp.MustCompile(`^Invalid 'input\[(\d+)\]'`)

// patterns ignore case; the first match counts.
type patterns []*regexp.Regexp

func anyOf(exprs ...string) patterns {
	var p patterns
	for _, expr := range exprs {
		p = append(p, regexp.MustCompile("(?i)"+expr))
	}
	return p
}

// find reports whether one of p matches, and returns the number in its group, or 0.
func (p patterns) find(s string) (allowed int, ok bool) {
	for _, re := range p {
		if m := re.FindStringSubmatch(s); m != nil {
			return wire.Number(m), true
		}
	}
	return 0, false
}

func (c classifier) classify(f wire.Failure) wire.Verdict {
	if n, ok := tooManyTexts.find(f.Message); ok {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: n}}
	}
	if n, ok := tooManyTokens.find(f.Message); ok {
		return wire.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Tokens: n}}
	}
	if _, ok := textTooLong.find(f.Message); ok {
		_, proved := tooLongAt5xx.find(f.Message)
		return wire.Verdict{
			Kind: embedding.Rejected, Proved: proved, Advice: "shorten or split the text",
			Bad: wire.Indexes(badInput.FindStringSubmatch(f.Message)),
		}
	}
	v := wire.Verdict{Kind: kindOf(f)}
	_, cut := noLength.find(f.Message)
	_, isNot := noModel.find(f.Message)
	switch {
	case isNot:
		v.Advice = "it is no embedding model: take another"
	case cut:
		v.Advice = "leave dimensions out, or say what the model has as Options.NativeDimensions (native_dimensions= in a reference)"
	case f.Code == "incorrect_hostname":
		v.Advice = "the project of the key in " + c.keyFrom + " is in another region: make the host that the answer names the base URL, with /v1"
	case v.Kind == embedding.Auth && c.keyFrom != "":
		v.Advice = "the key in " + c.keyFrom + " is wrong or has no access to this model"
	case v.Kind == embedding.Auth:
		v.Advice = "no key was sent: set Options.KeyEnv (key_env= in a reference) to the name of the variable that holds this server's key"
	case f.Status == 404:
		v.Advice = "the server has no such model, or the base URL is wrong (most end in /v1)"
	}
	return v
}

// kindOf prefers codes and types to the status, which servers use as they like.
func kindOf(f wire.Failure) embedding.Kind {
	code, typ := strings.ToLower(f.Code), strings.ToLower(f.Type)
	_, broke := noMoney.find(f.Message)
	_, sensitive := unsafe.find(f.Message)
	_, isNot := noModel.find(f.Message)
	_, stuck := notRun.find(f.Message)
	_, nan := noNumbers.find(f.Message)
	switch {
	case isNot:
		return embedding.Invalid
	case nan:
		return embedding.Malformed
	case code == "content_filter", code == "text_rejected", sensitive:
		return embedding.Rejected
	case code == "insufficient_quota", typ == "insufficient_quota", broke:
		return embedding.Exhausted
	case code == "invalid_api_key", typ == "authentication_error",
		typ == "no_db_connection": // LiteLLM's, at 400
		return embedding.Auth
	case code == "rate_limit_exceeded":
		return embedding.RateLimited
	case stuck, typ == "backend": // the latter is text-embeddings-inference's, at 424
		return embedding.Unavailable
	}
	return f.Kind()
}
