// Package store guards langchaingo's vector stores. [New] opens a store with an embedder of this
// module; the [Store] it returns is a vectorstores.VectorStore in front of that store.
//
//	s, err := store.New(ctx, e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
//		return pgvector.New(ctx, pgvector.WithConnectionURL(dsn), pgvector.WithEmbedder(emb))
//	}, store.Options{})
//	ids, err := s.AddDocuments(ctx, docs)
//	found, err := s.SimilaritySearch(ctx, "a question", 5)
//
// langchaingo's stores differ in ways that lose data without an error. docs/stores.md lists them by
// store, each with its test.
//
// # What the guard does
//
// Space: each document's metadata carries the Space of its vector under [Key]. Vectors of another
// model are refused with a [SpaceError], before a write and in search results; results come without
// the reserved keys of package collection. [VariantKey] does the same for prefixes and whatever
// else of the model's Variant changes documents, with a [VariantError]. If two processes open one
// collection with different models, the later add is refused. If both add first documents to an
// empty collection at the same moment, one of them gets an error afterwards, at the latest from a
// search that finds the other's documents.
//
// Embedding: the guard embeds, and the embedder that it gives to the store only passes the vectors
// on. So a query is embedded as a query even if the store asks for a document (Chroma). The
// embedder of vectorstores.WithEmbedder works even if the store ignores or refuses it. A store's
// own time limit (30 seconds in Chroma's client) does not run while the provider works. Each add
// proves that the store used this embedder, which refuses calls from anywhere but the guard.
//
// Adding: nothing is written before all texts are embedded. An empty add makes no call, and the
// caller's documents are not edited. vectorstores.WithDeduplicater works with every store. If some
// texts fail, the others are written and the error says which.
//
// Other indexes: a redisvector index includes the documents of every index whose name begins with
// its name. A search that finds one returns an error.
//
// Opening: the error says what to do if the server lacks something or is too old, and holds no
// password from a URL.
//
// Scores: the cosine of the angle between document and query, from -1 to 1, whatever the store's
// [Score] is. The first add measures it.
//
// # What it cannot do
//
// The guard sees what others write into the collection only when a search finds it. It cannot
// report what the store does not know: Weaviate's batches lose objects of a wrong type without an
// error. It has no Delete because langchaingo has none: use the store's own through [Store.Unwrap].
package store
