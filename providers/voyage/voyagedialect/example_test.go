package voyagedialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/voyage/voyagedialect"
)

// A host reads a request in Voyage's form and writes the answer.
func Example() {
	d := voyagedialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/v1/embeddings", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "voyage-4", "input": "a cat on a sofa", "input_type": "query"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// voyage-4 query [a cat on a sofa]
	// {"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}],"model":"voyage-4","usage":{"total_tokens":2}}
}
