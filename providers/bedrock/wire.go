package bedrock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
)

// tokens is the header with the billed tokens, for models that do not count them in the body.
const tokens = "X-Amzn-Bedrock-Input-Token-Count"

// titan returns the encoder of Titan's requests. Limits.Texts keeps them to one text.
func titan(dims int, normalize bool) func(embedding.Request) any {
	type request struct {
		Text       string `json:"inputText"`
		Dimensions int    `json:"dimensions,omitempty"`
		Normalize  bool   `json:"normalize"`
	}
	return func(req embedding.Request) any { return request{req.Texts[0], dims, normalize} }
}

func decodeTitan(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Embedding json.RawMessage `json:"embedding"`
		Tokens    int             `json:"inputTextTokenCount"`
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Titan's embeddings")
	}
	if a.Texts != 1 {
		return embedding.Response{}, errors.New("one text a request is what Titan takes: put middleware.Batch around it")
	}
	list := slices.Concat([]byte("["), []byte(cmp.Or(string(bytes.TrimSpace(body.Embedding)), "null")), []byte("]"))
	rows, err := jsonhttp.Vectors(list, 1, a.Dims)
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Tokens: body.Tokens}}, err
}

// cohere returns the encoder of requests in Cohere's format, which differs from its own API's.
func cohere(tasks map[embedding.Task]string, dims int, cut string) func(embedding.Request) any {
	type request struct {
		Texts      []string `json:"texts"`
		InputType  string   `json:"input_type"`
		Types      []string `json:"embedding_types"`
		Truncate   string   `json:"truncate"`
		Dimensions int      `json:"output_dimension,omitempty"`
	}
	return func(req embedding.Request) any {
		return request{req.Texts, cmp.Or(tasks[req.Task], tasks[embedding.TaskDocument]), []string{"float"}, cut, dims}
	}
}

// decodeCohere reads embeddings by type, or the bare list of answers without types.
func decodeCohere(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		ID         string          `json:"id"`
		Embeddings json.RawMessage `json:"embeddings"`
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Cohere's embeddings")
	}
	list := body.Embeddings
	if bytes.HasPrefix(bytes.TrimSpace(list), []byte("{")) {
		var byType struct {
			Float json.RawMessage `json:"float"`
		}
		_ = json.Unmarshal(list, &byType)
		list = byType.Float
	}
	rows, err := jsonhttp.Vectors(list, a.Texts, a.Dims)
	n, _ := strconv.Atoi(a.Header.Get(tokens))
	return embedding.Response{Vectors: rows, ID: body.ID, Usage: embedding.Usage{Tokens: n}}, err
}
