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
// their owner can read. The file space.json holds the vectors' Space and variant. It is written
// first, complete or not at all, and compared before anything is opened. So vectors of another
// model, or with another prefix ([embedding.Model.DocumentVariant]), are refused even after a
// restart. A folder of an earlier version has no variant: it opens with any, and the first document
// that is added to it decides.
//
// A file is written under a temporary name and renamed, so a killed process leaves whole files. An
// unfinished file, of a version that wrote in place or of a machine that crashed, counts as absent:
// the next call with its document embeds it again. Every file has a checksum, and [New] refuses a
// folder with a changed bit and names the files. Files of versions without checksums are read; New
// detects those that cannot be decoded, but not every changed bit.
//
// After AddDocuments has returned, its documents are with the operating system: they survive the
// end of the process, and a crash of the machine only once the system has written them.
//
// Several Stores may have a folder open, and one at a time changes it: a call of AddDocuments or
// Delete while another Store's is under way returns [ErrInUse] at once and embeds nothing.
// [Store.Lock] makes one change of several calls. A change by another Store is seen after the next
// own change, a Lock, or New. A folder that cannot be written opens for searching.
//
// The lock is flock(2) on the file lock, which the end of the process releases. Windows, Solaris,
// AIX and some network file systems have no such lock: there, and where versions before the lock
// run too, let only one program change a folder.
//
// # Meaning and words
//
// With Options.Words above 0, a search ranks by the words of the query too, as bm25.Fuse does with
// that weight: names and codes are found that the model blurs. All documents of the collection are
// candidates; a filter leaves out documents and does not change the order of the others. Score is
// still the cosine, also for WithScoreThreshold, so the results are not in the order of their
// scores.
//
// The index of words is in memory and nothing of it is on disk: New and Lock make it from the
// documents that they read, and adding and deleting change it with the documents. So a folder can
// be opened with words and without, and a kill leaves nothing to repair. It takes about as much
// memory as the text of the documents, and a search compares as many documents as before but sorts
// all of them.
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
