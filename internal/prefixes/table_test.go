package prefixes

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestOf(t *testing.T) {
	for model, want := range map[string]string{
		"intfloat/multilingual-e5-large":          "e5",
		"intfloat/multilingual-e5-large-instruct": "e5-instruct",
		"multilingual-e5-small-q4":                "e5",
		"BAAI/bge-large-en-v1.5":                  "bge",
		"Pro/BAAI/bge-m3":                         "none",
		"/models/bge-large-en-v1.5-Q4_K_M.gguf":   "bge",
		`C:\models\bge-large-zh-v1.5.gguf`:        "bge-zh",
		"nomic-embed-text:latest":                 "nomic",
		"nomic-embed-text:v1.5":                   "nomic",
		"text-embedding-nomic-embed-text-v1.5":    "nomic",
		"google/embeddinggemma-300m-qat-q8_0":     "embeddinggemma",
		"Qwen/Qwen3-Embedding-0.6B-GGUF":          "qwen3",
		"qwen3-embedding:0.6b":                    "qwen3",
		"mixedbread-ai/mxbai-embed-large-v1":      "mxbai",
		"Snowflake/snowflake-arctic-embed-l-v2.0": "arctic2",
		"snowflake-arctic-embed:335m":             "arctic",
		"text-embedding-3-small":                  "none",
		"openai/text-embedding-3-small":           "none",
		// Names that only look alike.
		"e5":                             "",
		"e5-query":                       "",
		"acme-e5-large":                  "",
		"multilingual-e5-large-finetune": "",
		"bge-multilingual-gemma2":        "",
		"qwen3":                          "",
		"3":                              "",
		"":                               "",
	} {
		family, known := Of(model)
		if family.Name != want || known != (want != "") {
			t.Errorf("%q: got the row %q, want %q", model, family.Name, want)
		}
	}
}

// Each name means one row, and each row can be chosen by its name and by each of its models.
func TestFamilies(t *testing.T) {
	models := map[string]string{}
	for _, family := range Families() {
		got, err := Options{Prefix: family.Name}.Choose("acme", "")
		expect.NoError(t, err)
		expect.Equal(t, family.Name, got, family.Prefixes)
		for _, model := range family.Models {
			if other := models[bare(model)]; other != "" && other != family.Name {
				t.Errorf("%s is in the rows %s and %s", model, other, family.Name)
			}
			models[bare(model)] = family.Name
			got, err := Options{Prefix: Auto}.Choose(model, "")
			expect.NoError(t, err)
			expect.Equal(t, model, got, family.Prefixes)
		}
		if family.Prefixes[embedding.TaskQuery] == "" && family.Name != "none" {
			t.Errorf("the row %s has no prefix of queries", family.Name)
		}
	}
}
