package coheredialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/cohere/coheredialect"
	"github.com/vecspace/embedding/providers/dialect"
)

// A host reads a request in Cohere's form and writes the answer.
func Example() {
	d := coheredialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/v2/embed", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "embed-v4.0", "texts": ["a cat on a sofa"], "input_type": "search_query", "embedding_types": ["float"]}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// embed-v4.0 query [a cat on a sofa]
	// {"id":"","embeddings":{"float":[[0.6,0.8]]},"texts":["a cat on a sofa"],"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":2}},"response_type":"embeddings_by_type"}
}
