package clients

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/openai/presettest"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

//go:embed *.py *.mjs
var scripts embed.FS

const key = "sk-of-the-emulator"

// want is what a case has to end in: a value, or an exception of a class.
type want struct {
	value    string // JSON
	raised   string // the end of the class's full name
	status   int
	code     string
	says     string
	attempts int     // 0: one
	seconds  float64 // that it lasts at least
	after    string  // the Retry-After that the exception has; "": it has none
}

// result is what a script notes of a case.
type result struct {
	Value      any
	Raised     []string
	Said       string
	StatusCode int `json:"status_code"`
	HTTPStatus int `json:"http_status"`
	Code       any
	RequestID  string `json:"request_id"`
	RetryAfter string `json:"retry_after"`
	Seconds    float64
	Attempts   int
	Tokens     int
}

// run runs a script against an emulator and compares the result of each case with what is wanted.
func run(t *testing.T, emulator http.Handler, python func(testing.TB, ...string) *exec.Cmd, script string, all map[string]want) {
	server := httptest.NewServer(emulator)
	defer server.Close()
	compare(t, report(t, python, script, server.URL, key), all)
}

// report runs a script and returns what it noted.
func report(t *testing.T, language func(testing.TB, ...string) *exec.Cmd, script string, args ...string) (got map[string]result) {
	t.Helper()
	dir := t.TempDir() // Python writes compiled files beside the source
	expect.NoError(t, os.CopyFS(dir, scripts))
	cmd := language(t, append([]string{filepath.Join(dir, script)}, args...)...)
	cmd.Env = append(cmd.Env, "NO_PROXY=127.0.0.1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("got the output below, want JSON: %v\n%s", err, out)
	}
	return got
}

// compare holds each case to what is wanted of it.
func compare(t *testing.T, got map[string]result, all map[string]want) {
	t.Helper()
	for name, w := range all {
		r, ok := got[name]
		if !ok {
			t.Errorf("%s: the script has no such case", name)
			continue
		}
		delete(got, name)
		if err := w.check(r); err != nil {
			t.Errorf("%s: %v\n%+v", name, err, r)
		}
	}
	for name := range got {
		t.Errorf("%s: the test says nothing of this case", name)
	}
}

func (w want) check(r result) error {
	if n := max(1, w.attempts); r.Attempts != n {
		return fmt.Errorf("%d attempts, want %d", r.Attempts, n)
	}
	if r.Seconds < w.seconds {
		return fmt.Errorf("it lasted %v s, want %v", r.Seconds, w.seconds)
	}
	if w.value != "" {
		var value any
		if err := json.Unmarshal([]byte(w.value), &value); err != nil {
			return err
		}
		if r.Raised != nil || !reflect.DeepEqual(r.Value, value) {
			return fmt.Errorf("the value is not %s", w.value)
		}
		fields, _ := r.Value.(map[string]any)
		if seen, ok := fields["tokens"]; ok && seen != float64(r.Tokens) {
			return fmt.Errorf("the client read %v tokens, %d were billed", seen, r.Tokens)
		}
		return nil
	}
	status := max(r.StatusCode, r.HTTPStatus)
	code, _ := r.Code.(string)
	switch {
	case r.Raised == nil || !strings.HasSuffix("."+r.Raised[0], "."+w.raised):
		return fmt.Errorf("it raised %v, want %s", r.Raised, w.raised)
	case status != w.status || w.code != "" && code != w.code || !strings.Contains(r.Said, w.says):
		return fmt.Errorf("status %d and code %q, want %d and %q, and the words %q", status, code, w.status, w.code, w.says)
	case r.RetryAfter != w.after:
		return fmt.Errorf("the exception has Retry-After %q, want %q", r.RetryAfter, w.after)
	case r.Tokens != 0:
		return fmt.Errorf("%d tokens were billed", r.Tokens)
	}
	return nil
}

// The result of all batches: three rows in order, and the first answers the question.
const batch = `{"rows":3,"same":true,"finds":0}`

