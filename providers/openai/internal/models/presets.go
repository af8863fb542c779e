// Package models is the table of the vendors and servers on OpenAI's wire and of their models, for
// the provider and its emulators.
package models

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/internal/setup"
)

// Preset is a vendor or a server on OpenAI's wire, with its differences. Options.Preset and the
// part of a reference before the colon name it.
type Preset struct {
	Name        string
	Title       string
	BaseURL     string // the vendor's own, or a Local server's default
	KeyVariable string
	// Local marks a server that people run themselves. It needs no key and may serve anything under
	// any name, so the host is the Provider of its models, as without a preset.
	Local bool
	// DimensionsField is the field that asks for a length of vectors. "" means that there is none: New
	// refuses Options.Dimensions.
	DimensionsField string
	EncodingFormat  string // the default of Options
	Cuts            bool   // texts that are too long are cut without an error
	Unmetered       bool   // tokens are not counted
	Models          []Info
	Batch           *Batch // nil means that no batch API is known
	Unverified      string // what of the row has no good source
}

// Batch is a vendor's batch API.
type Batch struct {
	Endpoint   string // of the requests in a file
	Lines      int    // of a file
	Bytes      int    // of a file
	Window     time.Duration
	Share      float64 // of the price
	Jobs       bool    // the wire is Mistral's
	Unverified string  // what of it has no good source
}

// Presets returns all presets, OpenAI first. Comments list what each vendor rejects or
// ignores, with a source for each row.
func Presets() []Preset {
	return []Preset{
		{
			// Rejects more than 2,048 texts, empty texts, and dimensions for ada-002.
			// Source: https://github.com/openai/openai-openapi at f85dbe22
			Name: "openai", Title: "OpenAI", BaseURL: "https://api.openai.com/v1", KeyVariable: "OPENAI_API_KEY",
			DimensionsField: "dimensions", EncodingFormat: "base64", Models: openAI(),
			// Source: https://platform.openai.com/docs/guides/batch (half the price, 24 h), the description
			//   above (50,000 requests and 50,000 texts, 200 MB)
			Batch: &Batch{Endpoint: "/v1/embeddings", Lines: 50_000, Bytes: 200e6, Window: 24 * time.Hour, Share: 0.5},
		},
		mistral(), siliconFlow(), zhipu(), volcengine(), together(), openRouter(), deepInfra(),
		{
			// Rejects dimensions for models that do not declare Matryoshka vectors (400), and unknown
			// model names (404).
			// Source: https://github.com/vllm-project/vllm/pull/16331,
			//   https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
			Name: "vllm", Title: "vLLM", BaseURL: "http://127.0.0.1:8000/v1", KeyVariable: "VLLM_API_KEY", Local: true,
			DimensionsField: "dimensions", EncodingFormat: "float",
		},
		{
			// Ignores dimensions, cuts texts that are too long without an error, and reports 0 tokens.
			// Source: https://lmstudio.ai/docs/developer/openai-compat,
			//   https://github.com/curvedinf/dir-assistant/issues/19 (cuts),
			//   https://github.com/cheshire-cat-ai/core/issues/1014 (0 tokens),
			//   https://github.com/agustif/opencode-lmstudio/issues/41 (key variable)
			Name: "lmstudio", Title: "LM Studio", BaseURL: "http://127.0.0.1:1234/v1", KeyVariable: "LM_API_TOKEN", Local: true,
			EncodingFormat: "float", Cuts: true, Unmetered: true,
			Unverified: "dimensions",
		},
		{
			// Ignores dimensions. Rejects a text longer than the physical batch (500).
			// Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md, and a server
			//   that was run
			Name: "llamacpp", Title: "llama.cpp", BaseURL: "http://127.0.0.1:8080/v1", KeyVariable: "LLAMA_API_KEY", Local: true,
			EncodingFormat: "float",
		},
		{
			// Ignores dimensions, and reports 0 tokens.
			// Source: https://github.com/mudler/LocalAI core/http/endpoints/openai/embeddings.go at 00fcf693
			//   (fields, tokens), core/cli/run.go (key variable)
			Name: "localai", Title: "LocalAI", BaseURL: "http://127.0.0.1:8080/v1", KeyVariable: "LOCALAI_API_KEY", Local: true,
			EncodingFormat: "float", Unmetered: true,
		},
	}
}

