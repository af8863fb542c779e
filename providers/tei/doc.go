// Package tei embeds texts with a server of Hugging Face's text-embeddings-inference, by its own API (POST /embed).
//
//	e, err := tei.New(tei.Options{Model: "BAAI/bge-m3", BaseURL: "http://127.0.0.1:8080"})
//	e, err := tei.Ask(ctx, tei.Options{BaseURL: "http://127.0.0.1:8080"}) // model and limits from the server
//
// A server has one model, and requests do not name it: with New the name is your assertion, and limits are the
// documented defaults; Ask asks GET /info, takes over what it says, and refuses a server with another model than the one
// that is named. Neither learns the dimensions: Models knows those of some, Options.NativeDimensions says them, and
// embedding.Probe asks.
//
// # Keys
//
// A server of your own wants none, and gets none. HF_TOKEN goes to hosts under huggingface.cloud (Inference Endpoints)
// only; for any other, Options.KeyEnv names the variable.
//
// # Queries and documents
//
// Models has the prefixes that some models were trained with; they are put in front by default. Options.QueryPrompt and
// Options.DocumentPrompt name prompts of the server's configuration instead, Options.QueryPrefix and
// Options.DocumentPrefix are prefixes of your own, Options.Plain sends texts as they are.
//
// # Texts that are too long
//
// They are Rejected, unless Options.Truncate cuts them or the server runs with --auto-truncate.
package tei
