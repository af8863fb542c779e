// Package gemini embeds texts with Google's Gemini API, by its own format (POST models/{model}:batchEmbedContents), which
// keeps the task type that the OpenAI-compatible one loses.
//
//	e, err := gemini.New(gemini.Options{Model: "gemini-embedding-001"}) // key from GEMINI_API_KEY
//
// # Tasks
//
// gemini-embedding-001 is told the task with every text (RETRIEVAL_QUERY, RETRIEVAL_DOCUMENT, SEMANTIC_SIMILARITY, ...).
// gemini-embedding-2 takes none, and gets it as a prefix of the text instead, as its documentation says.
//
// # What the service does not say
//
// Answers of gemini-embedding-001 do not count tokens: their Usage is Unmetered. Its vectors have unit length at 3,072
// dimensions only; this package brings all others to it. A text over the model's length may be cut without a word.
//
// # Rates
//
// A request holds 100 texts at most, and each of them counts as a request against the limit per minute
// (https://github.com/garrytan/gbrain/pull/1922). What a day allows being used up is Exhausted, a minute RateLimited.
package gemini
