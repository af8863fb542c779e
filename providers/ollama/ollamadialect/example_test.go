package ollamadialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/ollama/ollamadialect"
)

// A host reads a request in Ollama's form and writes the answer.
func Example() {
	d := ollamadialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/api/embed", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "nomic-embed-text", "input": "a cat on a sofa"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// nomic-embed-text document [a cat on a sofa]
	// {"model":"nomic-embed-text","embeddings":[[0.6,0.8]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":2}
}
