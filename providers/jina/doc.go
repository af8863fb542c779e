// Package jina embeds texts with Jina AI's embeddings API.
//
//	e, err := jina.New(jina.Options{Model: "jina-embeddings-v3"}) // key from JINA_API_KEY
//
// # Tasks
//
// The models have an adapter for each task, and every request names one: retrieval.query for
// [embedding.TaskQuery], retrieval.passage for [embedding.TaskDocument], and the model's own names
// for similarity, classification and clustering. Models of version 2 take no task.
//
// # Limits
//
// The service refuses more than 2,048 texts a request. This package sends at most 512, because
// larger answers get slow. The service refuses a text over the model's length, unless
// [Options].Truncate makes it cut the text. This package never asks for late chunking, which lets
// the texts of a request see each other: a text's vector would depend on its neighbors.
package jina
