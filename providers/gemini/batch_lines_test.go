package gemini

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func aBatch(t testing.TB) *batches {
	t.Helper()
	api, err := NewBatches(Options{Model: "any", Unlisted: true, Dimensions: 2, Key: "a-key-of-no-account"})
	expect.NoError(t, err)
	return api.(*batches)
}

// Answers to lines. A vector comes out with unit length, and a refusal that quotes its text loses
// it.
func TestBatchResult(t *testing.T) {
	vendortest.Answers(t, aBatch(t).result, []float32{0.6, 0.8}, map[string]vendortest.Answered{
		"a vector":                    {Line: `{"key":"a","response":{"embedding":{"values":[3,4]}}}`},
		"with a count":                {Line: `{"key":"a","response":{"embedding":{"values":[3,4]},"usageMetadata":{"promptTokenCount":3}}}`, Tokens: 3},
		"with another count":          {Line: `{"key":"a","response":{"embedding":{"values":[3,4]},"tokenCount":"3"}}`, Tokens: 3},
		"with a count that is none":   {Line: `{"key":"a","response":{"embedding":{"values":[3,4]},"tokenCount":{}}}`},
		"another length":              {Line: `{"key":"a","response":{"embedding":{"values":[3]},"tokenCount":3}}`, Kind: embedding.Malformed, Tokens: 3},
		"no numbers":                  {Line: `{"key":"a","response":{"embedding":{"values":[null,1]}}}`, Kind: embedding.Malformed},
		"no vector":                   {Line: `{"key":"a","response":{}}`, Kind: embedding.Malformed},
		"a list of vectors":           {Line: `{"key":"a","response":{"embedding":[{"values":[3,4]}]}}`, Kind: embedding.Malformed},
		"refused":                     {Line: `{"key":"a","error":{"code":3,"message":"bad text"}}`, Kind: embedding.Invalid},
		"refused, in HTTP":            {Line: `{"key":"a","error":{"code":400,"message":"bad text","status":"INVALID_ARGUMENT"}}`, Kind: embedding.Invalid},
		"too long":                    {Line: `{"key":"a","error":{"code":3,"message":"The input token count is 9000 but the model supports up to 2048"}}`, Kind: embedding.Rejected},
		"a rate":                      {Line: `{"key":"a","error":{"code":8,"message":"slower"}}`, Kind: embedding.RateLimited},
		"a failure of the service":    {Line: `{"key":"a","error":{"code":13,"message":"oh"}}`, Kind: embedding.Unavailable},
		"an error of another form":    {Line: `{"key":"a","error":"oh"}`, Kind: embedding.Unavailable},
		"neither":                     {Line: `{"key":"a"}`, Kind: embedding.Unavailable},
		"cut":                         {Line: `{"key":"a","response":{"embedding":{"values":[3,`, Cut: true},
		"not JSON":                    {Line: `<html>`, Cut: true},
		"two documents on one line":   {Line: `{"key":"a"}{"key":"b"}`, Cut: true},
		"no key: an answer to nobody": {Line: `{"response":{"embedding":{"values":[3,4]}}}`},
	})
	vendortest.Unquoted(t, aBatch(t).result, `{"key":"a","error":{"code":3,"message":"cannot embed: %s"}}`)
}

// A line of a batch is one line of JSON, whatever the text.
func FuzzBatchLine(f *testing.F) {
	f.Add("1:2", "a\nb\u2028\"\\\x00<&>")
	b := aBatch(f)
	f.Fuzz(func(t *testing.T, id, text string) {
		line := b.line([]byte("before"), embedding.TaskDocument, batchapi.Line{ID: id, Text: text})
		var said struct {
			Key     string `json:"key"`
			Request item   `json:"request"`
		}
		rest, ok := strings.CutPrefix(string(line), "before")
		if err := json.Unmarshal([]byte(rest), &said); err != nil || !ok || strings.Count(rest, "\n") != 1 || !strings.HasSuffix(rest, "\n") {
			t.Fatalf("got %q and %v, want a line of JSON", line, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); !strings.ContainsRune(want, '\ufffd') && said.Request.Content.Parts[0].Text != want {
			t.Fatalf("got %q, want %q", said.Request.Content.Parts[0].Text, want)
		}
	})
}

// No line of answers makes the reader panic, and a vector has the model's dimensions and unit
// length.
func FuzzBatchResult(f *testing.F) {
	for _, s := range []string{`{"key":"a","response":{"embedding":{"values":[1,0]},"tokenCount":"9"}}`, `{"key":"a","error":{"code":1}}`, `{`} {
		f.Add(s)
	}
	b := aBatch(f)
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := b.result([]byte(line), func(string) string { return line })
		if r.Vector == nil {
			return
		}
		length := math.Hypot(float64(r.Vector[0]), float64(r.Vector[len(r.Vector)-1]))
		if len(r.Vector) != 2 || r.Err != nil || !ok || length > 1.001 || length < 0.999 && length != 0 {
			t.Fatalf("%q: got %+v, want a vector of 2 dimensions or an error", line, r)
		}
	})
}

// The service has numbers as text, and states in two forms. What is of another type is no reason to
// lose the batch.
func TestBatchOperation(t *testing.T) {
	for name, c := range map[string]struct {
		doc   string
		state string
		done  count
	}{
		"as documented":    {`{"name":"batches/b","metadata":{"state":"BATCH_STATE_SUCCEEDED","batchStats":{"successfulRequestCount":"7"}}}`, "SUCCEEDED", 7},
		"of the clients":   {`{"metadata":{"state":"JOB_STATE_RUNNING","batchStats":{"successfulRequestCount":7}}}`, "RUNNING", 7},
		"of another type":  {`{"metadata":{"state":"BATCH_STATE_PENDING","batchStats":[]},"response":"none"}`, "PENDING", 0},
		"only an error":    {`{"done":true,"error":{"code":3}}`, "FAILED", 0},
		"a count below 0":  {`{"metadata":{"batchStats":{"successfulRequestCount":"-7"}}}`, "", 0},
		"nothing":          {`{}`, "", 0},
		"a count in words": {`{"metadata":{"batchStats":{"successfulRequestCount":"seven"}}}`, "", 0},
	} {
		var o operation
		if err := jsonhttp.Unmarshal([]byte(c.doc), &o); err != nil || o.state() != c.state || o.Metadata.Stats.Succeeded != c.done {
			t.Errorf("%s: got %+v and %v, want the state %q and %d", name, o, err, c.state, c.done)
		}
	}
}

// Services beside the API are on its host, behind the same prefix.
func TestBeside(t *testing.T) {
	for base, want := range map[string]string{
		BaseURL:                          "https://generativelanguage.googleapis.com/upload/v1beta",
		"https://proxy.example/g/v1beta": "https://proxy.example/g/upload/v1beta",
		"https://proxy.example/a%2Fb/v1": "https://proxy.example/a%2Fb/upload/v1",
		"https://proxy.example":          "https://proxy.example/upload",
		"http://127.0.0.1:8089/v1beta":   "http://127.0.0.1:8089/upload/v1beta",
	} {
		expect.Equal(t, base, beside(base, "upload"), want)
	}
}
