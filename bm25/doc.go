// Package bm25 ranks documents by the words that they share with a query (Robertson and Zaragoza,
// "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).
//
//	index := bm25.New(ids, texts)
//	hits := index.Search("parse command line flags", 10)
//
// An [Index] is in memory and does no I/O. Use it beside an embedding model: words find names,
// codes and rare terms that a model blurs, and fusing both rankings can beat either one.
//
// [Words] says what counts as a word. English plurals are removed; there is no stemming for other
// languages. Chinese, Japanese and Korean are indexed by pairs of characters.
package bm25
