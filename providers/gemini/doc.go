// Package gemini embeds texts with Google's Gemini API in its own format (POST
// models/{model}:batchEmbedContents), which has the task type that the OpenAI-compatible API lacks.
//
//	e, err := gemini.New(gemini.Options{Model: "gemini-embedding-001"}) // key from GEMINI_API_KEY
//
// # Tasks
//
// gemini-embedding-001 gets the task with every text (RETRIEVAL_QUERY, RETRIEVAL_DOCUMENT,
// SEMANTIC_SIMILARITY, ...). gemini-embedding-2 takes no task type; it gets the documented prefix
// in front of each text instead.
//
// # What the service leaves out
//
// gemini-embedding-001 does not count tokens, so its Usage is Unmetered. Its vectors have unit
// length at 3,072 dimensions only; this package normalizes all others. The service may silently cut
// a text over the model's length.
//
// # Rates
//
// A request holds at most 100 texts, and each text counts as a request against the limit per minute
// (https://github.com/garrytan/gbrain/pull/1922). A spent daily limit is Exhausted, a spent limit
// per minute is RateLimited.
//
// # Batches
//
// [NewBatches] is the service's batch API at half the price: a file with a key for each text.
package gemini