// read is the day when prices and pages were read.
const read = "2026-11-24"

func mistral() Preset {
	return Preset{
		// Rejects every field that is not its own, such as dimensions and user (422).
		// Source: https://github.com/mistralai/platform-docs-public openapi.yaml at 222f4ba9
		//   (additionalProperties: false), src/schema/models/models/mistral-embed-23-12.ts at 0a5d2839
		//   and codestral-embed-25-05.ts at 038807d6 (prices, length of a text),
		//   docs/capabilities/embeddings.mdx at 114e5341 (unit length of mistral-embed)
		Name: "mistral", Title: "Mistral", BaseURL: "https://api.mistral.ai/v1", KeyVariable: "MISTRAL_API_KEY",
		DimensionsField: "output_dimension", EncodingFormat: "float",
		Models: []Info{
			{
				ID: "mistral-embed", Dimensions: 1024, Fixed: true, Normalized: true,
				Limits: embedding.Limits{Tokens: 16_384, TextTokens: 8_192}, // 16,384 is from a refusal
				Price:  embedding.Price{PerMillion: 0.10, Currency: "USD", AsOf: read},
			},
			{
				ID: "codestral-embed", Dimensions: 1536, Longest: 3072,
				Limits: embedding.Limits{Tokens: 16_384, TextTokens: 8_192},
				Price:  embedding.Price{PerMillion: 0.15, Currency: "USD", AsOf: read},
			},
		},
		// Source: https://docs.mistral.ai/studio-api/batch-processing (half the price, a million requests,
		//   lines), https://github.com/mistralai/client-python docs/sdks/batchjobs/README.md at 6475b1ca
		//   (jobs, pages)
		Batch: &Batch{Endpoint: "/v1/embeddings", Lines: 1_000_000, Bytes: 100e6, Window: 24 * time.Hour, Share: 0.5, Jobs: true,
			Unverified: "the bytes of a file, and the form of its answers (OpenAI's is read)"},
	}
}

func siliconFlow() Preset {
	qwen := func(id string, lengths ...int) Info {
		return Info{
			ID: id, Dimensions: lengths[0], Lengths: lengths, Limits: embedding.Limits{Texts: 64, TextTokens: 32_768},
			Unverified: "texts, price",
		}
	}
	fixed := func(id string, dims, tokens int) Info {
		return Info{ID: id, Dimensions: dims, Fixed: true, Limits: embedding.Limits{Texts: 64, TextTokens: tokens}, Unverified: "price"}
	}
	return Preset{
		// Rejects dimensions for all but the Qwen3 models, and more than 64 texts (413). A text too long
		// for bge-m3 gets the words of any wrong field (Invalid, code 20015).
		// Source: https://api-docs.siliconflow.cn/docs/api/embeddings-post (tokens, dimensions);
		//   https://github.com/OpenSPG/KAG/issues/232 (64 texts, for bge-m3)
		Name: "siliconflow", Title: "SiliconFlow", BaseURL: "https://api.siliconflow.cn/v1", KeyVariable: "SILICONFLOW_API_KEY",
		DimensionsField: "dimensions", EncodingFormat: "float",
		Unverified: "key variable",
		Models: []Info{
			qwen("Qwen/Qwen3-Embedding-8B", 4096, 2560, 2048, 1536, 1024, 768, 512, 256, 128, 64),
			qwen("Qwen/Qwen3-Embedding-4B", 2560, 2048, 1536, 1024, 768, 512, 256, 128, 64),
			qwen("Qwen/Qwen3-Embedding-0.6B", 1024, 768, 512, 256, 128, 64),
			fixed("BAAI/bge-m3", 1024, 8_192), fixed("Pro/BAAI/bge-m3", 1024, 8_192),
			fixed("BAAI/bge-large-zh-v1.5", 1024, 512), fixed("BAAI/bge-large-en-v1.5", 1024, 512),
			fixed("netease-youdao/bce-embedding-base_v1", 768, 512),
		},
	}
}

