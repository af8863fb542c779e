package presetdialect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/openai/presetdialect"
)

// A host reads a request in Mistral's form and writes the answer.
func Example() {
	d, err := presetdialect.New("mistral")
	if err != nil {
		fmt.Println(err) // no such preset
		return
	}
	r := &dialect.Request{Request: httptest.NewRequest(http.MethodPost, "/v1/embeddings", nil), Out: http.Header{}}
	if refusal := dialect.Find(d, r); refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	call, refusal := d.Parse(r, []byte(`{"model": "mistral-embed", "input": ["a cat on a sofa"]}`))
	if refusal != nil {
		fmt.Println(refusal.Message)
		return
	}
	fmt.Println(call.Model, call.Task, call.Texts)
	answer := dialect.Answer{Model: call.Model, Rows: []dialect.Row{{Vector: []float32{0.6, 0.8}}}, Tokens: 2}
	fmt.Printf("%s\n", d.Answer(nil, r, &call, answer))
	// Output:
	// mistral-embed document [a cat on a sofa]
	// {"object":"list","data":[{"object":"embedding","embedding":[0.6,0.8],"index":0}],"model":"mistral-embed","usage":{"prompt_tokens":2,"total_tokens":2,"completion_tokens":0,"prompt_audio_seconds":null},"id":""}
}
