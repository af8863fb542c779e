// Package tei embeds texts with a server of Hugging Face's text-embeddings-inference through its
// own API (POST /embed).
//
//	e, err := tei.New(tei.Options{Model: "BAAI/bge-m3", BaseURL: "http://127.0.0.1:8080"})
//	e, err := tei.Ask(ctx, tei.Options{BaseURL: "http://127.0.0.1:8080"})
//
// A server has one model, and requests do not name it. With [New] the name is your word, and the
// limits are the documented defaults. [Ask] takes both from GET /info and refuses a server whose
// model is not the one in Options. Neither learns the dimensions: [Catalog] has the dimensions of
// some models, [Options].NativeDimensions gives others, and [embedding.Probe] asks for them.
//
// # Vector spaces
//
// The Space of the server at [BaseURL] has no address (tei/BAAI/bge-m3@1024), and the Space of any
// other has its own (tei@gpu.example:80/BAAI/bge-m3@1024), because the name is your word or the
// server's. [Options].Space unites servers that you know to have the same model.
//
// # Keys
//
// A server of your own needs no key and gets none. HF_TOKEN goes to hosts under huggingface.cloud
// (Inference Endpoints) only. For any other host [Options].KeyEnv names the variable.
//
// # Queries and documents
//
// Some models were trained with prefixes, and New puts them in front of texts by default for the
// models of [Catalog]. [Options].Prefix says it for others: "auto" by the model's name, or a row of
// the table in package providers. [Options].QueryPrompt and [Options].DocumentPrompt name prompts
// of the server's configuration instead, [Options].QueryPrefix and [Options].DocumentPrefix are
// prefixes of your own, and [Options].Plain leaves texts unchanged. A server that was started with
// --default-prompt puts that before the prefixes too: GET /info does not say so, but the tokens of
// a text do, and [Ask] refuses prefixes there.
//
// # Texts that are too long
//
// They are Rejected, unless [Options].Truncate cuts them or the server runs with --auto-truncate.
package tei
