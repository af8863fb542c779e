package azure

import "github.com/vecspace/embedding"

// modelInfo describes a model that can be deployed, as documented.
type modelInfo struct {
	ID         string
	Dimensions int  // the default and the maximum
	Fixed      bool // refuses a length, even its own
	Normalized bool
	Limits     embedding.Limits
	Price      embedding.Price // of a global standard deployment
	Unverified string          // figures that Microsoft's own pages do not confirm
}

// models returns OpenAI's embedding models, newest first, as Azure serves them.
//
// Sources: 2,048 texts and 8,192 tokens of a text
// https://github.com/MicrosoftDocs/azure-ai-docs/blob/0b7d2ca02f46d37a0fb21dfea2f32bae3badce9d/articles/ai-services/openai/how-to/embeddings.md;
// only text-embedding-3 takes dimensions
// https://github.com/Azure/azure-rest-api-specs/blob/132b90d1f06386034a6c2b34e903dbd3b03f9806/specification/cognitiveservices/data-plane/AzureOpenAI/inference/stable/2024-10-21/inference.json.
// OpenAI allows 300,000 tokens a request. Some old deployments of text-embedding-ada-002 take 16
// texts, or 1; a TooLarge answer says so.
func models() []modelInfo {
	limits := embedding.Limits{Texts: 2_048, Tokens: 300_000, TextTokens: 8_192}
	model := func(id string, dims int, fixed bool, usd float64) modelInfo {
		return modelInfo{
			ID: id, Dimensions: dims, Fixed: fixed, Normalized: true, Limits: limits,
			Price:      embedding.Price{PerMillion: usd, Currency: "USD", AsOf: "2026-11-24"},
			Unverified: "tokens of a request, normalized, price (OpenAI's own; Azure's differs by region and deployment)",
		}
	}
	return []modelInfo{
		model("text-embedding-3-small", 1_536, false, 0.02),
		model("text-embedding-3-large", 3_072, false, 0.13),
		model("text-embedding-ada-002", 1_536, true, 0.10),
	}
}