func TestOpenAI(t *testing.T) {
	s, err := openaitest.New(emulator.Options{Keys: []string{key}, Control: true})
	expect.NoError(t, err)
	const invalid = "'$.input' is invalid"
	run(t, s, servers.OpenAIClient, "openai_client.py", map[string]want{
		"single":           {value: `{"dimensions":1536,"tokens":5,"index":0}`},
		"batch":            {value: batch, attempts: 3},
		"formats":          {value: `{"same":true,"numbers":1536}`, attempts: 2}, // base64 is the client's default
		"token ids":        {value: `{"rows":2,"tokens":3}`},
		"dimensions":       {value: `256`},
		"bad dimensions":   {raised: "BadRequestError", status: 400, says: "4096"},
		"fixed dimensions": {raised: "BadRequestError", status: 400, says: "does not support specifying dimensions"},
		"most texts":       {value: `2048`},
		"too many":         {raised: "BadRequestError", status: 400, says: invalid},
		"too many tokens":  {raised: "BadRequestError", status: 400, code: "max_tokens_per_request", says: "max 300000 tokens per request"},
		"too long":         {raised: "BadRequestError", status: 400, says: "maximum context length is 8192 tokens"},
		"unknown model":    {raised: "NotFoundError", status: 404, code: "model_not_found"},
		"wrong key":        {raised: "AuthenticationError", status: 401, code: "invalid_api_key", says: "another-**********6789"},
		"empty":            {raised: "BadRequestError", status: 400, says: invalid},
		"empty text":       {raised: "BadRequestError", status: 400, says: invalid},
		"once":             {value: `1`, attempts: 2, seconds: 1},
		"always":           {raised: "RateLimitError", status: 429, code: "rate_limit_exceeded", attempts: 3, seconds: 2},
		"no money":         {raised: "RateLimitError", status: 429, code: "insufficient_quota", attempts: 3},
		"down":             {value: `1`, attempts: 2},
		"models":           {value: `["text-embedding-3-large","text-embedding-3-small","text-embedding-ada-002"]`},
	})
}

// langchain decodes base64 without checking the answer's format: if a server answers with numbers,
// it returns garbage.
func TestNode(t *testing.T) {
	s, err := openaitest.New(emulator.Options{Keys: []string{key}, Control: true})
	expect.NoError(t, err)
	run(t, s, servers.Node, "node_client.mjs", map[string]want{
		"single":               {value: `{"dimensions":1536,"tokens":5,"index":0}`},
		"formats":              {value: `{"same":true,"numbers":1536}`, attempts: 2},
		"too many":             {raised: "BadRequestError", status: 400, says: "'$.input' is invalid"},
		"wrong key":            {raised: "AuthenticationError", status: 401, code: "invalid_api_key"},
		"once":                 {value: `1`, attempts: 2, seconds: 1},
		"always":               {raised: "RateLimitError", status: 429, code: "rate_limit_exceeded", attempts: 3, seconds: 2},
		"langchain":            {value: `{"rows":3,"dimensions":1536,"finds":0}`, attempts: 2},
		"langchain dimensions": {value: `256`},
	})
}

func TestCohere(t *testing.T) {
	s, err := coheretest.New(emulator.Options{Keys: []string{key}, Control: true})
	expect.NoError(t, err)
	run(t, s, servers.Clients, "cohere_client.py", map[string]want{
		"single":         {value: `{"dimensions":1536,"texts":["hello world"],"tokens":5}`},
		"batch":          {value: batch, attempts: 3},
		"dimensions":     {value: `256`},
		"bad dimensions": {raised: "UnprocessableEntityError", status: 422, says: "256, 512, 1024, 1536"},
		"roles":          {value: `{"near":true,"equal":false}`, attempts: 2},
		"base64":         {value: `8192`}, // characters of 1536 float32
		"too many":       {raised: "BadRequestError", status: 400, says: "at most 96 - received 97"},
		"too long":       {raised: "BadRequestError", status: 400, says: "exceeds the maximum of 512"},
		"cut":            {value: `512`},
		"unknown model":  {raised: "NotFoundError", status: 404, says: "embed-v9"},
		"wrong key":      {raised: "UnauthorizedError", status: 401, says: "invalid api token"},
		"empty":          {raised: "BadRequestError", status: 400},
		"once":           {value: `1`, attempts: 2, seconds: 1},
		"always":         {raised: "TooManyRequestsError", status: 429, attempts: 3, seconds: 2},
		"down":           {value: `1`, attempts: 2},
	})
}

