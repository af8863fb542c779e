package dashscope

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
)

// nativePath is the path of text embeddings in the native API.
const nativePath = "/services/embeddings/text-embedding/text-embedding"

type parameters struct {
	TextType  string `json:"text_type"`
	Dimension int    `json:"dimension,omitempty"` // not dimensions, as in the compatible API
	Instruct  string `json:"instruct,omitempty"`
}

// nativeEncoder returns the encoder of requests. They do not ask for sparse vectors (output_type):
// there is no type for them yet.
func (o Options) nativeEncoder(dims int) func(embedding.Request) any {
	type input struct {
		Texts []string `json:"texts"`
	}
	type request struct {
		Model      string     `json:"model"`
		Input      input      `json:"input"`
		Parameters parameters `json:"parameters"`
	}
	documents := parameters{TextType: "document", Dimension: dims}
	queries := parameters{TextType: "query", Dimension: dims, Instruct: o.Instruct}
	return func(req embedding.Request) any {
		p := documents
		if req.Task == embedding.TaskQuery {
			p = queries
		}
		return request{o.Model, input{req.Texts}, p}
	}
}

func decodeNative(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Output struct {
			Embeddings []struct {
				Index  *int            `json:"text_index"`
				Vector json.RawMessage `json:"embedding"`
			} `json:"embeddings"`
		} `json:"output"`
		Usage struct {
			Total int `json:"total_tokens"`
			Input int `json:"input_tokens"` // in the official SDK's mock server
		} `json:"usage"`
		ID string `json:"request_id"`
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of DashScope's text embeddings")
	}
	vectors := make([][]byte, a.Texts)
	for _, e := range body.Output.Embeddings {
		switch {
		case e.Index == nil || *e.Index < 0 || *e.Index >= a.Texts:
			return embedding.Response{}, fmt.Errorf("a vector of the answer has no index from 0 to %d", a.Texts-1)
		case vectors[*e.Index] != nil:
			return embedding.Response{}, fmt.Errorf("two vectors of the answer have the index %d", *e.Index)
		case len(e.Vector) == 0:
			return embedding.Response{}, fmt.Errorf("item %d of the answer has no vector", *e.Index)
		}
		vectors[*e.Index] = e.Vector
	}
	if n := len(body.Output.Embeddings); n < a.Texts {
		return embedding.Response{}, fmt.Errorf("the answer has %d vectors for %d texts", n, a.Texts)
	}
	list := slices.Concat([]byte{'['}, bytes.Join(vectors, []byte{','}), []byte{']'})
	rows, err := jsonhttp.Vectors(list, a.Texts, a.Dims)
	return embedding.Response{Vectors: rows, ID: body.ID, Usage: embedding.Usage{Tokens: cmp.Or(body.Usage.Total, body.Usage.Input)}}, err
}
