package dashscopedialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dashscope/dashscopedialect"
	"github.com/vecspace/embedding/providers/dialect"
)

// A host reads a request in the form of DashScope's native API and writes the answer.
func Example() {
	d := dashscopedialect.New("intl")
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/api/v1/services/embeddings/text-embedding/text-embedding", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "text-embedding-v4", "input": {"texts": ["a cat on a sofa"]}, "parameters": {"text_type": "query"}}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// text-embedding-v4 query [a cat on a sofa]
	// {"output":{"embeddings":[{"text_index":0,"embedding":[0.6,0.8]}]},"usage":{"total_tokens":2},"request_id":""}
}
