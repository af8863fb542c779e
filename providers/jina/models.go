package jina

import "github.com/vecspace/embedding"

// ModelInfo is what Jina documents about one of its models.
type ModelInfo struct {
	ID         string
	Dimensions []int                     // every length a vector can have, the default first
	Tasks      map[embedding.Task]string // what the service calls them; nil: the model takes none
	Normalized bool                      // it is asked for
	Limits     embedding.Limits
	Price      embedding.Price // zero: sources differ too much to name one
	Unverified string          // which of these figures were not checked against Jina's own word; "" is none
}

// Models returns Jina's text models, newest first. The result is the caller's own.
//
// Sources: tasks and dimensions (any number up to the longest; those here are what the models were trained for) Jina's OpenAPI
// document, https://github.com/tryAGI/Jina/blob/000487ec2b34e6106340fb0acecc085880621064/src/libs/Jina/openapi.json, which also
// says that v5-text-nano takes 8,192 tokens where other pages name 32,768; lengths of version 5
// https://huggingface.co/jinaai/jina-embeddings-v5-text-small, of versions 2 to 4
// https://qdrant.tech/documentation/embeddings/jina-embeddings. Two figures are below those of the service's own refusals, which are in
// testdata/errors.jsonl. It takes 2,048 texts and not 512; but its rate is in tokens, 1,000,000 a minute for most keys, so that
// 2,048 texts of 500 tokens are more than a minute's in one request, which no waiting would get through. And it names 8,194
// tokens for version 3, which would be the 8,192 that are documented and two that the tokenizer puts around a text.
func Models() []ModelInfo {
	limits := func(textTokens int) embedding.Limits { return embedding.Limits{Texts: 512, TextTokens: textTokens} }
	retrieval := func(similarity, classification, clustering string) map[embedding.Task]string {
		return map[embedding.Task]string{
			embedding.TaskDocument: "retrieval.passage", embedding.TaskQuery: "retrieval.query",
			embedding.TaskSimilarity: similarity, embedding.TaskClassification: classification, embedding.TaskClustering: clustering,
		}
	}
	v2 := func(id string) ModelInfo {
		return ModelInfo{ID: id, Dimensions: []int{768}, Normalized: true, Limits: limits(8192)}
	}
	return []ModelInfo{
		{
			ID: "jina-embeddings-v5-text-small", Dimensions: []int{1024, 768, 512, 256, 128, 64, 32},
			Tasks: retrieval("text-matching", "classification", "clustering"), Normalized: true, Limits: limits(32_768),
		},
		{
			ID: "jina-embeddings-v5-text-nano", Dimensions: []int{768, 512, 256, 128, 64, 32},
			Tasks: retrieval("text-matching", "classification", "clustering"), Normalized: true, Limits: limits(8_192),
		},
		{
			ID: "jina-embeddings-v4", Dimensions: []int{2048, 1024, 512, 256, 128},
			Tasks: retrieval("text-matching", "text-matching", "text-matching"), Normalized: true, Limits: limits(32_768),
			Unverified: "normalized (Jina's document of version 4 has no such field)",
		},
		{
			ID: "jina-embeddings-v3", Dimensions: []int{1024, 768, 512, 256, 128, 64, 32},
			Tasks: retrieval("text-matching", "classification", "separation"), Normalized: true, Limits: limits(8_192),
		},
		v2("jina-embeddings-v2-base-en"), v2("jina-embeddings-v2-base-de"), v2("jina-embeddings-v2-base-es"), v2("jina-embeddings-v2-base-zh"),
	}
}