func zhipu() Preset {
	cny := embedding.Price{PerMillion: 0.5, Currency: "CNY", AsOf: read}
	return Preset{
		// Rejects lengths other than 2048, 1024, 512 and 256, and more than 64 texts.
		// Source: https://docs.bigmodel.cn/api-reference/模型-api/文本嵌入 (OpenAPI: model, input, dimensions),
		//   /cn/guide/models/embedding/embedding-2 (price)
		Name: "zhipu", Title: "Zhipu", BaseURL: "https://open.bigmodel.cn/api/paas/v4", KeyVariable: "ZHIPUAI_API_KEY",
		DimensionsField: "dimensions", EncodingFormat: "none",
		Models: []Info{
			{
				ID: "embedding-3", Dimensions: 2048, Lengths: []int{2048, 1024, 512, 256},
				Limits: embedding.Limits{Texts: 64, TextTokens: 3_072}, Price: cny,
			},
			{ID: "embedding-2", Dimensions: 1024, Fixed: true, Limits: embedding.Limits{Tokens: 8_000, TextTokens: 512}, Price: cny},
		},
		// Source: https://docs.bigmodel.cn/cn/faq/batch-api-issues (10,000 requests for embeddings),
		//   https://docs.bigmodel.cn/cn/guide/tools/batch (half the price, 100 MB, the wire; lines have
		//   /v4/ before the endpoint)
		Batch: &Batch{Endpoint: "/v4/embeddings", Lines: 10_000, Bytes: 100e6, Window: 24 * time.Hour, Share: 0.5},
	}
}

// volcengine's text models are closed to new users, and its vision models have another wire (one
// vector a request).
func volcengine() Preset {
	text := func(id string) Info {
		return Info{ID: id, Fixed: true, Limits: embedding.Limits{TextTokens: 4_096}, Unverified: "price (none was found)"}
	}
	return Preset{
		// Its API has no dimensions. Its vision models have another address and other answers.
		// Source: https://volcengine.com/docs/82379/1302003 (fields),
		//   https://github.com/volcengine/volcengine-python-sdk/issues/13 (key variable), the service's
		//   own refusal in testdata/errors.jsonl (4,096 tokens)
		Name: "volcengine", Title: "Volcengine Ark", BaseURL: "https://ark.cn-beijing.volces.com/api/v3", KeyVariable: "ARK_API_KEY",
		EncodingFormat: "float",
		Models:         []Info{text("doubao-embedding-large-text-250515"), text("doubao-embedding-text-240715")},
	}
}

func together() Preset {
	model := func(id string, dims, tokens int) Info {
		return Info{
			ID: id, Dimensions: dims, Fixed: true, Limits: embedding.Limits{TextTokens: tokens},
			Unverified: "that it is still served, price (none was found)",
		}
	}
	return Preset{
		// Its API takes model and input only, and reports no tokens. The limit of a text depends on the
		// model.
		// Source: https://docs.together.ai/docs/embeddings-rest,
		//   https://github.com/togethercomputer/together-python src/together/types/embeddings.py at
		//   06511bed; dimensions and tokens by the models' cards
		Name: "together", Title: "Together", BaseURL: "https://api.together.xyz/v1", KeyVariable: "TOGETHER_API_KEY",
		EncodingFormat: "none", Unmetered: true,
		Models: []Info{
			model("intfloat/multilingual-e5-large-instruct", 1024, 512), model("BAAI/bge-large-en-v1.5", 1024, 512),
			model("BAAI/bge-base-en-v1.5", 768, 512), model("togethercomputer/m2-bert-80M-32k-retrieval", 768, 32_768),
		},
	}
}

