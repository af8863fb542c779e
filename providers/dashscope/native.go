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
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// nativePath is where the service's own API has its text embeddings.
const nativePath = "/services/embeddings/text-embedding/text-embedding"

// native returns an Embedder on the service's own API. Sparse vectors (output_type) are not asked for: there is no type
// for them yet.
func (o Options) native(s site, info ModelInfo, model embedding.Model, judge classifier) (embedding.Embedder, error) {
	p := parameters{Dimension: model.Dimensions, TextType: "document"}
	if info.Fixed {
		p.Dimension = 0
	}
	client, err := jsonhttp.New(jsonhttp.Config{
		Model:      model,
		BaseURL:    s.base,
		Path:       nativePath,
		Key:        o.Key,
		Encode:     o.nativeEncoder(p),
		Decode:     decodeNative,
		Classify:   judge.classifyNative,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	})
	if err != nil {
		return nil, err
	}
	return embedding.Chain(client), nil
}

type parameters struct {
	TextType  string `json:"text_type"`
	Dimension int    `json:"dimension,omitempty"` // not dimensions, as in the compatible API
	Instruct  string `json:"instruct,omitempty"`
}

func (o Options) nativeEncoder(documents parameters) func(embedding.Request) any {
	type input struct {
		Texts []string `json:"texts"`
	}
	type request struct {
		Model      string     `json:"model"`
		Input      input      `json:"input"`
		Parameters parameters `json:"parameters"`
	}
	queries := documents
	queries.TextType, queries.Instruct = "query", o.Instruct
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
			Input int `json:"input_tokens"` // what the official SDK's own mock server has
		} `json:"usage"`
		ID string `json:"request_id"`
	}
	if err := json.Unmarshal(a.Body, &body); err != nil {
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

// classifyNative is classify for what the native API says.
func (c classifier) classifyNative(f jsonhttp.Failure) jsonhttp.Verdict {
	v := c.classify(openaicompat.Failure{Status: f.Status, Code: f.Code, Type: f.Type, Message: f.Message, ID: f.ID, Header: f.Header})
	return jsonhttp.Verdict{Kind: v.Kind, Allowed: v.Allowed, Advice: v.Advice}
}
