package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	eino "github.com/cloudwego/eino-ext/components/embedding/openai"
	official "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/philippgille/chromem-go"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/embeddings"
	langchain "github.com/tmc/langchaingo/llms/openai"
)

// answered is what a client returns, in its own type: conversion is not part of its work.
type answered struct {
	f32 [][]float32
	f64 [][]float64
	raw int64 // bytes of a discarded answer
}

// client is one way to call the server. Each has its own transport, so that none uses another's
// connections.
type client struct {
	name   string
	module string // whose version is shown; "" for the standard library
	base64 bool
	ours   bool
	single bool // sends one text per request
	embed  func(ctx context.Context, texts []string) (answered, error)
	reset  func() // before a measurement; may be nil
	close  func() // may be nil
}

const key = "sk-mock"

// httpClient returns what a careful user configures: enough connections for the window, no
// compression. Ours and chromem-go get none and use their own.
func httpClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.DisableCompression = true
	return &http.Client{Transport: t}
}

// rivals returns the other clients, which call base (up to /v1) for floats or base64.
func rivals(base string, asBase64 bool) ([]client, error) {
	all := []client{goOpenAI(base, asBase64), openAIGo(base, asBase64)}
	e, err := einoExt(base, asBase64)
	if err != nil {
		return nil, err
	}
	all = append(all, e)
	if !asBase64 { // these cannot decode base64
		l, err := langchaingo(base, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, l, chromemGo(base))
	}
	return all, nil
}

func goOpenAI(base string, asBase64 bool) client {
	cfg := goopenai.DefaultConfig(key)
	cfg.BaseURL = base
	cfg.HTTPClient = httpClient()
	c := goopenai.NewClientWithConfig(cfg)
	format := goopenai.EmbeddingEncodingFormatFloat
	if asBase64 {
		format = goopenai.EmbeddingEncodingFormatBase64
	}
	return client{name: "go-openai", module: "github.com/sashabaranov/go-openai", base64: asBase64,
		embed: func(ctx context.Context, texts []string) (answered, error) {
			res, err := c.CreateEmbeddings(ctx, goopenai.EmbeddingRequestStrings{
				Input: texts, Model: modelID, EncodingFormat: format, Dimensions: dimensions})
			out := make([][]float32, len(res.Data))
			for i, d := range res.Data {
				out[i] = d.Embedding
			}
			return answered{f32: out}, err
		}}
}

func openAIGo(base string, asBase64 bool) client {
	c := official.NewClient(option.WithBaseURL(base), option.WithAPIKey(key), option.WithHTTPClient(httpClient()), option.WithMaxRetries(0), option.WithUnsafeAllowHTTP())
	format := official.EmbeddingNewParamsEncodingFormatFloat
	if asBase64 {
		format = official.EmbeddingNewParamsEncodingFormatBase64
	}
	return client{name: "openai-go v3", module: "github.com/openai/openai-go/v3", base64: asBase64,
		embed: func(ctx context.Context, texts []string) (answered, error) {
			res, err := c.Embeddings.New(ctx, official.EmbeddingNewParams{
				Input: official.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts}, Model: modelID,
				Dimensions: official.Int(dimensions), EncodingFormat: format})
			if err != nil {
				return answered{}, err
			}
			out := make([][]float64, len(res.Data))
			for i, d := range res.Data {
				out[i] = d.Embedding
			}
			return answered{f64: out}, nil
		}}
}

func einoExt(base string, asBase64 bool) (client, error) {
	format, dims := eino.EmbeddingEncodingFormatFloat, dimensions
	if asBase64 {
		format = eino.EmbeddingEncodingFormatBase64
	}
	e, err := eino.NewEmbedder(context.Background(), &eino.EmbeddingConfig{
		HTTPClient: httpClient(), APIKey: key, BaseURL: base, Model: modelID, EncodingFormat: &format, Dimensions: &dims})
	if err != nil {
		return client{}, fmt.Errorf("eino-ext: %w", err)
	}
	return client{name: "eino-ext openai", module: "github.com/cloudwego/eino-ext/components/embedding/openai", base64: asBase64,
		embed: func(ctx context.Context, texts []string) (answered, error) {
			v, err := e.EmbedStrings(ctx, texts)
			return answered{f64: v}, err
		}}, nil
}

// langchaingo sends this many texts per request; 0 means all that it is given.
func langchaingo(base string, batch int) (client, error) {
	llm, err := langchain.New(langchain.WithBaseURL(base), langchain.WithToken(key), langchain.WithHTTPClient(httpClient()),
		langchain.WithEmbeddingModel(modelID), langchain.WithEmbeddingDimensions(dimensions))
	if err != nil {
		return client{}, fmt.Errorf("langchaingo: %w", err)
	}
	return client{name: "langchaingo", module: "github.com/tmc/langchaingo",
		embed: func(ctx context.Context, texts []string) (answered, error) {
			e, err := embeddings.NewEmbedder(llm, embeddings.WithStripNewLines(false), embeddings.WithBatchSize(cmp.Or(batch, len(texts))))
			if err != nil {
				return answered{}, err
			}
			v, err := e.EmbedDocuments(ctx, texts)
			return answered{f32: v}, err
		}}, nil
}

func chromemGo(base string) client {
	unit := true
	f := chromem.NewEmbeddingFuncOpenAICompat(base, key, modelID, &unit)
	return client{name: "chromem-go (one text a request)", module: "github.com/philippgille/chromem-go", single: true,
		embed: func(ctx context.Context, texts []string) (answered, error) {
			out := make([][]float32, len(texts))
			for i, text := range texts {
				v, err := f(ctx, text)
				if err != nil {
					return answered{}, err
				}
				out[i] = v
			}
			return answered{f32: out}, nil
		}}
}
