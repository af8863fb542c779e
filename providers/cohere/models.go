package cohere

import "github.com/vecspace/embedding"

// ModelInfo is what Cohere documents about one of its models.
type ModelInfo struct {
	ID         string
	Dimensions []int                     // every length a vector can have, the default first
	Tasks      map[embedding.Task]string // what the service calls them (input_type)
	Normalized bool                      // nothing is promised about the length of vectors
	Limits     embedding.Limits
	Price      embedding.Price // zero: none is listed
	Unverified string          // which of these figures were not checked against Cohere's own word; "" is none
}

// Models returns Cohere's embedding models, newest first. The result is the caller's own. The models of version 2 were
// retired in April 2026.
//
// Sources: dimensions and lengths https://docs.cohere.com/docs/embed-2, 96 texts https://docs.cohere.com/v2/reference/embed,
// the price of embed-v4.0 https://www.getmaxim.ai/bifrost/model-library/compare/cohere/embed-v4.0.md (no page of Cohere's own
// lists one for version 3).
func Models() []ModelInfo {
	v3 := func(id string, dims int) ModelInfo {
		return ModelInfo{ID: id, Dimensions: []int{dims}, Tasks: tasks(), Limits: embedding.Limits{Texts: 96, TextTokens: 512}}
	}
	return []ModelInfo{
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

// tasks are those that the API knows. It has no word for similarity.
func tasks() map[embedding.Task]string {
	return map[embedding.Task]string{
		embedding.TaskDocument: "search_document", embedding.TaskQuery: "search_query", embedding.TaskSimilarity: "search_document",
		embedding.TaskClassification: "classification", embedding.TaskClustering: "clustering",
	}
}
