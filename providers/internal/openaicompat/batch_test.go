package openaicompat

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/wire"
)

func aBatch(t testing.TB) *batches {
	t.Helper()
	api, err := NewBatches(wire.Config{Model: embedding.Model{Provider: "test", ID: "m", Dimensions: 2}, BaseURL: "https://host.example/v1"},
		Format{}, BatchFormat{Terms: batchapi.Terms{Lines: 1, Bytes: 1}})
	expect.NoError(t, err)
	return api.(*batches)
}

// Answers to lines, as vendors write them.
func TestBatchResult(t *testing.T) {
	b := aBatch(t)
	for name, c := range map[string]struct {
		line   string
		ok     bool
		kind   embedding.Kind // Unknown: a vector
		tokens int
	}{
		"a vector":                   {`{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1,0]}],"usage":{"prompt_tokens":3,"total_tokens":3}}},"error":null}`, true, embedding.Unknown, 3},
		"only a total":               {`{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":[1,0]}],"usage":{"total_tokens":3}}}}`, true, embedding.Unknown, 3},
		"another length":             {`{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":3}}}}`, true, embedding.Malformed, 3},
		"two vectors":                {`{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1,0]}]}}}`, true, embedding.Malformed, 0},
		"no body":                    {`{"custom_id":"a","response":{"status_code":200}}`, true, embedding.Malformed, 0},
		"refused":                    {`{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"bad text","code":"c"}}}}`, true, embedding.Invalid, 0},
		"a server's error":           {`{"custom_id":"a","response":{"status_code":500,"body":{"error":{"message":"oh"}}}}`, true, embedding.Unavailable, 0},
		"expired":                    {`{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"too late"}}`, true, embedding.Unavailable, 0},
		"neither":                    {`{"custom_id":"a"}`, true, embedding.Unavailable, 0},
		"cut":                        {`{"custom_id":"a","response":{"status_code":200,"bo`, false, embedding.Unknown, 0},
		"not JSON":                   {`<html>`, false, embedding.Unknown, 0},
		"an id that is not a string": {`{"custom_id":7}`, false, embedding.Unknown, 0},
	} {
		r, ok := b.result([]byte(c.line), func(string) string { return "" })
		kind := embedding.Unknown
		if r.Err != nil {
			kind = embedding.KindOf(r.Err)
		}
		if ok != c.ok || kind != c.kind || r.Usage.Tokens != c.tokens || (ok && c.kind == embedding.Unknown) != (r.Vector != nil) {
			t.Errorf("%s: got %+v and %t, want %v, %d tokens and %t", name, r, ok, c.kind, c.tokens, c.ok)
		}
	}
}

// A refusal that quotes its text loses it.
func TestBatchResultQuotes(t *testing.T) {
	const text = "the secret of the whole village and its well"
	r, ok := aBatch(t).result([]byte(`{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"cannot embed: `+text+`"}}}}`),
		func(id string) string { return map[string]string{"a": text}[id] })
	if !ok || r.Err == nil || strings.Contains(r.Err.Error(), "village") {
		t.Errorf("got %v, want a refusal without the text", r.Err)
	}
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
