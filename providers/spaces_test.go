package providers_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

// opened returns an Embedder with the Model of a reference and the dimensions that Probe learns.
func opened(t *testing.T, reference string, dims int) embedding.Embedder {
	t.Helper()
	e, err := providers.Open(reference)
	expect.NoError(t, err)
	m := e.Model()
	if m.Dimensions == 0 {
		m.Dimensions = dims
	}
	return embedding.Chain(described{m})
}

// described is an Embedder of which only the Model is used.
type described struct{ model embedding.Model }

func (d described) Model() embedding.Model { return d.model }
func (described) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, errors.ErrUnsupported
}

// TestTwoServersAreTwoSpaces: a server at an address of the user's is a space of its own, whatever
// provider names it and whether its dimensions are known or learned.
func TestTwoServersAreTwoSpaces(t *testing.T) {
	keyless(t)
	t.Setenv("K", "k")
	for reference, path := range map[string]string{
		"openai:m?native_dimensions=4":                         "/v1",
		"openai:m?a=1":                                         "/v1",
		"vllm:m?dimensions=4":                                  "/v1",
		"llamacpp:default?native_dimensions=4":                 "/v1",
		"lmstudio:m?a=1":                                       "/v1",
		"localai:m?a=1":                                        "/v1",
		"mistral:mistral-embed?key_env=K":                      "/v1",
		"zhipu:embedding-3?key_env=K":                          "/api/paas/v4",
		"volcengine:m?key_env=K":                               "/api/v3",
		"ollama:my-own?native_dimensions=4":                    "",
		"ollama:my-own?a=1":                                    "",
		"ollama:nomic-embed-text?a=1":                          "",
		"tei:BAAI/bge-m3?a=1":                                  "",
		"tei:mine?a=1":                                         "",
		"cohere:embed-v4.0?key_env=K":                          "/v2",
		"cohere:tomorrow?key_env=K&unlisted=true":              "/v2",
		"voyage:voyage-4-large?key_env=K":                      "/v1",
		"voyage:tomorrow?key_env=K&unlisted=true":              "/v1",
		"jina:tomorrow?key_env=K&unlisted=true":                "/v1",
		"gemini:gemini-embedding-2?key_env=K":                  "/v1beta",
		"gemini:tomorrow?key_env=K&unlisted=true":              "/v1beta",
		"dashscope:text-embedding-v4?key_env=K":                "/compatible-mode/v1",
		"bedrock:cohere.embed-v4:0?key_env=K&region=us-east-1": "",
		"azure:mine?key_env=K":                                 "/openai/v1",
	} {
		at := func(base, more string) embedding.Embedder {
			t.Helper()
			return opened(t, strings.ReplaceAll(reference, "?a=1", "?max_texts=9")+"&base_url="+base+path+more, 4)
		}
		one, other := at("http://127.0.0.1:18081", ""), at("http://127.0.0.1:18082", "")
		expect.Equal(t, reference+": the same server twice", at("http://127.0.0.1:18081", "").Model().Space.Same(one.Model().Space), true)
		expect.Equal(t, reference+": two ports", other.Model().Space.Same(one.Model().Space), false)
		expect.Equal(t, reference+": two paths", at("http://127.0.0.1:18081/bge", "").Model().Space.Same(at("http://127.0.0.1:18081/e5", "").Model().Space), false)
		expect.Equal(t, reference+": a path and none", at("http://127.0.0.1:18081/bge", "").Model().Space.Same(one.Model().Space), false)
		_, err := middleware.Fallback(middleware.FallbackOptions{}, one, other)
		vendortest.Refused(t, reference+": Fallback of two ports", err, nil, "space=")
		one, other = at("http://127.0.0.1:18081", "&space=mine"), at("http://127.0.0.1:18082", "&space=mine")
		if _, err := middleware.Fallback(middleware.FallbackOptions{}, one, other); err != nil {
			t.Errorf("%s: Fallback of two ports with space=: got %v, want no error", reference, err)
		}
	}
}

