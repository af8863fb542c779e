package providers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
)

// The package documentation lists every provider, what stands before the colon of its references, and every option that one knows.
func TestDocumentationListsAll(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	expect.NoError(t, err)
	_, grammar, _ := strings.Cut(string(data), "# References")
	grammar, listed, ok := strings.Cut(grammar, "# Providers")
	listed, _, more := strings.Cut(listed, "# ")
	if !ok || !more {
		t.Fatal("doc.go has no list of providers")
	}
	for name, open := range providers.Builtin() {
		if !regexp.MustCompile(`(?m)^//\t` + name + `:`).MatchString(listed) {
			t.Errorf("%s is not in the list of providers", name)
		}
		_, err := open(providers.Ref{Provider: name, Model: "m", Values: map[string]string{"colour": "red"}})
		if err == nil {
			t.Errorf("%s takes any option", name)
			continue
		}
		_, known, _ := strings.Cut(err.Error(), "; there are ")
		for option := range strings.SplitSeq(known, ", ") {
			if !regexp.MustCompile(`\b` + option + `\b`).MatchString(grammar) {
				t.Errorf("%s knows the option %q, which the grammar does not name: %v", name, option, err)
			}
		}
	}
}

// keyless gives a test an environment in which no provider finds anything.
func keyless(t *testing.T) {
	for _, name := range []string{"DASHSCOPE_API_KEY", "DASHSCOPE_COMPATIBLE_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY",
		"AZURE_OPENAI_ENDPOINT", "MISTRAL_API_KEY", "SILICONFLOW_API_KEY", "OLLAMA_HOST", "TEI_BASE_URL",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
}

func TestOpen(t *testing.T) {
	keyless(t)
	t.Setenv("DASHSCOPE_API_KEY", "sk-china")
	t.Setenv("OTHER_KEY", "sk-singapore")
	for reference, want := range map[string]embedding.Model{
		"static:base":                            {Provider: "static", ID: "base", Dimensions: 256},
		"static:base?dimensions=64&space=mine":   {Provider: "static", ID: "base", Dimensions: 64, Space: "mine"},
		"dashscope:text-embedding-v4":            {Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024"},
		"dashscope:text-embedding-v3?region=hk":  {Provider: "dashscope", ID: "text-embedding-v3", Dimensions: 1024, Endpoint: "cn-hongkong.dashscope.aliyuncs.com", Space: "dashscope/text-embedding-v3@1024"},
		"dashscope:text-embedding-v4?space=mine": {Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope.aliyuncs.com", Space: "mine"},
		"dashscope:text-embedding-v4?base_url=http://127.0.0.1:8089/compatible-mode/v1&dimensions=64&key_env=OTHER_KEY": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 64, Endpoint: "127.0.0.1:8089", Space: "dashscope@127.0.0.1/text-embedding-v4@64"},
		"dashscope:next?unlisted=true&dimensions=7&max_texts=5&max_tokens=6&max_text_tokens=4&instruct=find it": {
			Provider: "dashscope", ID: "next", Dimensions: 7, Endpoint: "dashscope.aliyuncs.com", Space: "dashscope/next@7", Variant: "text_type,instruct=find it",
			Limits: embedding.Limits{Texts: 5, Tokens: 6, TextTokens: 4}},
		"dashscope:text-embedding-v4?region=intl&native=true&instruct=find it": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "dashscope-intl.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024", Variant: "native,text_type,instruct=find it"},
		"dashscope:text-embedding-v4?region=intl&workspace=llm-x1&text_type=true": {
			Provider: "dashscope", ID: "text-embedding-v4", Dimensions: 1024, Endpoint: "llm-x1.ap-southeast-1.maas.aliyuncs.com", Space: "dashscope/text-embedding-v4@1024", Variant: "text_type"},
		"openai:nomic-embed-text:latest?base_url=http://localhost:11434/v1&native_dimensions=768": {
			Provider: "localhost", ID: "nomic-embed-text:latest", Dimensions: 768, Endpoint: "localhost:11434", Space: "localhost/nomic-embed-text:latest@768"},
		"azure:docs?model=text-embedding-3-small&dimensions=512&base_url=https://mine.openai.azure.com&key_env=OTHER_KEY": {
			Provider: "azure", ID: "docs", Dimensions: 512, Endpoint: "mine.openai.azure.com", Space: "openai/text-embedding-3-small@512"},
		"azure:docs?native_dimensions=512&base_url=https://mine.openai.azure.com&key_env=OTHER_KEY&api_version=2024-10-21": {
			Provider: "mine.openai.azure.com", ID: "docs", Dimensions: 512, Endpoint: "mine.openai.azure.com", Space: "mine.openai.azure.com/docs@512"},
		"bedrock:eu.cohere.embed-v4:0?region=eu-west-1&dimensions=512&key_env=OTHER_KEY": {
			Provider: "bedrock", ID: "eu.cohere.embed-v4:0", Dimensions: 512, Endpoint: "bedrock-runtime.eu-west-1.amazonaws.com", Space: "bedrock/cohere.embed-v4:0@512", Variant: "input_type"},
		"siliconflow:BAAI/bge-m3?key_env=OTHER_KEY":                                                      {Provider: "siliconflow", ID: "BAAI/bge-m3", Dimensions: 1024, Endpoint: "api.siliconflow.cn", Space: "siliconflow/BAAI/bge-m3@1024"},
		"vllm:BAAI/bge-m3?native_dimensions=1024":                                                        {Provider: "127.0.0.1", ID: "BAAI/bge-m3", Dimensions: 1024, Endpoint: "127.0.0.1:8000", Space: "127.0.0.1/BAAI/bge-m3@1024"},
		"openai:m?base_url=http://lab.example/v1&key_env=OTHER_KEY&allow_http=true&encoding_format=none": {Provider: "lab.example", ID: "m", Endpoint: "lab.example"},
		"openai:text-embedding-3-small?key_env=OTHER_KEY&dimensions=512": {
			Provider: "openai", ID: "text-embedding-3-small", Dimensions: 512, Endpoint: "api.openai.com", Space: "openai/text-embedding-3-small@512"},
	} {
		e, err := providers.Open(reference)
		if err != nil {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		got := e.Model()
		if got.Provider != want.Provider || got.ID != want.ID || got.Dimensions != want.Dimensions || got.Endpoint != want.Endpoint || got.Variant != want.Variant {
			t.Errorf("%s: %+v", reference, got)
		}
		if want.Space != "" && got.Space != want.Space {
			t.Errorf("%s: the space is %q, want %q", reference, got.Space, want.Space)
		}
		if want.Limits != (embedding.Limits{}) && got.Limits != want.Limits {
			t.Errorf("%s: the limits are %+v, want %+v", reference, got.Limits, want.Limits)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	keyless(t)
	for _, tc := range []struct {
		reference string
		kind      embedding.Kind
		want      string
	}{
		{"", embedding.Invalid, "the reference is empty"},
		{"nobody:embed-v4", embedding.Invalid, `there is no provider "nobody"; there are ` + names(providers.Builtin())},
		{"http://localhost/v1", embedding.Invalid, `there is no provider "http"`},
		{"static:large", embedding.Invalid, `there is no model "large": there is "base"`},
		{"static:base?dimensions=100", embedding.Invalid, "100 dimensions: there are [256 128 64]"},
		{"static:base?base_url=http://localhost/v1", embedding.Invalid, `there is no option "base_url"; there are dimensions, space`},
		{"dashscope:text-embedding-v4?colour=red", embedding.Invalid, `there is no option "colour"; there are allow_http, base_url, dimensions, instruct, key_env, max_text_tokens, max_texts, max_tokens, native, region, space, text_type, unlisted, workspace`},
		{"dashscope:text-embedding-v4", embedding.Auth, "DASHSCOPE_API_KEY"},
		{"dashscope:text-embedding-v4?key_env=MINE", embedding.Auth, "set the variable MINE"},
		{"openai:text-embedding-3-small", embedding.Auth, "OPENAI_API_KEY"},
		{"bedrock:amazon.titan-embed-text-v2:0", embedding.Invalid, "AWS_REGION"},
		{"bedrock:amazon.titan-embed-text-v2:0?region=us-east-1", embedding.Auth, "AWS_ACCESS_KEY_ID"},
		{"azure:docs", embedding.Invalid, "AZURE_OPENAI_ENDPOINT"},
		{"mistral:mistral-embed", embedding.Auth, "set the variable MISTRAL_API_KEY"},
		{"mistral:mistral-embed?dimensions=512", embedding.Invalid, "mistral-embed has no 512 dimensions, it has 1024 only"},
		{"siliconflow:BAAI/bge-m3?base_url=https://proxy.example/v1", embedding.Auth, "SILICONFLOW_API_KEY is for the vendor's own address"},
		{"llamacpp:m?dimensions=64", embedding.Invalid, "native_dimensions="},
		{"openai:text-embedding-3-small?colour=red", embedding.Invalid, `there is no option "colour"; there are allow_http, base_url, dimensions, encoding_format, key_env, max_text_tokens, max_texts, max_tokens, native_dimensions, space`},
	} {
		e, err := providers.Open(tc.reference)
		if !errors.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.want) || e != nil {
			t.Errorf("%s: got %v, want %q", tc.reference, err, tc.want)
		}
	}
}

// A key in the environment is in no error of Open, whatever else is wrong.
func TestOpenShowsNoKey(t *testing.T) {
	const key = "not-in-the-usual-form-4711"
	for _, name := range []string{"DASHSCOPE_API_KEY", "OPENAI_API_KEY"} {
		t.Setenv(name, key)
	}
	for _, reference := range []string{
		"dashscope:text-embedding-v9", "dashscope:text-embedding-v4?dimensions=5", "dashscope:text-embedding-v4?base_url=http://host.example/v1",
		"openai:text-embedding-3-small?dimensions=5000", "dashscope:text-embedding-v4?base_url=https://" + key + "@host.example/v1",
		"openai:m?base_url=https://" + key + ":x@host.example/v1", "openai:m?base_url=https://host.example/v1?key=" + key,
		"openai:m?base_url=https://host.example/%25zz" + key, "dashscope:text-embedding-v4?key=" + key, "dashscope:text-embedding-v4?dimensions=" + key,
	} {
		if _, err := providers.Open(reference); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", strings.ReplaceAll(reference, key, "KEY"), err)
		}
	}
}

func names(t providers.Table) string { return strings.Join(slices.Sorted(maps.Keys(t)), ", ") }

func TestBuiltinIsFresh(t *testing.T) {
	table := providers.Builtin()
	table["acme"] = func(providers.Ref) (embedding.Embedder, error) { return nil, errors.New("acme is closed") }
	delete(table, "static")
	if _, err := table.Open("acme:large"); err == nil || err.Error() != "acme is closed" {
		t.Error(err)
	}
	if _, err := table.Open("static:base"); err == nil || !strings.Contains(err.Error(), "there are "+names(table)) {
		t.Error(err)
	}
	if providers.Builtin()["acme"] != nil || providers.Builtin()["static"] == nil {
		t.Error("a caller's edit is seen by others")
	}
}

// unguarded answers with no vectors at all.
type unguarded struct{}

func (unguarded) Model() embedding.Model { return embedding.Model{Provider: "acme", ID: "large"} }
func (unguarded) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, nil
}

func TestOpenGuards(t *testing.T) {
	table := providers.Table{"acme": func(providers.Ref) (embedding.Embedder, error) { return unguarded{}, nil }}
	e, err := table.Open("acme:large")
	expect.NoError(t, err)
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello"}}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("a provider that is not in Builtin is not guarded: %v", err)
	}
}

func ExampleOpen() {
	e, err := providers.Open("static:base?dimensions=64")
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"How do I compress a file?"})
	fmt.Println(len(vectors[0]), err)
	// Output: 64 <nil>
}

func ExampleTable() {
	table := providers.Builtin()
	table["acme"] = func(ref providers.Ref) (embedding.Embedder, error) {
		o := ref.Options()
		region := o.String("region")
		if err := o.Err(); err != nil { // refuses what was not asked for above
			return nil, err
		}
		return nil, fmt.Errorf("acme's %s in %s is not built yet", ref.Model, region)
	}
	_, err := table.Open("acme:large?region=moon")
	fmt.Println(err)
	_, err = table.Open("acme:large?regoin=moon")
	fmt.Println(err)
	// Output:
	// acme's large in moon is not built yet
	// embedding: acme:large: invalid request: there is no option "regoin"; there are region
}
