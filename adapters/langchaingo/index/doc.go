// Package index keeps a vector store up to date with its documents. [Sync] adds what is new, keeps
// what is unchanged without embedding it, and deletes what is gone:
//
//	s, err := index.New(e, store, store.Index()) // store is a *chromem.Store
//	done, err := index.Sync(ctx, s, "the handbook", docs)
//	fmt.Println(done) // 3 added, 2000 kept, 2 deleted
//
// For pgvector and Chroma, store is the guard of adapters/langchaingo/store and the third argument
// is migrate.PGVector or migrate.Chroma. For redisvector it is redisindex.New of the module
// adapters/langchaingo/index/redisindex.
//
// # What it compares
//
// Sync writes a hash of text and metadata under collection.HashKey into each document's metadata,
// and the source under collection.SourceKey. They are stored in one write with the text and its
// vector, so nothing counts as done before it is done. Neither a document's position nor its file's
// name decides: after a paragraph is put in front or a file is renamed, each text that was there
// keeps its vector, and only its metadata is written anew.
//
// A source is all documents that one call brings, such as a folder. Sync deletes documents of its
// source only. Documents without a hash, which Sync did not write, stay as they are.
//
// # Interrupted runs
//
// After an error or a kill, call Sync again. It embeds only what is not stored. A killed process
// loses the requests that were under way: with middleware.Batch and 10 texts a request, 80 texts.
// Their answers are written as they come, unless a layer outside Batch changes texts or vectors
// (Pieces, Truncate); then, and without Batch, a block of 200 documents is written at its end. If
// the store can write a block in part, or two processes sync one source at once, a document can be
// there twice; the next Sync removes the copy.
package index
