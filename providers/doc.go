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
// The first colon splits, so that a model's name may hold colons; the first question mark after it begins the options.
// Names of providers and options have lower-case letters, digits, hyphens and underscores. A value may be
// percent-encoded (%26 is &, %25 is %); nothing else is special in it, a plus sign is a plus sign.
//
// An option that the provider does not know is an error that names those it knows. These mean the same in every provider
// that knows them:
//
//	base_url         whom to ask, instead of the provider's own address
//	dimensions       the length of the vectors
//	space            asserts the vectors' space, instead of deriving it
//	key_env          the environment variable that holds the key
//	max_texts        the most texts of one request; max_tokens: its most tokens; max_text_tokens: of one text
//	allow_http       true lets the key travel over plain http to another machine
//
// Besides these, dashscope knows region, workspace, native, text_type, instruct and unlisted, openai and
// the others of its wire know native_dimensions and encoding_format, ollama native_dimensions, truncate, keep_alive, context, query_prefix, document_prefix and plain, tei
// native_dimensions, truncate, query_prompt, document_prompt, query_prefix, document_prefix and plain, cohere truncate and
// unlisted, voyage and jina truncate, plain and unlisted, gemini plain and unlisted, azure model, api_version and
// native_dimensions, bedrock serves, region, truncate, unnormalized and unlisted; the Options of their packages say what
// they do. static knows dimensions and space only.
//
// An API key is never part of a reference, which ends up in flags, logs and configuration files: keys come from the
// environment, and a reference that looks as if it held one is refused without being quoted. What is opened is guarded
// and has no other middleware: embedding.Chain puts that around it.
//
// # Providers
//
//	azure:DEPLOYMENT?model=MODEL          Azure OpenAI, at AZURE_OPENAI_ENDPOINT; AZURE_OPENAI_API_KEY
//	bedrock:amazon.titan-embed-text-v2:0  Amazon Bedrock, in AWS_REGION; AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and the like
//	cohere:embed-v4.0                     Cohere; COHERE_API_KEY
//	dashscope:text-embedding-v4           DashScope (Alibaba Cloud Model Studio); DASHSCOPE_API_KEY
//	gemini:gemini-embedding-001           Google's Gemini API; GEMINI_API_KEY
//	jina:jina-embeddings-v3               Jina; JINA_API_KEY
//	ollama:nomic-embed-text               Ollama on this machine, or where OLLAMA_HOST says
//	openai:text-embedding-3-small         OpenAI; OPENAI_API_KEY
//	openai:MODEL?base_url=URL             any server of OpenAI's wire; key_env= if it wants a key
//	static:base                           the local model
//	tei:BAAI/bge-m3                       Hugging Face's text-embeddings-inference
//	voyage:voyage-4                       Voyage; VOYAGE_API_KEY
//
// and, with OpenAI's wire (openai.Presets has in what they differ):
//
//	deepinfra:intfloat/multilingual-e5-large             DEEPINFRA_TOKEN
//	mistral:mistral-embed                                MISTRAL_API_KEY
//	openrouter:qwen/qwen3-embedding-8b                   OPENROUTER_API_KEY
//	siliconflow:BAAI/bge-m3                              SILICONFLOW_API_KEY
//	together:intfloat/multilingual-e5-large-instruct     TOGETHER_API_KEY
//	volcengine:doubao-embedding-large-text-250515        ARK_API_KEY
//	zhipu:embedding-3                                    ZHIPUAI_API_KEY
//	llamacpp:MODEL                                       llama.cpp on this machine, port 8080, or base_url=
//	lmstudio:MODEL                                       LM Studio on this machine, port 1234, or base_url=
//	localai:MODEL                                        LocalAI on this machine, port 8080, or base_url=
//	vllm:MODEL                                           vLLM on this machine, port 8000, or base_url=
//
// Catalogue has what their tables say about their models; "vecspace providers" prints it. A vendor's key goes to the
// vendor's own address and to this machine; another base_url needs key_env= beside it.
//
// # Other providers
//
// There is no registry: a program that has a provider of its own adds it to a Table.
//
//	table := providers.Builtin()
//	table["acme"] = func(ref providers.Ref) (embedding.Embedder, error) { ... }
//	e, err := table.Open("acme:large")
package providers
