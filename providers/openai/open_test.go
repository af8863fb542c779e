package openai_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
)

// unset empties the variables that a test's references would read.
func unset(t *testing.T) {
	for _, name := range []string{openai.KeyVariable, openai.BaseURLVariable, "MISTRAL_API_KEY", "SILICONFLOW_API_KEY"} {
		t.Setenv(name, "")
	}
}

func TestOpen(t *testing.T) {
	unset(t)
	t.Setenv("OTHER_KEY", "sk-singapore")
	vendortest.Opens(t, openai.Open, map[string]embedding.Model{
		"openai:nomic-embed-text:latest?base_url=http://localhost:11434/v1&native_dimensions=768": {
			Provider: "localhost", ID: "nomic-embed-text:latest", Dimensions: 768, Endpoint: "localhost:11434", Space: "localhost:11434/nomic-embed-text:latest@768"},
		"openai:m?base_url=http://lab.example/v1&key_env=OTHER_KEY&allow_http=true&encoding_format=none": {Provider: "lab.example", ID: "m", Endpoint: "lab.example"},
		"openai:text-embedding-3-small?key_env=OTHER_KEY&dimensions=512": {
			Provider: "openai", ID: "text-embedding-3-small", Dimensions: 512, Endpoint: "api.openai.com", Space: "openai/text-embedding-3-small@512"},
		"siliconflow:BAAI/bge-m3?key_env=OTHER_KEY": {Provider: "siliconflow", ID: "BAAI/bge-m3", Dimensions: 1024, Endpoint: "api.siliconflow.cn", Space: "siliconflow/BAAI/bge-m3@1024"},
		"vllm:BAAI/bge-m3?native_dimensions=1024":   {Provider: "127.0.0.1", ID: "BAAI/bge-m3", Dimensions: 1024, Endpoint: "127.0.0.1:8000", Space: "127.0.0.1:8000/BAAI/bge-m3@1024"},
	})
}

func TestOpenRefuses(t *testing.T) {
	unset(t)
	vendortest.BadReferences(t, openai.Open, embedding.Auth, map[string]string{
		"openai:text-embedding-3-small":                             "OPENAI_API_KEY",
		"mistral:mistral-embed":                                     "set the variable MISTRAL_API_KEY",
		"siliconflow:BAAI/bge-m3?base_url=https://proxy.example/v1": "SILICONFLOW_API_KEY is for the vendor's own address",
	})
	vendortest.BadReferences(t, openai.Open, embedding.Invalid, map[string]string{
		"mistral:mistral-embed?dimensions=512":    "mistral-embed has no 512 dimensions, it has 1024 only",
		"llamacpp:m?dimensions=64":                "native_dimensions=",
		"openai:text-embedding-3-small?color=red": `there is no option "color"; there are allow_http, base_url, dimensions, document_prefix, encoding_format, key_env, max_text_tokens, max_texts, max_tokens, native_dimensions, prefix, query_prefix, space`,
		"nobody:m": `there is no preset "nobody"`,
	})
}