func openRouter() Preset {
	usd := func(perMillion float64) embedding.Price {
		return embedding.Price{PerMillion: perMillion, Currency: "USD", AsOf: read}
	}
	return Preset{
		// Rejects models that do not embed (400). A vendor behind it may ignore dimensions, which the
		// guard notices.
		// Source: https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings.md (OpenAPI)
		Name: "openrouter", Title: "OpenRouter", BaseURL: "https://openrouter.ai/api/v1", KeyVariable: "OPENROUTER_API_KEY",
		DimensionsField: "dimensions", EncodingFormat: "float",
		Models: []Info{
			{
				ID: "qwen/qwen3-embedding-8b", Dimensions: 4096, Limits: embedding.Limits{TextTokens: 32_768}, Price: usd(0.01),
				Unverified: "price (a mirror's)",
			},
			{
				ID: "openai/text-embedding-3-small", Dimensions: 1536, Normalized: true,
				Limits: embedding.Limits{Texts: 2_048, Tokens: 300_000, TextTokens: 8_192}, Price: usd(0.02),
				Unverified: "limits and price (OpenAI's own)",
			},
		},
	}
}

func deepInfra() Preset {
	return Preset{
		// Rejects more than 1,024 texts (422). Cuts texts that are too long without an error.
		// Source: https://deepinfra.com/intfloat/multilingual-e5-large/api,
		//   https://github.com/langchain-ai/langchain/issues/21188 (1,024 texts, of its own API)
		Name: "deepinfra", Title: "DeepInfra", BaseURL: "https://api.deepinfra.com/v1/openai", KeyVariable: "DEEPINFRA_TOKEN",
		DimensionsField: "dimensions", EncodingFormat: "float", Cuts: true,
		Unverified: "dimensions for models that can be cut",
		Models: []Info{
			{
				ID: "intfloat/multilingual-e5-large", Dimensions: 1024, Fixed: true, Limits: embedding.Limits{Texts: 1_024, TextTokens: 512},
				Price:      embedding.Price{PerMillion: 0.01, Currency: "USD", AsOf: read},
				Unverified: "texts",
			},
		},
	}
}

// Find returns the preset of a name.
func Find(name string) (Preset, error) {
	all := Presets()
	names := make([]string, len(all))
	for i, p := range all {
		if names[i] = p.Name; p.Name == name {
			return p, nil
		}
	}
	return Preset{}, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(names, ", "))
}

// Of returns the preset of the vendor that owns a host. No host belongs to a Local server.
func Of(host string) (Preset, bool) {
	all := Presets()
	at := slices.IndexFunc(all, func(p Preset) bool { return !p.Local && p.Owns(host) })
	if at < 0 {
		return Preset{}, false
	}
	return all[at], true
}

// Owns reports whether a host belongs to the preset's vendor.
func (p Preset) Owns(host string) bool {
	return setup.Within(host, setup.Host(p.BaseURL))
}

// Path returns the path of the vendor's own API.
func (p Preset) Path() string {
	return strings.TrimPrefix(p.BaseURL, "https://"+setup.Host(p.BaseURL))
}

// Model returns the preset's entry of a model, or zero.
func (p Preset) Model(id string) Info {
	if at := slices.IndexFunc(p.Models, func(m Info) bool { return m.ID == id }); at >= 0 {
		return p.Models[at]
	}
	return Info{}
}

// Offers returns the lengths that a model's vectors can be asked to have.
func (p Preset) Offers(m Info) catalog.Dimensions {
	switch {
	case m.Dimensions == 0:
		return catalog.Dimensions{}
	case m.Fixed || p.DimensionsField == "":
		return catalog.OneOf(m.Dimensions)
	}
	d := catalog.Range(1, max(m.Longest, m.Dimensions))
	if m.Lengths != nil {
		d = catalog.OneOf(m.Lengths...)
	}
	d.Default = m.Dimensions
	return d
}
