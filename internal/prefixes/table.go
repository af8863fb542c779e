package prefixes

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
)

// Family is a row of the table: models that were trained with the same prefixes.
type Family struct {
	Name     string // the value of prefix=
	Prefixes Prefixes
	Models   []string // names without an organization, in lower case
}

// Families returns the table.
//
// Sources: the models' cards, https://huggingface.co/{organization}/{model}, which each row names.
func Families() []Family {
	const (
		represent = "Represent this sentence for searching relevant passages: "
		instruct  = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
	)
	query := func(s string) Prefixes { return Prefixes{embedding.TaskQuery: s} }
	return []Family{
		{
			// intfloat/multilingual-e5-large, intfloat/e5-large-v2: "query: " for symmetric tasks too.
			Name: "e5",
			Prefixes: Prefixes{
				embedding.TaskDocument: "passage: ", embedding.TaskQuery: "query: ", embedding.TaskSimilarity: "query: ",
				embedding.TaskClassification: "query: ", embedding.TaskClustering: "query: ",
			},
			Models: []string{
				"multilingual-e5-small", "multilingual-e5-base", "multilingual-e5-large",
				"e5-small", "e5-base", "e5-large", "e5-small-v2", "e5-base-v2", "e5-large-v2",
			},
		},
		{
			// intfloat/multilingual-e5-large-instruct, intfloat/e5-mistral-7b-instruct: documents without.
			// The task is the cards' example of a search.
			Name: "e5-instruct", Prefixes: query(instruct + " "),
			Models: []string{"multilingual-e5-large-instruct", "e5-mistral-7b-instruct"},
		},
		{
			// BAAI/bge-large-en-v1.5: documents without.
			Name: "bge", Prefixes: query(represent),
			Models: []string{"bge-small-en", "bge-base-en", "bge-large-en", "bge-small-en-v1.5", "bge-base-en-v1.5", "bge-large-en-v1.5"},
		},
		{
			// BAAI/bge-large-zh-v1.5: documents without.
			Name: "bge-zh", Prefixes: query("为这个句子生成表示以用于检索相关文章："),
			Models: []string{"bge-small-zh", "bge-base-zh", "bge-large-zh", "bge-small-zh-v1.5", "bge-base-zh-v1.5", "bge-large-zh-v1.5"},
		},
		{
			// nomic-ai/nomic-embed-text-v1.5, nomic-ai/nomic-embed-text-v2-moe. They do not name similarity.
			Name: "nomic",
			Prefixes: Prefixes{
				embedding.TaskDocument: "search_document: ", embedding.TaskQuery: "search_query: ",
				embedding.TaskSimilarity: "classification: ", embedding.TaskClassification: "classification: ",
				embedding.TaskClustering: "clustering: ",
			},
			Models: []string{"nomic-embed-text", "nomic-embed-text-v1", "nomic-embed-text-v1.5", "nomic-embed-text-v2-moe"},
		},
		{
			// google/embeddinggemma-300m, which has to be asked for: read in copies.
			Name: "embeddinggemma",
			Prefixes: Prefixes{
				embedding.TaskDocument: "title: none | text: ", embedding.TaskQuery: "task: search result | query: ",
				embedding.TaskSimilarity:     "task: sentence similarity | query: ",
				embedding.TaskClassification: "task: classification | query: ",
				embedding.TaskClustering:     "task: clustering | query: ",
			},
			Models: []string{"embeddinggemma", "embeddinggemma-300m"},
		},
		{
			// Qwen/Qwen3-Embedding-8B: documents without, and no space behind the last colon. The task is
			// the card's example of a search.
			Name: "qwen3", Prefixes: query(instruct),
			Models: []string{"qwen3-embedding", "qwen3-embedding-0.6b", "qwen3-embedding-4b", "qwen3-embedding-8b"},
		},
		{
			// mixedbread-ai/mxbai-embed-large-v1: documents without.
			Name: "mxbai", Prefixes: query(represent),
			Models: []string{"mxbai-embed-large", "mxbai-embed-large-v1"},
		},
		{
			// Snowflake/snowflake-arctic-embed-m-v1.5: documents without.
			Name: "arctic", Prefixes: query(represent),
			Models: []string{
				"snowflake-arctic-embed", "snowflake-arctic-embed-xs", "snowflake-arctic-embed-s", "snowflake-arctic-embed-m",
				"snowflake-arctic-embed-m-long", "snowflake-arctic-embed-l", "snowflake-arctic-embed-m-v1.5",
			},
		},
		{
			// Snowflake/snowflake-arctic-embed-l-v2.0: documents without.
			Name: "arctic2", Prefixes: query("query: "),
			Models: []string{"snowflake-arctic-embed2", "snowflake-arctic-embed-m-v2.0", "snowflake-arctic-embed-l-v2.0"},
		},
		{
			// BAAI/bge-m3, sentence-transformers/all-MiniLM-L6-v2, netease-youdao/bce-embedding-base_v1, and
			// OpenAI's own models, whose API has no roles.
			Name: "none",
			Models: []string{
				"bge-m3", "all-minilm", "all-minilm-l6-v2", "all-minilm-l12-v2", "bce-embedding-base_v1",
				"text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002",
			},
		},
	}
}

func find(name string) (Family, bool) {
	all := Families()
	at := slices.IndexFunc(all, func(f Family) bool { return f.Name == name })
	if at < 0 {
		return Family{}, false
	}
	return all[at], true
}

// Of returns the row of a model, whose name may be that of a file or have an organization, a tag,
// or a suffix for its number format: Qwen/Qwen3-Embedding-8B, nomic-embed-text:v1.5,
// bge-large-en-v1.5-Q8_0.gguf.
func Of(model string) (Family, bool) {
	name := bare(model)
	all := Families()
	at := slices.IndexFunc(all, func(f Family) bool {
		return slices.ContainsFunc(f.Models, func(id string) bool { return bare(id) == name })
	})
	if at < 0 {
		return Family{}, false
	}
	return all[at], true
}

// formats matches what files of the same model in other numbers add to its name.
var formats = regexp.MustCompile(`[-._](gguf|onnx|mlx|f16|f32|fp16|fp32|bf16|int8|[48]bit|i?q[2-8](_[0-9a-z]+)*|qat)$`)

// bare returns a model's name without what does not decide its prefixes.
func bare(model string) string {
	name := strings.ToLower(model)
	name = name[strings.LastIndexAny(name, `/\`)+1:] // an organization or a folder
	name, _, _ = strings.Cut(name, ":")              // Ollama's tag
	for formats.MatchString(name) {
		name = formats.ReplaceAllString(name, "")
	}
	return strings.TrimPrefix(name, "text-embedding-") // LM Studio's
}
