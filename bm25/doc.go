// Package bm25 ranks documents by the words that they share with a query (Robertson and Zaragoza,
// "The Probabilistic Relevance Framework: BM25 and Beyond", 2009), and fuses such a ranking with
// one of an embedding model.
//
//	index := bm25.New(ids, texts)
//	words := index.Search(question, len(ids))
//	hits := bm25.Fuse(meaning, words, bm25.Weight)
//
// An [Index] is in memory and does no I/O. Use it beside an embedding model: words find names,
// codes and rare terms that a model blurs. [Fuse] can rank better than either part; the table in
// benchmarks/README.md says on which sets it did, and vecspace compare measures it on yours.
//
// # Memory
//
// An Index keeps no text, but about as many bytes as the text has: 8 for each document and each of
// its different words, with room to grow, and some for each different word. The 7.8 MB of SciFact's
// 5,183 abstracts make an Index of 9.9 MB (TestMemoryOfBM25 in benchmarks).
//
// # Words
//
// [Words] says what counts as a word. English plurals are removed; there is no stemming for other
// languages. Chinese, Japanese and Korean are indexed by pairs of characters.
package bm25
