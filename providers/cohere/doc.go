// Package cohere embeds texts with Cohere's embed API, version 2.
//
//	e, err := cohere.New(cohere.Options{Model: "embed-v4.0"}) // key from COHERE_API_KEY
//
// # Queries and documents
//
// The API wants to be told what texts are for, so every call does (input_type): search_query for embedding.TaskQuery,
// classification and clustering for theirs, search_document for the rest.
//
// # Limits
//
// A request holds 96 texts at most. A text over the model's length is refused, unless Options.Truncate has the service
// cut its end. Rates are counted in texts, not in calls: 2,000 texts a minute for production keys
// (https://docs.cohere.com/docs/rate-limits).
package cohere
