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

// answered is what a client returns, in its own type: turning one into the other is no part of its work.
type answered struct {
	f32 [][]float32
	f64 [][]float64
	raw int64 // bytes of an answer that was thrown away
}

// client is one way to ask the server. Each has a transport of its own, so that none uses another's connections.
type client struct {
	name   string
	module string // whose version is shown; "" for the standard library
	base64 bool
	ours   bool
	single bool // asks for one text a request, whatever it is given
	embed  func(ctx context.Context, texts []string) (answered, error)
	reset  func() // before a measurement; may be nil
	close  func() // may be nil
}

const key = "sk-mock"

// httpClient returns what a careful user gives a client: connections enough for the window, no compression. The
// clients that are given none, ours and chromem-go, use what they come with.
func httpClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.DisableCompression = true
	return &http.Client{Transport: t}
}

// rivals are the other clients, asking base (up to /v1) for floats or base64.
func rivals(base string, asBase64 bool) ([]client, error) {
	all := []client{goOpenAI(base, asBase64), openAIGo(base, asBase64)}
	e, err := einoExt(base, asBase64)
	if err != nil {
		return nil, err
	}
	all = append(all, e)
	if !asBase64 { // these have no base64
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

// langchaingo with so many texts a request; 0: all that it is given.
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
