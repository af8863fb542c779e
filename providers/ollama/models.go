package ollama

import "strings"

// modelInfo describes one model of Ollama's library, as documented. Models cost nothing. The server
// has no limit of texts for a request, and normalizes the vectors of every model.
type modelInfo struct {
	ID         string // without a tag
	Dimensions int    // before Options.Dimensions cuts the vectors
	Cuttable   bool   // trained for cutting its vectors
	TextTokens int    // of one text
	Prefix     string // the row of package prefixes that its card asks for
	Unverified string // figures without a source
}

// models returns the embedding models of Ollama's library that this package knows.
//
// Sources: dimensions and lengths https://ollama.com/library/{ID}; prefixes as package prefixes has
// them; unit length, also after cutting, server/routes.go of ollama/ollama at 00188139
// (EmbedHandler, normalize).
func models() []modelInfo {
	return []modelInfo{
		{
			ID: "nomic-embed-text", Dimensions: 768, Cuttable: true, TextTokens: 2048, Prefix: "nomic",
			Unverified: "text tokens, prefix of similarity",
		},
		{ID: "mxbai-embed-large", Dimensions: 1024, Cuttable: true, TextTokens: 512, Prefix: "mxbai"},
		{ID: "embeddinggemma", Dimensions: 768, Cuttable: true, TextTokens: 2048, Prefix: "embeddinggemma", Unverified: "prefixes"},
		{ID: "snowflake-arctic-embed2", Dimensions: 1024, Cuttable: true, TextTokens: 8192, Prefix: "arctic2", Unverified: "text tokens"},
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