// TestSpacesOfEarlierVersions: what a server's space was called without its port and path.
func TestSpacesOfEarlierVersions(t *testing.T) {
	keyless(t)
	t.Setenv("K", "k")
	for reference, old := range map[string]embedding.Space{
		"openai:default?native_dimensions=4&base_url=http://127.0.0.1:18080/v1": "127.0.0.1/default@4",
		"openai:m?base_url=https://gw.example/bge/v1":                           "gw.example/m@4",
		"llamacpp:default?native_dimensions=4":                                  "127.0.0.1/default@4",
		"ollama:my-own?base_url=http://gpu.example:11434":                       "ollama/my-own:latest@4",
		"tei:BAAI/bge-m3?base_url=http://tei.example":                           "tei/BAAI/bge-m3@1024",
		"mistral:mistral-embed?key_env=K&base_url=http://127.0.0.1:9/v1":        "mistral@127.0.0.1/mistral-embed@1024",
		"dashscope:text-embedding-v4?key_env=K&base_url=http://127.0.0.1:9/v1":  "dashscope@127.0.0.1/text-embedding-v4@1024",
		"voyage:voyage-4-lite?key_env=K&base_url=http://127.0.0.1:9/v1":         "voyage@127.0.0.1/voyage-4@1024",
		"azure:mine?key_env=K&native_dimensions=4&base_url=http://127.0.0.1:9":  "127.0.0.1/mine@4",
	} {
		m := opened(t, reference, 4).Model()
		if got := spaces.Keep(m, old); !strings.Contains(got, "add space="+string(old)+" to the reference") {
			t.Errorf("%s: of the stored space %s and %s: got %q, want the space= that keeps it", reference, old, m.Space, got)
		}
		kept := opened(t, reference+map[bool]string{true: "&", false: "?"}[strings.Contains(reference, "?")]+"space="+string(old), 4).Model()
		expect.Equal(t, reference+" with space=", kept.Space, old)
	}
	// What had no address of its own keeps its space.
	for reference, want := range map[string]embedding.Space{
		"ollama:nomic-embed-text":                                          "ollama/nomic-embed-text:latest@768",
		"ollama:nomic-embed-text?base_url=http://localhost:11434":          "ollama/nomic-embed-text:latest@768",
		"tei:BAAI/bge-m3":                                                  "tei/BAAI/bge-m3@1024",
		"openai:m?native_dimensions=4&base_url=https://api.new.example/v1": "api.new.example/m@4",
		"openai:text-embedding-3-small?key_env=K":                          "openai/text-embedding-3-small@1536",
	} {
		expect.Equal(t, reference, opened(t, reference, 4).Model().Space, want)
	}
}

// TestCutTextsAreAnotherVariant: a chain that refuses long texts never finds a cut text's vector.
func TestCutTextsAreAnotherVariant(t *testing.T) {
	keyless(t)
	t.Setenv("K", "k")
	for _, reference := range []string{
		"cohere:embed-v4.0?key_env=K", "voyage:voyage-4-large?key_env=K", "voyage:voyage-4-large?key_env=K&plain=true",
		"jina:jina-embeddings-v5-text-small?key_env=K", "jina:jina-embeddings-v5-text-small?key_env=K&plain=true",
		"ollama:nomic-embed-text?plain=true", "ollama:nomic-embed-text?context=64", "tei:BAAI/bge-m3?plain=true", "tei:m?query_prompt=q",
		"bedrock:cohere.embed-v4:0?key_env=K&region=us-east-1",
	} {
		whole, cut := opened(t, reference, 4).Model(), opened(t, reference+"&truncate=true", 4).Model()
		expect.Equal(t, reference+": truncate=false", opened(t, reference+"&truncate=false", 4).Model().Variant, whole.Variant)
		expect.Equal(t, reference+": one space", whole.Space.Same(cut.Space), true)
		if whole.Variant == cut.Variant {
			t.Errorf("%s: got the variant %q with truncate=true and without, want two", reference, cut.Variant)
		}
	}
	if a, b := opened(t, "ollama:m?truncate=true&context=64", 4).Model(), opened(t, "ollama:m?truncate=true&context=128", 4).Model(); a.Variant == b.Variant {
		t.Errorf("got the variant %q for texts cut at 64 and at 128 tokens, want two", a.Variant)
	}
}
