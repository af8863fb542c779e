// Package store guards langchaingo's vector stores: it opens one with an embedder of this module and stands in front of it as
// a vectorstores.VectorStore.
//
//	s, err := store.New(ctx, e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
//		return pgvector.New(ctx, pgvector.WithConnectionURL(dsn), pgvector.WithEmbedder(emb))
//	}, store.Options{})
//	ids, err := s.AddDocuments(ctx, docs)
//	found, err := s.SimilaritySearch(ctx, "a question", 5)
//
// The stores differ in ways that lose data without an error. docs/stores.md has them store by store, each with its test.
//
// # What the guard does
//
// Space: each document's metadata is stamped with the Space of its vector (under Key). Vectors of another model are refused
// before anything is written, and where results hold some; results come without the stamp. Of two processes that open one
// collection with different models, the later one to add is refused. If both add their first documents to an empty
// collection at the same moment, one of them is told after it; at the latest, a search that meets the other's documents is.
//
// Embedding: the guard embeds, and the embedder that it gives the store hands the vectors on. So a query is embedded as a query
// where the store asks for a document (Chroma), an embedder of vectorstores.WithEmbedder works where the store ignores
// or refuses it, a store's own time limit (30 seconds in Chroma's client) does not run while the provider works, and each add
// proves that the store used this embedder. The store's embedder answers calls of the guard only.
//
// Adding: nothing is written before all texts are embedded, nothing to add is no call, and the caller's documents are not edited.
// vectorstores.WithDeduplicater works everywhere. If some texts fail, the others are written and the error says which.
//
// Other indexes: an index of redisvector takes in the documents of every other whose name begins with its own. A search that meets one is refused.
//
// Opening: an error of the store says what to do where its server lacks something or is too old, and holds no password of a URL.
//
// Scores: the cosine of the angle between document and query, from -1 to 1, whatever the store's own are. The first add
// measures that they are.
//
// # What it cannot do
//
// It cannot see what others write into the collection without it until a search meets it. It cannot make a store report what
// the store does not know: Weaviate's batches lose objects of a wrong type without an error. It has no Delete, because langchaingo
// has none: reach the store's own by Unwrap.
package store
