package jina

import "github.com/vecspace/embedding"

// modelInfo describes one model, as Jina documents it.
type modelInfo struct {
	ID         string
	Dimensions []int                     // the lengths on offer, the default first
	Tasks      map[embedding.Task]string // the service's names for them; nil if it takes none
	Normalized bool                      // on request
	Limits     embedding.Limits
	Price      embedding.Price // zero: sources differ too much
	Unverified string          // figures that Jina's own pages do not confirm
}

// models returns Jina's text models, newest first.
//
// Sources: tasks and dimensions (any number up to the longest; the models were trained for these)
// from Jina's OpenAPI document,
// https://github.com/tryAGI/Jina/blob/000487ec2b34e6106340fb0acecc085880621064/src/libs/Jina/openapi.json,
// which also says that v5-text-nano takes 8,192 tokens where other pages say 32,768; lengths of
// version 5 https://huggingface.co/jinaai/jina-embeddings-v5-text-small, of versions 2 to 4
// https://qdrant.tech/documentation/embeddings/jina-embeddings.
//
// Two figures are lower than in the service's own refusals, which are in testdata/errors.jsonl. The
// service takes 2,048 texts, not 512. But its rate is in tokens, 1,000,000 a minute for most keys,
// so one request with 2,048 texts of 500 tokens would exceed a minute's quota, and no wait would
// help. And it names 8,194 tokens for version 3: the documented 8,192 and two that the tokenizer
// adds.
func models() []modelInfo {
	limits := func(textTokens int) embedding.Limits { return embedding.Limits{Texts: 512, TextTokens: textTokens} }
	retrieval := func(similarity, classification, clustering string) map[embedding.Task]string {
		return map[embedding.Task]string{
			embedding.TaskDocument: "retrieval.passage", embedding.TaskQuery: "retrieval.query",
			embedding.TaskSimilarity: similarity, embedding.TaskClassification: classification, embedding.TaskClustering: clustering,
		}
	}
	v2 := func(id string) modelInfo {
		return modelInfo{ID: id, Dimensions: []int{768}, Normalized: true, Limits: limits(8192)}
	}
	return []modelInfo{
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
