package providers_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// TestAbsurdDimensions: a slip of the user's is an error of opening. Without it, the first answer
// would take gigabytes or end the process.
func TestAbsurdDimensions(t *testing.T) {
	for _, variable := range []string{"COHERE", "VOYAGE", "JINA", "GEMINI", "DASHSCOPE", "AZURE_OPENAI"} {
		t.Setenv(variable+"_API_KEY", "k")
	}
	for _, reference := range []string{
		"openai:m?base_url=http://127.0.0.1:1&native_dimensions=", "openai:m?base_url=http://127.0.0.1:1&dimensions=",
		"vllm:m?native_dimensions=", "llamacpp:m?native_dimensions=", "lmstudio:m?native_dimensions=",
		"ollama:m?native_dimensions=", "ollama:m?dimensions=", "tei:m?native_dimensions=", "tei:m?dimensions=",
		"azure:m?base_url=https://r.openai.azure.com&native_dimensions=", "azure:m?base_url=https://r.openai.azure.com&dimensions=",
		"cohere:m?unlisted=true&dimensions=", "voyage:m?unlisted=true&dimensions=", "jina:m?unlisted=true&dimensions=",
		"gemini:m?unlisted=true&dimensions=", "gemini:gemini-embedding-001?unlisted=true&dimensions=",
		"dashscope:m?unlisted=true&dimensions=", "dashscope:text-embedding-v4?unlisted=true&dimensions=",
	} {
		for _, n := range []string{"65537", "1000000000", "288230376151711744", "9223372036854775807"} {
			_, err := providers.Open(reference + n)
			vendortest.Refused(t, reference+n, err, embedding.Invalid, "dimensions are "+n+"; a vector has at most 65536")
		}
		if _, err := providers.Open(reference + "4096"); err != nil && strings.Contains(err.Error(), "at most 65536") {
			t.Errorf("%s4096: got %v", reference, err)
		}
	}
}
