package openai

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// classifier tells what a refusal means. There is one for all servers: their statuses and codes differ wildly (an input
// that is too long is 400, 413, 422 or 500), their words less so.
type classifier struct {
	keyFrom string // where the key came from that was sent; "": none was
}

// What servers say, each proved by a body in testdata/errors.jsonl that names its source. A group is the number that is
// allowed.
var (
	tooManyTexts = anyOf(
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
	noMoney = anyOf(
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
	// Ollama gives a failure of the process that runs the model as it is, with status 400.
	notRun = anyOf(
		`runner process`,
		`do embedding request`,
		`no slots available`,
		`unexpected server status`,
		`server not responding`,
		`health resp`,
		`error reading embed response`,
	)
	noNumbers = anyOf(`embedding contains nan`)
)

// patterns are matched in any case, the first that matches counts.
type patterns []*regexp.Regexp

func anyOf(exprs ...string) patterns {
	var p patterns
	for _, expr := range exprs {
		p = append(p, regexp.MustCompile("(?i)"+expr))
	}
	return p
}

// find reports whether one of p matches, and returns the number in its group, 0 if it has none.
func (p patterns) find(s string) (allowed int, ok bool) {
	for _, re := range p {
		if m := re.FindStringSubmatch(s); m != nil {
			if len(m) > 1 {
				allowed, _ = strconv.Atoi(m[1])
			}
			return allowed, true
		}
	}
	return 0, false
}

func (c classifier) classify(f openaicompat.Failure) openaicompat.Verdict {
	const batch = "put middleware.Batch around it, or set Options.Limits"
	if n, ok := tooManyTexts.find(f.Message); ok {
		return openaicompat.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Texts: n}, Advice: batch}
	}
	if n, ok := tooManyTokens.find(f.Message); ok {
		return openaicompat.Verdict{Kind: embedding.TooLarge, Allowed: embedding.Limits{Tokens: n}, Advice: batch}
	}
	if _, ok := textTooLong.find(f.Message); ok {
		return openaicompat.Verdict{Kind: embedding.Rejected, Advice: "shorten or split the text"}
	}
	v := openaicompat.Verdict{Kind: kindOf(f)}
	_, cut := noLength.find(f.Message)
	_, isNot := noModel.find(f.Message)
	switch {
	case isNot:
		v.Advice = "it is no embedding model: take another"
	case cut:
		v.Advice = "leave dimensions out, or say what the model has as Options.NativeDimensions (native_dimensions= in a reference)"
	case v.Kind == embedding.TooLarge:
		v.Advice = batch
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

// kindOf goes by codes and types before the status, which servers use as they like.
func kindOf(f openaicompat.Failure) embedding.Kind {
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
	case code == "invalid_api_key", typ == "authentication_error", typ == "no_db_connection": // the last is LiteLLM's, at 400
		return embedding.Auth
	case code == "rate_limit_exceeded":
		return embedding.RateLimited
	case stuck, typ == "backend": // the latter is text-embeddings-inference's, at 424
		return embedding.Unavailable
	}
	return embedding.KindOfStatus(f.Status)
}
