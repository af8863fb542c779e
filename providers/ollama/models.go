package ollama

import (
	"strings"

	"github.com/vecspace/embedding"
)

// modelInfo describes one model of Ollama's library, as documented. Models cost nothing. The server
// has no limit of texts for a request, and normalizes the vectors of every model.
type modelInfo struct {
	ID         string // without a tag
	Dimensions int    // before Options.Dimensions cuts the vectors
	Cuttable   bool   // trained for cutting its vectors
	TextTokens int    // of one text
	Prefixes   map[embedding.Task]string
	Unverified string // figures without a source
}

// models returns the embedding models of Ollama's library that this package knows.
//
// Sources: dimensions and lengths https://ollama.com/library/{ID}; prefixes the models' own cards,
// named beside each; unit length, also after cutting, server/routes.go of ollama/ollama at 00188139
// (EmbedHandler, normalize).
func models() []modelInfo {
	const represent = "Represent this sentence for searching relevant passages: "
	return []modelInfo{
		{
			ID: "nomic-embed-text", Dimensions: 768, Cuttable: true, TextTokens: 2048,
			// https://huggingface.co/nomic-ai/nomic-embed-text-v1.5
			Prefixes: map[embedding.Task]string{
				embedding.TaskDocument: "search_document: ", embedding.TaskQuery: "search_query: ",
				embedding.TaskSimilarity: "classification: ", embedding.TaskClassification: "classification: ",
				embedding.TaskClustering: "clustering: ",
			},
			Unverified: "text tokens, prefix of similarity",
		},
		{
			ID: "mxbai-embed-large", Dimensions: 1024, Cuttable: true, TextTokens: 512,
			// https://huggingface.co/mixedbread-ai/mxbai-embed-large-v1
			Prefixes: map[embedding.Task]string{embedding.TaskQuery: represent},
		},
		{
			ID: "embeddinggemma", Dimensions: 768, Cuttable: true, TextTokens: 2048,
			// https://huggingface.co/google/embeddinggemma-300m
			Prefixes: map[embedding.Task]string{
				embedding.TaskDocument: "title: none | text: ", embedding.TaskQuery: "task: search result | query: ",
				embedding.TaskSimilarity:     "task: sentence similarity | query: ",
				embedding.TaskClassification: "task: classification | query: ",
				embedding.TaskClustering:     "task: clustering | query: ",
			},
			Unverified: "prefixes",
		},
		{
			ID: "snowflake-arctic-embed2", Dimensions: 1024, Cuttable: true, TextTokens: 8192,
			// https://huggingface.co/Snowflake/snowflake-arctic-embed-l-v2.0
			Prefixes:   map[embedding.Task]string{embedding.TaskQuery: "query: "},
			Unverified: "text tokens",
		},
		// It takes no prefix: https://huggingface.co/BAAI/bge-m3.
		{ID: "bge-m3", Dimensions: 1024, TextTokens: 8192, Unverified: "text tokens"},
		// It takes no prefix. 256 tokens:
		// https://github.com/jeanibarz/knowledge-base-mcp-server/issues/86.
		{ID: "all-minilm", Dimensions: 384, TextTokens: 256, Unverified: "text tokens"},
	}
}

// tagged returns a model's name with its tag, which is latest by default.
func tagged(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}

// lookUp returns the table's entry of a model, if it has the default tag.
func lookUp(name string) (modelInfo, bool) {
	for _, m := range models() {
		if tagged(m.ID) == tagged(name) {
			return m, true
		}
	}
	return modelInfo{}, false
}
