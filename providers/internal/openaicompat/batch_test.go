package openaicompat

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/internal/wire"
)

func aBatch(t testing.TB) *batches {
	t.Helper()
	api, err := NewBatches(wire.Config{Model: embedding.Model{Provider: "test", ID: "m", Dimensions: 2}, BaseURL: "https://host.example/v1"},
		Format{}, BatchFormat{Terms: batchapi.Terms{Lines: 1, Bytes: 1}})
	expect.NoError(t, err)
	return api.(*batches)
}

// Answers to lines, as vendors write them. A refusal that quotes its text loses it.
func TestBatchResult(t *testing.T) {
	vendortest.Answers(t, aBatch(t).result, []float32{1, 0}, map[string]vendortest.Answered{
		"a vector":                   {Line: `{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1,0]}],"usage":{"prompt_tokens":3,"total_tokens":3}}},"error":null}`, Tokens: 3},
		"only a total":               {Line: `{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":[1,0]}],"usage":{"total_tokens":3}}}}`, Tokens: 3},
		"another length":             {Line: `{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":3}}}}`, Kind: embedding.Malformed, Tokens: 3},
		"two vectors":                {Line: `{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1,0]}]}}}`, Kind: embedding.Malformed},
		"no body":                    {Line: `{"custom_id":"a","response":{"status_code":200}}`, Kind: embedding.Malformed},
		"refused":                    {Line: `{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"bad text","code":"c"}}}}`, Kind: embedding.Invalid},
		"a server's error":           {Line: `{"custom_id":"a","response":{"status_code":500,"body":{"error":{"message":"oh"}}}}`, Kind: embedding.Unavailable},
		"expired":                    {Line: `{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"too late"}}`, Kind: embedding.Unavailable},
		"neither":                    {Line: `{"custom_id":"a"}`, Kind: embedding.Unavailable},
		"cut":                        {Line: `{"custom_id":"a","response":{"status_code":200,"bo`, Cut: true},
		"not JSON":                   {Line: `<html>`, Cut: true},
		"an id that is not a string": {Line: `{"custom_id":7}`, Cut: true},
	})
	vendortest.Unquoted(t, aBatch(t).result, `{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"cannot embed: %s"}}}}`)
}

// A line of a batch is one line of JSON, whatever the text.
func FuzzBatchLine(f *testing.F) {
	f.Add("1:2", "a\nb\u2028\"\\\x00")
	b := aBatch(f)
	f.Fuzz(func(t *testing.T, id, text string) {
		line := b.line(nil, embedding.TaskDocument, batchapi.Line{ID: id, Text: text})
		var said struct {
			ID     string `json:"custom_id"`
			Method string
			Body   struct{ Input []string }
		}
		if err := json.Unmarshal(line, &said); err != nil || strings.Count(string(line), "\n") != 1 || said.Method != http.MethodPost || len(said.Body.Input) != 1 {
			t.Fatalf("got %q and %v, want a line of JSON", line, err)
		}
	})
}

// No line of answers makes the reader panic, and a vector has the model's dimensions.
func FuzzBatchResult(f *testing.F) {
	for _, s := range []string{`{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":[1,0]}]}}}`, `{"custom_id":"a","error":{"code":1}}`, `{`} {
		f.Add(s)
	}
	b := aBatch(f)
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := b.result([]byte(line), func(string) string { return line })
		if r.Vector != nil && (len(r.Vector) != 2 || r.Err != nil || !ok) {
			t.Fatalf("%q: got %+v, want a vector of 2 dimensions or an error", line, r)
		}
	})
}

// Vendors give fields of a batch in types of their own. Those are no reason to lose the batch.
func TestBatchLoose(t *testing.T) {
	var one batch
	expect.NoError(t, json.Unmarshal([]byte(`{"id":"b","status":"completed","output_file_id":"f","request_counts":123,"errors":"none","metadata":[],"created_at":"2025-12-01T19:18:23Z"}`), &one))
	expect.Equal(t, "output", one.Output, "f")
	expect.Equal(t, "counts", one.Counts.is.Total, 0)
	expect.NoError(t, json.Unmarshal([]byte(`{"id":"b","request_counts":{"total":3},"metadata":{"vecspace":"m"},"created_at":1700000000,"errors":null}`), &one))
	expect.Equal(t, "counts", one.Counts.is.Total, 3)
	expect.Equal(t, "mark", one.Metadata.is["vecspace"], any("m"))
}
