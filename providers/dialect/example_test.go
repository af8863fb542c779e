package dialect_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
	"github.com/vecspace/embedding/providers/static"
)

// host serves an Embedder in the form of a Dialect. It has no keys, and its only limits are those
// of the Embedder.
type host struct {
	wire dialect.Dialect
	e    embedding.Embedder
}

func (h host) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r := &dialect.Request{Request: in, ID: "req-1", Arrived: time.Now(), Out: w.Header()}
	h.wire.Head(r)
	refusal := dialect.Find(h.wire, r)
	var call dialect.Call
	if refusal == nil {
		body, err := io.ReadAll(http.MaxBytesReader(w, in.Body, 1<<20))
		if err != nil {
			return
		}
		call, refusal = h.wire.Parse(r, body)
	}
	if refusal != nil {
		reply := h.wire.Refuse(r, *refusal)
		w.WriteHeader(reply.Status)
		_, _ = w.Write(reply.Body)
		return
	}
	res, err := h.e.Embed(in.Context(), embedding.Request{Texts: call.Texts, Task: call.Task})
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // dialect.Say has the service's words
		return
	}
	answer := dialect.Answer{Model: call.Model, Tokens: res.Usage.Tokens}
	for i, v := range res.Vectors {
		answer.Rows = append(answer.Rows, dialect.Row{Index: i, Vector: v})
	}
	_, _ = w.Write(h.wire.Answer(nil, r, &call, answer))
}

// A server that any client of OpenAI can ask.
func Example() {
	e, err := static.New(static.Options{})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(host{openaidialect.New(), e})
	defer server.Close()
	for _, path := range []string{"/v1/embeddings", "/v1/images"} {
		res, err := http.Post(server.URL+path, "application/json", strings.NewReader(`{"model": "mine", "input": ["a cat", "a dog"]}`))
		if err != nil {
			panic(err)
		}
		var got struct {
			Model string
			Data  []struct{ Embedding []float32 }
		}
		err = json.NewDecoder(res.Body).Decode(&got)
		_ = res.Body.Close()
		fmt.Println(res.StatusCode, got.Model, len(got.Data), err)
	}
	// Output:
	// 200 mine 2 <nil>
	// 404  0 <nil>
}
