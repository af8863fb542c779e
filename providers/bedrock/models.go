package bedrock

import "github.com/vecspace/embedding"

// modelInfo describes one model, as AWS documents it.
type modelInfo struct {
	ID         string
	Dimensions []int                     // the lengths on offer, the default first
	Tasks      map[embedding.Task]string // the model's names for them (input_type); nil if it has none
	Normalized bool
	Limits     embedding.Limits
	Price      embedding.Price // on demand, in us-east-1
	Unverified string          // figures that AWS' own pages do not confirm

	cut        string // the model's name for truncation; "" if it cannot cut
	characters int    // the most in one text, also in one that is cut; 0 means no such limit
}

const charactersV3 = 2_048

// models returns the text models of Bedrock that this package supports, newest first.
//
// Sources:
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
// (dimensions, normalize),
// https://docs.aws.amazon.com/bedrock/latest/userguide/titan-embedding-models.html (8,192 tokens,
// 50,000 characters),
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html (96 texts,
// 2,048 characters, NONE|START|END) and -v4.html (96 texts, 128,000 tokens, dimensions,
// NONE|LEFT|RIGHT).
func models() []modelInfo {
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: "2026-11-24"}
	}
	tasks := func() map[embedding.Task]string {
		return map[embedding.Task]string{
			embedding.TaskDocument: "search_document", embedding.TaskQuery: "search_query",
			embedding.TaskClassification: "classification", embedding.TaskClustering: "clustering",
		}
	}
	v3 := func(id string) modelInfo {
		return modelInfo{
			ID: id, Dimensions: []int{1024}, Tasks: tasks(), cut: "END", characters: charactersV3, Limits: embedding.Limits{Texts: 96, TextTokens: 512},
			Price: usd(0.10), Unverified: "price; normalized is not promised; a text has at most 2,048 characters, also where it is cut",
		}
	}
	return []modelInfo{
		{
			ID: "cohere.embed-v4:0", Dimensions: []int{1536, 1024, 512, 256}, Tasks: tasks(), cut: "RIGHT",
			Limits: embedding.Limits{Texts: 96, TextTokens: 128_000}, Price: usd(0.12), Unverified: "price; normalized is not promised",
		},
		{
			ID: "amazon.titan-embed-text-v2:0", Dimensions: []int{1024, 512, 256}, Normalized: true,
			Limits: embedding.Limits{Texts: 1, Tokens: 8_192, TextTokens: 8_192}, Price: usd(0.02), Unverified: "price",
		},
		v3("cohere.embed-multilingual-v3"),
		v3("cohere.embed-english-v3"),
	}
}
