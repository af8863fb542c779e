// Package providers turns a reference, one string, into an Embedder.
//
//	e, err := providers.Open("static:base")
//	e, err := providers.Open("dashscope:text-embedding-v4?dimensions=512&region=intl")
//	e, err := providers.Open("openai:nomic-embed-text:latest?base_url=http://localhost:11434/v1")
//
// # References
//
//	reference = provider ":" model [ "?" option { "&" option } ]
//	option    = name "=" value
//
// The first colon ends the provider's name, so a model's name may hold colons. The first question
// mark after it begins the options. Names of providers and options have lower-case letters, digits,
// hyphens and underscores. A value may be percent-encoded (%26 is &, %25 is %). Nothing else is
// special in it: a plus sign is a plus sign.
//
// These options mean the same in every provider that has them:
//
//	base_url         the server to ask, instead of the provider's own address
//	dimensions       the length of the vectors
//	space            asserts the vectors' space, instead of deriving it; see below
//	key_env          the environment variable that holds the key
//	max_texts        the most texts in one request
//	max_tokens       the most tokens in one request
//	max_text_tokens  the most tokens in one text
//	allow_http       true sends the key over plain http to another machine
//
// An option that the provider does not know is an error, which names the options that it knows.
//
// An API key is never part of a reference, because references end up in flags, logs and
// configuration files. Keys come from the environment. A reference that seems to hold a key is
// refused, and the error does not quote it. A vendor's key goes to the vendor's own address and to
// this machine; any other base_url needs key_env beside it.
//
// The requests go through an HTTP client that all providers share. A program that needs another one
// parses the reference, sets Client of the [ref.Ref], and calls the Open of the provider's row in
// [Builtin].
//
// [Open] returns an Embedder that is guarded and has no other middleware: add that with
// embedding.Chain.
//
// Vectors of two spaces are never mixed. A server at an address of yours may serve anything under a
// model's name, so its space begins with the address: host, port and path. Two servers that you
// know to have the same model are one space if both references have the same space=. Earlier
// versions left out port and path; an index of theirs opens with the space= that its error names.
//
// # Providers
//
// A reference to the first model of each provider, and the variable of its key:
//
//	azure:DEPLOYMENT?model=text-embedding-3-small     AZURE_OPENAI_API_KEY
//	bedrock:cohere.embed-v4:0                         AWS_BEARER_TOKEN_BEDROCK
//	cohere:embed-v4.0                                 COHERE_API_KEY
//	dashscope:qwen3.7-text-embedding                  DASHSCOPE_API_KEY
//	deepinfra:intfloat/multilingual-e5-large          DEEPINFRA_TOKEN
//	gemini:gemini-embedding-2                         GEMINI_API_KEY
//	jina:jina-embeddings-v5-text-small                JINA_API_KEY
//	llamacpp:MODEL                                    no key needed
//	lmstudio:MODEL                                    no key needed
//	localai:MODEL                                     no key needed
//	mistral:mistral-embed                             MISTRAL_API_KEY
//	ollama:nomic-embed-text                           no key needed
//	openai:text-embedding-3-small                     OPENAI_API_KEY
//	openrouter:qwen/qwen3-embedding-8b                OPENROUTER_API_KEY
//	siliconflow:Qwen/Qwen3-Embedding-8B               SILICONFLOW_API_KEY
//	static:base                                       no key needed
//	tei:BAAI/bge-m3                                   no key needed
//	together:intfloat/multilingual-e5-large-instruct  TOGETHER_API_KEY
//	vllm:MODEL                                        no key needed
//	volcengine:doubao-embedding-large-text-250515     ARK_API_KEY
//	voyage:voyage-4-large                             VOYAGE_API_KEY
//	zhipu:embedding-3                                 ZHIPUAI_API_KEY
//
// The options that each package has besides those above:
//
//   - [azure.Options]: api_version, model, native_dimensions
//   - [bedrock.Options]: region, serves, truncate, unlisted, unnormalized
//   - [cohere.Options]: truncate, unlisted
//   - [dashscope.Options]: instruct, native, region, text_type, unlisted, workspace
//   - [gemini.Options]: plain, unlisted
//   - [jina.Options]: plain, truncate, unlisted
//   - [ollama.Options]: context, document_prefix, keep_alive, native_dimensions, plain,
//     query_prefix, truncate
//   - [openai.Options]: encoding_format, native_dimensions
//   - [static.Options]: only dimensions, space
//   - [tei.Options]: document_prefix, document_prompt, native_dimensions, plain, query_prefix,
//     query_prompt, truncate
//   - [voyage.Options]: plain, truncate, unlisted
//
// A reference openai:MODEL?base_url=URL opens any server of OpenAI's API. [openai.Catalog]
// has the vendors and servers of that API that have names of their own. [Catalog] returns the
// models of all providers, and "vecspace providers" prints them.
//
// # Other providers
//
// There is no registry: a program that has a provider of its own adds it to a [Table].
//
//	table := providers.Builtin()
//	table["acme"] = func(r ref.Ref) (embedding.Embedder, error) { ... }
//	e, err := table.Open("acme:large")
//
// [ref.Ref.Decode] reads a reference's options into a struct with tags, as the providers of this
// module do.
package providers
