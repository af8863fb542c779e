package teidialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/tei/teidialect"
)

// A host reads a request in the server's form and writes the answer.
func Example() {
	d := teidialect.New()
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/embed", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"inputs": "a cat on a sofa"}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// document [a cat on a sofa]
	// [[0.6,0.8]]
}
