// Package ollama embeds texts with a local Ollama server through its own API (POST /api/embed),
// which has keep_alive, truncate and clear errors for a model that cannot be loaded.
//
//	e, err := ollama.New(ollama.Options{Model: "nomic-embed-text"})
//
// # Which server it asks
//
// [Options].BaseURL, else the variable OLLAMA_HOST in the forms that Ollama itself reads (host,
// host:port or a URL), else http://127.0.0.1:11434. It sends a key only from [Options].Key or
// [Options].KeyEnv, for a proxy in front of the server. The first call loads the model, which can
// take a minute: allow for it in middleware.Timeout, or warm up first.
//
// # Vector spaces
//
// Two servers may have two models of one name. So the Space of the usual server on this machine has
// no address (ollama/nomic-embed-text:latest@768), and the Space of any other has its own
// (ollama@gpu.example:11434/nomic-embed-text:latest@768). [Options].Space unites servers that you
// know to have the same model.
//
// # Texts that are too long
//
// By default Ollama silently cuts them. This package asks it not to, so such a text is Rejected;
// [Options].Truncate cuts. Versions from 0.13.5 on were seen to ignore Truncate for some models
// (https://github.com/ollama/ollama/issues/14186).
//
// # Queries and documents
//
// Ollama passes texts to the model unchanged (a model's template is for chats), but many models
// were trained with prefixes that tell queries from documents. For the models of [Catalog] New puts
// them in front of texts by default. That holds for the default tag only, because another tag may
// be another model. [Options].Prefix says it for others: "auto" by the model's name, or a row of
// the table in package providers. [Options].QueryPrefix and [Options].DocumentPrefix are prefixes
// of your own, and [Options].Plain leaves texts unchanged. The Model's Variant names the prefixes.
//
// # Dimensions
//
// The table has the dimensions of its models. Those of other models are unknown until the first
// answer ([embedding.Probe] asks for one), unless [Options].NativeDimensions gives them.
// [Options].Dimensions makes the server cut every vector and normalize it, which makes sense only
// for models that were trained for it.
package ollama
