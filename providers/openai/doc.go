// Package openai embeds texts with OpenAI, and with any server that speaks its embeddings API: llama.cpp, vLLM, Ollama,
// LM Studio, LiteLLM, text-embeddings-inference and many hosted ones.
//
//	e, err := openai.New(openai.Options{Model: "text-embedding-3-small"})
//	e, err := openai.New(openai.Options{Model: "nomic-embed-text", BaseURL: "http://localhost:11434/v1"})
//
// or, by reference: providers.Open("openai:nomic-embed-text?base_url=http://localhost:11434/v1").
//
// # Presets
//
// Presets is a table of vendors and servers of the same wire that differ in details: another name for dimensions, fields they
// refuse, a key's variable of their own, models, limits, prices. Options.Preset picks one by name, as a reference does
// (mistral:mistral-embed, siliconflow:BAAI/bge-m3), and a base URL that is a vendor's own picks it too, so that the
// vectors of both are of one space.
//
//	e, err := openai.New(openai.Options{Preset: "mistral", Model: "mistral-embed"})
//
// # Keys
//
// OpenAI itself, and the base URL of the variable OPENAI_BASE_URL, get the key of OPENAI_API_KEY. A base URL that is
// given in Options or in a reference gets no key, unless Options.Key holds one or Options.KeyEnv (key_env= in a
// reference) names its variable: OpenAI's key does not travel to whatever host a reference names. A preset that is named has
// its vendor's variable, which is for the vendor's own address and for this machine; the servers that people run
// themselves get theirs on this machine only, and need none.
//
// # Models and dimensions
//
// Models is the table of OpenAI's own. Elsewhere any name will do, and nothing is known about it:
//
//   - by default the dimensions are unknown until the first answer; embedding.Probe asks for one word to learn them
//   - Options.Dimensions is sent with each request. A server that ignores it, as llama.cpp and Ollama's older versions
//     do, is found out by its first answer, which is Invalid: a job ends there
//   - Options.NativeDimensions says what the model has anyway and sends nothing
//   - an answer of unknown dimensions is read as far as 4,096 of them can go; of a larger model it is Malformed once it is
//     longer, and the error says to give NativeDimensions or to send fewer texts at once
//
// Limits are OpenAI's for its own models and unknown elsewhere: set Options.Limits, or let middleware.Batch learn them.
//
// # Vector spaces
//
// A server that is not OpenAI's may serve any model under any name, so its host name, without the port, is the Provider
// and so the first part of the Space (localhost/nomic-embed-text@768). A preset at an address that is not its vendor's, an
// emulator or a proxy, has both (mistral@127.0.0.1/mistral-embed@1024). Options.Space overrides: the user asserts.
package openai