func TestVoyage(t *testing.T) {
	s, err := voyagetest.New(emulator.Options{Keys: []string{key}, Control: true})
	expect.NoError(t, err)
	run(t, s, servers.Clients, "voyage_client.py", map[string]want{
		"single":          {value: `{"dimensions":1024,"tokens":5}`},
		"batch":           {value: batch, attempts: 3}, // the question by another model of the same space
		"dimensions":      {value: `256`},
		"bad dimensions":  {raised: "InvalidRequestError", status: 400, says: "[256, 512, 1024, 2048]"},
		"roles":           {value: `{"near":true,"equal":false}`, attempts: 2},
		"too many":        {raised: "InvalidRequestError", status: 400, says: "batch size limit is 1000"},
		"too many tokens": {raised: "InvalidRequestError", status: 400, says: "max allowed tokens per submitted batch is 120000"},
		"too long":        {raised: "InvalidRequestError", status: 400, says: "context window of 32000 tokens"},
		"cut":             {value: `32000`},
		"unknown model":   {raised: "InvalidRequestError", status: 400, says: "voyage-9 is not supported"},
		"wrong key":       {raised: "AuthenticationError", status: 401},
		"empty":           {raised: "InvalidRequestError", status: 400},
		"once":            {value: `1`, attempts: 2, seconds: 1}, // its own backoff: it does not read Retry-After
		"always":          {raised: "RateLimitError", status: 429},
		"down":            {raised: "ServerError", status: 500},
	})
}

func TestMistral(t *testing.T) {
	s, err := presettest.New("mistral", emulator.Options{Keys: []string{key}, Control: true})
	expect.NoError(t, err)
	run(t, s, servers.Clients, "mistral_client.py", map[string]want{
		"single":          {value: `{"dimensions":1024,"tokens":5,"index":0}`},
		"batch":           {value: batch, attempts: 3},
		"dimensions":      {value: `256`},
		"bad dimensions":  {raised: "SDKError", status: 400, says: "output_dimension"},
		"bad type":        {raised: "HTTPValidationError", status: 422},
		"too many tokens": {raised: "SDKError", status: 400, says: "Too many tokens overall"},
		"too long":        {raised: "SDKError", status: 400, says: "8192"},
		"unknown model":   {raised: "SDKError", status: 400, says: "Invalid model: mistral-embed-9"},
		"wrong key":       {raised: "SDKError", status: 401, says: "Unauthorized"},
		"empty":           {raised: "SDKError", status: 400},
		"once":            {value: `1`, attempts: 2, seconds: 1},
		"always":          {raised: "SDKError", status: 429, says: "1300"}, // it retries only when told to
		"down":            {raised: "SDKError", status: 500},
	})
}

// The native path. The client raises no exception, so the script raises one for the error it
// returns.
func TestDashScope(t *testing.T) {
	s, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Control: true}, KeyRegions: map[string]string{key: ""}})
	expect.NoError(t, err)
	run(t, s, servers.Clients, "dashscope_client.py", map[string]want{
		"single":         {value: `{"dimensions":1024,"tokens":5,"index":0}`},
		"batch":          {value: batch, attempts: 3},
		"dimensions":     {value: `64`},
		"bad dimensions": {raised: "Refused", status: 400, code: "InvalidParameter"},
		"too many":       {raised: "Refused", status: 400, code: "InvalidParameter", says: "should not be larger than 10"},
		"too long":       {raised: "Refused", status: 400, code: "InvalidParameter", says: "[1, 8192]"},
		"unknown model":  {raised: "Refused", status: 400, code: "InvalidParameter", says: "Model not exist"},
		"wrong key":      {raised: "Refused", status: 401, code: "InvalidApiKey"},
		"empty":          {raised: "Refused", status: 400, code: "InvalidParameter"},
		"empty text":     {raised: "Refused", status: 400, code: "InvalidParameter"},
		"always":         {raised: "Refused", status: 429, code: "Throttling.RateQuota"}, // it never retries
		"down":           {raised: "Refused", status: 500, code: "InternalError"},
	})
}
