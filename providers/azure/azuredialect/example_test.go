package azuredialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/azure/azuredialect"
	"github.com/vecspace/embedding/providers/dialect"
)

// A host reads a request in Azure's form and writes the answer.
func Example() {
	d := azuredialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/openai/deployments/docs/embeddings?api-version=2024-10-21", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"input": "a cat on a sofa"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// docs document [a cat on a sofa]
	// {"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}],"model":"docs","usage":{"prompt_tokens":2,"total_tokens":2}}
}
