package openaidialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
)

// A host reads a request in OpenAI's form and writes the answer.
func Example() {
	d := openaidialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/v1/embeddings", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "text-embedding-3-small", "input": "a cat on a sofa"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// text-embedding-3-small document [a cat on a sofa]
	// {"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}}
}
