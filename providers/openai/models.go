package openai

import "github.com/vecspace/embedding"

// ModelInfo is what OpenAI documents about one of its models.
type ModelInfo struct {
	ID         string
	Dimensions int  // the default, which is also the most
	Fixed      bool // takes no other length, and refuses to be told one
	Limits     embedding.Limits
	Price      embedding.Price
}

// Models returns OpenAI's own embedding models, newest first. The result is the caller's own.
//
// Sources: OpenAI's OpenAPI description (openai/openai-openapi: 2,048 inputs, 8,192 tokens an input, 300,000 tokens a
// request) and https://platform.openai.com/docs/pricing. Vectors have unit length at every dimension
// (https://platform.openai.com/docs/guides/embeddings).
func Models() []ModelInfo {
	limits := embedding.Limits{Texts: 2_048, Tokens: 300_000, TextTokens: 8_192}
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: "2026-11-01"}
	}
	return []ModelInfo{
		{ID: "text-embedding-3-small", Dimensions: 1_536, Limits: limits, Price: usd(0.02)},
		{ID: "text-embedding-3-large", Dimensions: 3_072, Limits: limits, Price: usd(0.13)},
		{ID: "text-embedding-ada-002", Dimensions: 1_536, Fixed: true, Limits: limits, Price: usd(0.10)},
	}
}
