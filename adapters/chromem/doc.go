// Package chromem is github.com/philippgille/chromem-go, a vector store inside the process, behind langchaingo's
// vectorstores.VectorStore: in memory, or in a folder that survives the process.
//
//	store, err := chromem.New(e, chromem.Options{Dir: "index"})
//	ids, err := store.AddDocuments(ctx, docs)
//	found, err := store.SimilaritySearch(ctx, "a question", 5)
//
// All vectors are in memory, and a search compares the query with each of them.
//
// # Documents and IDs
//
// A document is known by its ID: what Options.ID says, or by default a hash of content and metadata. A document that is there
// already costs nothing to add. With Options.ID, one whose content has changed is embedded again and replaces the old
// one, and where only the metadata has changed the vector is kept. So an index is brought up to date by adding all documents and
// deleting the IDs that were not returned (see the example).
//
// All texts of a call are embedded by one call of the Embedder and stored after it: add large collections in blocks, so
// that little is lost if the process is killed, and put a Batch around a provider that limits its requests.
//
// # On disk
//
// In a folder every document is one file (in gob: content, metadata and vector), unencrypted, in folders that only their owner can
// read. The folder also holds space.json with the vectors' Space: written whole or not at all before anything else, and compared
// before anything is opened. Vectors of another model are refused, also after a restart.
//
// When AddDocuments has returned, its documents are with the operating system: they survive the end of the process, and
// of the machine only once the system has written them. chromem-go writes a file in its place, so a process killed in the middle of
// one leaves it half-written. New refuses such a folder and names the files; delete them and add their documents again.
// There are no checksums: New notices files that cannot be decoded, whose vectors have another length or whose IDs do
// not fit, not every changed bit.
//
// A folder belongs to one Store at a time; nothing enforces it. Two that have it open do not see each other's changes, each answers
// from its own memory, and of a document that both change the last one written is there after a restart.
//
// # Metadata
//
// chromem-go keeps strings only; here values keep their types: string, bool, nil, every integer and float type (an int64 comes back
// as an int64 and 3.0 as a float64), time.Time, and []string, []any and map[string]any of these. Any other type is an error, which
// names the key. An empty list or map comes back not nil, a time without its monotonic reading and with its offset in place
// of the location's name.
//
// A filter is a map from keys to values that must all be equal. Numbers are equal by value whatever their types, also inside lists, so
// that 3 finds 3.0; times are equal if their texts are, offset included; a key that is not there equals nothing, not even nil.
package chromem
