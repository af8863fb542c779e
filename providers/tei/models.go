package tei

import "github.com/vecspace/embedding"

// modelInfo describes one model, as documented. Servers serve many more. They cost nothing and
// normalize vectors on request.
type modelInfo struct {
	ID         string // on the Hugging Face hub
	Dimensions int
	TextTokens int    // of one text
	Prefix     string // the row of package prefixes that its card asks for
	Unverified string // figures without a source
}

// Defaults returns the limits of a server with default flags: 32 texts (--max-client-batch-size)
// and 2 MB (--payload-limit), less a tenth for JSON.
//
// Source: https://github.com/huggingface/text-embeddings-inference/issues/50.
func Defaults() embedding.Limits { return embedding.Limits{Texts: 32, Bytes: 1_800_000} }

// models returns the models that this package knows.
//
// Source: the model's card, https://huggingface.co/{ID}.
func models() []modelInfo {
	return []modelInfo{
		{ID: "BAAI/bge-m3", Dimensions: 1024, TextTokens: 8192},
		{ID: "BAAI/bge-large-en-v1.5", Dimensions: 1024, TextTokens: 512, Prefix: "bge"},
		{ID: "BAAI/bge-base-en-v1.5", Dimensions: 768, TextTokens: 512, Prefix: "bge"},
		{ID: "BAAI/bge-small-en-v1.5", Dimensions: 384, TextTokens: 512, Prefix: "bge"},
		{ID: "intfloat/multilingual-e5-large", Dimensions: 1024, TextTokens: 512, Prefix: "e5"},
		{ID: "intfloat/multilingual-e5-base", Dimensions: 768, TextTokens: 512, Prefix: "e5"},
		{ID: "intfloat/multilingual-e5-small", Dimensions: 384, TextTokens: 512, Prefix: "e5"},
		{ID: "sentence-transformers/all-MiniLM-L6-v2", Dimensions: 384, TextTokens: 256, Unverified: "text tokens"},
	}
}

func lookUp(id string) modelInfo {
	for _, m := range models() {
		if m.ID == id {
			return m
		}
	}
	return modelInfo{ID: id}
}
