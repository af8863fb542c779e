// Package chromem makes github.com/philippgille/chromem-go, a vector store inside the process, a
// vectorstores.VectorStore of langchaingo: in memory, or in a folder that outlives the process.
//
//	store, err := chromem.New(e, chromem.Options{Dir: "index"})
//	ids, err := store.AddDocuments(ctx, docs)
//	found, err := store.SimilaritySearch(ctx, "a question", 5)
//
// A [Store] keeps all vectors in memory, and a search compares the query with each of them.
// [Folder] reads a store's folder without the model.
//
// # Documents and IDs
//
// A document's ID is what Options.ID returns, or by default a hash of its content and metadata
// without the reserved keys of package collection. Adding a document again costs nothing. With
// Options.ID, a document with new content is embedded again and replaces the old one; if only its
// metadata is new, it keeps its vector. To keep an index up to date, use adapters/langchaingo/index
// with [Store.Index] and the default IDs.
//
// All texts of a call are embedded by one call of the Embedder and stored after it. Add large
// collections in blocks, so that a kill loses little, and put a Batch around a provider that limits
// its requests.
//
// # On disk
//
// Each document is one file (gob: content, metadata and vector), unencrypted, in folders that only
// their owner can read. The file space.json holds the vectors' Space. It is written first, complete
// or not at all, and compared before anything is opened. So vectors of another model are refused
// even after a restart.
//
// After AddDocuments has returned, its documents are with the operating system: they survive the
// end of the process, and a crash of the machine only once the system has written them. chromem-go
// writes each file in place, so a killed process may leave one half-written. [New] refuses such a
// folder and names the files; delete them and add their documents again. There are no checksums:
// New detects files that cannot be decoded, vectors of another length and IDs that do not fit, but
// not every changed bit.
//
// A folder belongs to one Store at a time; nothing enforces it. Two Stores of one folder do not see
// each other's changes and answer from their own memory. After a restart, the last write of a
// document counts.
//
// # Metadata
//
// chromem-go keeps only strings. This package keeps the types: string, bool, nil, every integer and
// float type (an int64 comes back as an int64 and 3.0 as a float64), time.Time, and []string, []any
// and map[string]any of these. Any other type is an error that names the key. An empty slice or map
// comes back non-nil. A time comes back without its monotonic reading, and with an offset in place
// of its location.
//
// A filter maps keys to values that must all be equal. Numbers are equal by value whatever their
// types, also in lists, so 3 finds 3.0. Times are equal if their texts are, including the offset. A
// missing key equals nothing, not even nil.
package chromem
