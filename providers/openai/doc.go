// Package openai embeds texts with OpenAI and with any server that speaks its embeddings API:
// llama.cpp, vLLM, Ollama, LM Studio, LiteLLM, text-embeddings-inference and many hosted services.
//
//	e, err := openai.New(openai.Options{Model: "text-embedding-3-small"})
//	local := openai.Options{Model: "nomic-embed-text", BaseURL: "http://localhost:11434/v1"}
//	e, err := openai.New(local)
//
// The same by reference:
// providers.Open("openai:nomic-embed-text?base_url=http://localhost:11434/v1").
//
// # Presets
//
// Some vendors and servers share the wire and differ in details: the name of dimensions, fields
// that they refuse, the key's variable, models, limits and prices. Each is a preset, and [Catalog]
// has the models of all. [Options].Preset selects one by name, as a reference does
// (mistral:mistral-embed, siliconflow:BAAI/bge-m3). A vendor's own base URL selects it too, so the
// vectors of both share a space.
//
//	e, err := openai.New(openai.Options{Preset: "mistral", Model: "mistral-embed"})
//
// # Keys
//
// OpenAI itself, and the base URL of the variable OPENAI_BASE_URL, get the key of OPENAI_API_KEY. A
// base URL from Options or from a reference gets no key, unless [Options].Key holds one or
// [Options].KeyEnv (key_env= in a reference) names its variable: OpenAI's key does not travel to
// whatever host a reference names. A preset that is named has its vendor's variable, for the
// vendor's own address and for this machine. Servers that people run themselves get their key on
// this machine only, and need none.
//
// # Models and dimensions
//
// [Catalog] has OpenAI's own models. Other servers take any name, and nothing is known
// about it:
//
//   - by default the dimensions are unknown until the first answer; [embedding.Probe] embeds one
//     word to learn them
//   - [Options].Dimensions is sent with each request. Some servers, such as llama.cpp and old
//     versions of Ollama, ignore it. Their first answer shows that and is Invalid, which ends a job
//   - [Options].NativeDimensions gives the model's dimensions and sends nothing
//   - an answer of unknown dimensions may be as long as 4,096 dimensions can make it. A longer one
//     is Malformed, and its error says to give NativeDimensions or to send fewer texts at once
//
// OpenAI's own models have OpenAI's limits. Other limits are unknown: set [Options].Limits, or let
// middleware.Batch learn them.
//
// # Queries and documents
//
// Many open models were trained with a prefix before queries or documents, and most servers of this
// API pass texts to the model unchanged. [Options].Prefix puts before texts what the model's card
// asks for: "auto" by the model's name, or a row of the table in package providers, such as "e5".
// [Options].QueryPrefix and [Options].DocumentPrefix are prefixes of your own; they and Prefix
// exclude each other. By default texts are unchanged, because a wrong guess changes vectors, and a
// server that adds the prefixes itself would double them. The Model's Variant names the prefixes,
// and the limit of a text is shorter by the longest.
//
// # Vector spaces
//
// A server that is not OpenAI's may serve any model under any name. So its host name is the
// Provider, and its whole address begins the Space: host, port (unless it is 443) and path, with ~
// for each slash and without a /v1 at the end. http://localhost:11434/v1 makes
// localhost:11434/nomic-embed-text@768, and https://gateway.example/bge/v1 makes
// gateway.example~bge/m@1024. A preset behind another address than its vendor's, such as an
// emulator or a proxy, has both (mistral@127.0.0.1:8080/mistral-embed@1024).
//
// A server that moves to another port has another Space, and so have two servers of one model.
// [Options].Space (space= in a reference) replaces the Space: it unites what you know to be one.
package openai
