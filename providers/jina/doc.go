// Package jina embeds texts with Jina AI's embeddings API.
//
//	e, err := jina.New(jina.Options{Model: "jina-embeddings-v3"}) // key from JINA_API_KEY
//
// # Tasks
//
// The models have an adapter for each task, which is always sent: retrieval.query for embedding.TaskQuery,
// retrieval.passage for embedding.TaskDocument, and the model's own names for similarity, classification and clustering.
// Models of version 2 take none.
//
// # Limits
//
// The service refuses more than 2,048 texts a request; this package sends 512 at most, as answers of more get slow. A
// text over the model's length is refused, unless Options.Truncate has the service cut it. Late chunking, which lets
// the texts of a request see each other, is never asked for: a text's vector would depend on its neighbours.
package jina
