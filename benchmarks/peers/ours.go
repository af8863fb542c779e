package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/openai"
)

const (
	nameFloor    = "floor: POST, answer thrown away"
	nameProvider = "embedding, provider alone"
	nameChain    = "embedding, whole chain"
)

// floor is the least that a client can do: it encodes the request by hand and discards the answer.
func floor(base string, asBase64 bool) client {
	c, url := httpClient(), base+"/embeddings"
	head, tail := `{"model":"`+modelID+`","input":["`, fmt.Sprintf(`"],"dimensions":%d}`, dimensions)
	if asBase64 {
		tail = fmt.Sprintf(`"],"encoding_format":"base64","dimensions":%d}`, dimensions)
	}
	return client{name: nameFloor, base64: asBase64, embed: func(ctx context.Context, texts []string) (answered, error) {
		size := len(head) + len(tail)
		for _, t := range texts {
			size += len(t) + 3
		}
		body := append(make([]byte, 0, size), head...)
		for i, t := range texts {
			if i > 0 {
				body = append(body, `","`...)
			}
			body = append(body, t...)
		}
		body = append(body, tail...)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return answered{}, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := c.Do(req)
		if err != nil {
			return answered{}, err
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d", res.StatusCode)
		}
		return answered{raw: n}, err
	}}
}

// provider opens ours with its own transport and only the guard around it. most limits the texts
// per request.
func provider(base string, asBase64 bool, most int) (embedding.Embedder, error) {
	limits := embedding.Limits{Texts: most, Tokens: 1 << 20}
	if asBase64 {
		return openai.New(openai.Options{Model: modelID, BaseURL: base, Key: key, Dimensions: dimensions, EncodingFormat: "base64", Limits: limits})
	}
	return dashscope.New(dashscope.Options{Model: modelID, BaseURL: base, Key: key, Dimensions: dimensions, Limits: limits})
}

// recommended is the whole chain as the documentation advises it. hear may be nil.
func recommended(e embedding.Embedder, c *cache.Cache, hear func(middleware.Event)) embedding.Embedder {
	return embedding.Chain(e, middleware.Observe(hear), middleware.Dimensions(dimensions), c.Wrap,
		middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Parallel: window}}))
}

func heard(middleware.Event) {}

// as turns an Embedder into a client.
func as(name string, asBase64 bool, e embedding.Embedder) client {
	return client{name: name, module: "github.com/vecspace/embedding", base64: asBase64, ours: true,
		embed: func(ctx context.Context, texts []string) (answered, error) {
			res, err := e.Embed(ctx, embedding.Request{Texts: texts})
			return answered{f32: res.Vectors}, err
		}}
}

// ours returns the provider alone, and the whole chain around it. Its cache always misses because
// no text occurs twice in a measurement.
func ours(base string, asBase64 bool, most int) ([]client, error) {
	e, err := provider(base, asBase64, most)
	if err != nil {
		return nil, err
	}
	store, err := cache.New(cache.Options{})
	if err != nil {
		return nil, err
	}
	chain := as(nameChain+", cache missing", asBase64, recommended(e, store, heard))
	chain.reset, chain.close = purge(store), store.Close
	return []client{as(nameProvider, asBase64, e), chain}, nil
}

// purge empties a cache between measurements. Without a second tier it cannot fail.
func purge(c *cache.Cache) func() {
	return func() { _ = c.Purge(context.Background()) }
}
