package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/vecspace/embedding"
)

// acme is a provider. It sends POST {"texts":[...]} to a server, which answers {"vectors":[[...]]}.
// The server does not speak OpenAI's format.
type acme struct {
	url    string
	client *http.Client
}

// newAcme does no I/O. embedding.Chain puts the guard around the provider. The guard refuses bad
// texts before they are sent and answers with the wrong count, length or values afterwards.
func newAcme(url string, client *http.Client) embedding.Embedder {
	return embedding.Chain(acme{url, client})
}

func (a acme) Model() embedding.Model {
	return embedding.Model{
		Provider: "acme", ID: "small-1", Dimensions: 4,
		Limits: embedding.Limits{Texts: 16}, // middleware.Batch splits by it
	}
}

func (a acme) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	body, err := json.Marshal(map[string]any{"texts": req.Texts, "query": req.Task == embedding.TaskQuery})
	if err != nil {
		return embedding.Response{}, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return embedding.Response{}, err
	}
	res, err := a.client.Do(post)
	if err != nil {
		return embedding.Response{}, &embedding.Error{Kind: embedding.Unavailable, Err: err} // Retry acts on the kind
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		wait, _ := time.ParseDuration(res.Header.Get("Retry-After") + "s")
		return embedding.Response{}, &embedding.Error{
			Kind: embedding.KindOfStatus(res.StatusCode), Status: res.StatusCode, RetryAfter: wait,
		}
	}
	var answer struct{ Vectors [][]float32 }
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(&answer); err != nil {
		return embedding.Response{}, &embedding.Error{Kind: embedding.Malformed, Err: fmt.Errorf("the answer: %w", err)}
	}
	return embedding.Response{Vectors: answer.Vectors}, nil
}
