package cohere

import "github.com/vecspace/embedding"

// modelInfo describes one model, as Cohere documents it.
type modelInfo struct {
	ID         string
	Dimensions []int                     // the lengths on offer, the default first
	Tasks      map[embedding.Task]string // the service's names for them (input_type)
	Normalized bool                      // Cohere promises no length
	Limits     embedding.Limits
	Price      embedding.Price // zero if none is listed
	Unverified string          // figures that Cohere's own pages do not confirm
}

// models returns Cohere's embedding models, newest first. The models of version 2 were
// retired in April 2026.
//
// Sources: dimensions and lengths https://docs.cohere.com/docs/embed-2, 96 texts
// https://docs.cohere.com/v2/reference/embed, the price of embed-v4.0
// https://www.getmaxim.ai/bifrost/model-library/compare/cohere/embed-v4.0.md (no page of Cohere's
// own lists one for version 3).
func models() []modelInfo {
	v3 := func(id string, dims int) modelInfo {
		return modelInfo{ID: id, Dimensions: []int{dims}, Tasks: tasks(), Limits: embedding.Limits{Texts: 96, TextTokens: 512}}
	}
	return []modelInfo{
		{
			ID: "embed-v4.0", Dimensions: []int{1536, 1024, 512, 256}, Tasks: tasks(), Limits: embedding.Limits{Texts: 96, TextTokens: 128_000},
			Price: embedding.Price{PerMillion: 0.12, Currency: "USD", AsOf: "2026-11-24"}, Unverified: "price",
		},
		v3("embed-english-v3.0", 1024),
		v3("embed-multilingual-v3.0", 1024),
		v3("embed-english-light-v3.0", 384),
		v3("embed-multilingual-light-v3.0", 384),
	}
}

// tasks returns the API's names of tasks. It has none for similarity.
func tasks() map[embedding.Task]string {
	return map[embedding.Task]string{
		embedding.TaskDocument: "search_document", embedding.TaskQuery: "search_query", embedding.TaskSimilarity: "search_document",
		embedding.TaskClassification: "classification", embedding.TaskClustering: "clustering",
	}
}
