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
// Besides these, dashscope knows region, workspace, native, text_type, instruct and unlisted, openai knows native_dimensions and
// encoding_format, ollama native_dimensions, truncate, keep_alive, context, query_prefix, document_prefix and plain, tei
// native_dimensions, truncate, query_prompt, document_prompt, query_prefix, document_prefix and plain, cohere truncate and
// unlisted, voyage and jina truncate, plain and unlisted, gemini plain and unlisted, azure model, api_version and
// native_dimensions, bedrock serves, region, truncate, unnormalized and unlisted; the Options of their packages say what
// they do. static knows dimensions and space only.
//
// An API key is never part of a reference, which ends up in flags, logs and configuration files: keys come from the
// environment, and a reference that looks as if it held one is refused without being quoted. What is opened is guarded
// and has no other middleware: embedding.Chain puts that around it.
//
// # Other providers
//
// There is no registry: a program that has a provider of its own adds it to a Table.
//
//	table := providers.Builtin()
//	table["acme"] = func(ref providers.Ref) (embedding.Embedder, error) { ... }
//	e, err := table.Open("acme:large")
package providers
