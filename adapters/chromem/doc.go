// Package chromem is github.com/philippgille/chromem-go, a vector store inside the process, behind langchaingo's
// vectorstores.VectorStore: in memory, or in a folder that survives the process.
//
//	store, err := chromem.New(e, chromem.Options{Dir: "index"})
//	ids, err := store.AddDocuments(ctx, docs)
//	found, err := store.SimilaritySearch(ctx, "a question", 5)
//
// # What is stored
//
// A document's content, metadata and vector; in a folder one file a document, unencrypted, readable by its owner only. The folder
// also holds space.json with the vectors' Space, written before anything else and compared before anything is opened: vectors of
// another model are refused, also after a restart.
//
// A document is known by its ID: by default a hash of content and metadata, else what Options.ID says. Adding a
// document that is there already costs nothing; one whose content has changed is embedded again; where only the metadata
// has changed the vector is kept.
//
// A document is durable when AddDocuments has returned. chromem-go does not write its files atomically: a process killed in the
// middle of a write leaves one half-written file, which New names; delete it and add its document again. A
// folder belongs to one process at a time.
//
// # Metadata
//
// Values keep their types: string, bool, nil, all integers and floats, time.Time, and slices and maps of these, which come
// back as []any, []string and map[string]any. A filter is a map from keys to values that must all be equal; numbers are equal by value,
// whatever their types.
package chromem
