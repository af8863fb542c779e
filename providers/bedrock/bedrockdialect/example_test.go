package bedrockdialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/bedrock/bedrockdialect"
	"github.com/vecspace/embedding/providers/dialect"
)

// A host reads a request in Titan's form and writes the answer.
func Example() {
	d := bedrockdialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/model/amazon.titan-embed-text-v2:0/invoke", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"inputText": "a cat on a sofa"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// amazon.titan-embed-text-v2:0 document [a cat on a sofa]
	// {"embedding":[0.6,0.8],"embeddingsByType":{"float":[0.6,0.8]},"inputTextTokenCount":2}
}
