package geminidialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/gemini/geminidialect"
)

// A host reads a request in Gemini's form and writes the answer.
func Example() {
	d := geminidialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/v1beta/models/gemini-embedding-001:embedContent", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"content": {"parts": [{"text": "a cat on a sofa"}]}, "taskType": "RETRIEVAL_QUERY"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// gemini-embedding-001 query [a cat on a sofa]
	// {"embedding":{"values":[0.6,0.8]}}
}
