package gemini

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
)

// modelInfo describes one model, as Google documents it.
type modelInfo struct {
	ID         string
	Dimensions int                       // the default and the maximum
	Shortest   int                       // lengths from here to Dimensions are on offer
	Tasks      map[embedding.Task]string // the service's names for them (taskType); nil if none
	Prefixes   prefixes.Prefixes         // of a model without task types
	Normalized bool                      // by this package
	Limits     embedding.Limits
	Price      embedding.Price
	Unmetered  bool   // tokens are not counted
	Unverified string // figures that Google's own pages do not confirm
}

// models returns the Gemini API's embedding models.
//
// Sources: length, dimensions and price of gemini-embedding-001
// https://developers.googleblog.com/en/gemini-embedding-available-gemini-api/; gemini-embedding-2
// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/models/gemini/embedding-2; 100 texts:
// the service's own refusal, in testdata/errors.jsonl; dimensions from 128
// https://ai.google.dev/gemini-api/docs/models/gemini-embedding-001 and .../gemini-embedding-2;
// prefixes https://ai.google.dev/gemini-api/docs/embeddings.
func models() []modelInfo {
	usd := func(perMillion float64, asOf string) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: asOf}
	}
	return []modelInfo{
		{
			ID: "gemini-embedding-2", Dimensions: 3072, Shortest: 128, Normalized: true,
			Prefixes: prefixes.Prefixes{
				embedding.TaskDocument: "title: none | text: ", embedding.TaskQuery: "task: search result | query: ",
				embedding.TaskSimilarity:     "task: sentence similarity | query: ",
				embedding.TaskClassification: "task: classification | query: ",
				embedding.TaskClustering:     "task: clustering | query: ",
			},
			Limits: embedding.Limits{Texts: 100, TextTokens: 8192}, Price: usd(0.20, "2026-11-24"),
			Unverified: "prefixes, price",
		},
		{
			ID: "gemini-embedding-001", Dimensions: 3072, Shortest: 128, Tasks: taskTypes(), Normalized: true,
			Limits: embedding.Limits{Texts: 100, TextTokens: 2048}, Price: usd(0.15, "2025-07-14"),
			Unmetered: true,
		},
	}
}

func taskTypes() map[embedding.Task]string {
	return map[embedding.Task]string{
		embedding.TaskDocument: "RETRIEVAL_DOCUMENT", embedding.TaskQuery: "RETRIEVAL_QUERY",
		embedding.TaskSimilarity:     "SEMANTIC_SIMILARITY",
		embedding.TaskClassification: "CLASSIFICATION", embedding.TaskClustering: "CLUSTERING",
	}
}
