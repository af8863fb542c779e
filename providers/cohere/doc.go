// Package cohere embeds texts with Cohere's embed API, version 2.
//
//	e, err := cohere.New(cohere.Options{Model: "embed-v4.0"}) // key from COHERE_API_KEY
//
// # Queries and documents
//
// The API requires the purpose of the texts (input_type), so every request has it: search_query for
// [embedding.TaskQuery], Cohere's own names for classification and clustering, and search_document
// for the rest.
//
// # Limits
//
// A request holds at most 96 texts. The service refuses a text over the model's length, unless
// [Options].Truncate makes it cut the end. Rates count texts, not calls: 2,000 texts a minute for
// production keys (https://docs.cohere.com/docs/rate-limits).
package cohere
