// Package collection reads the documents of a vector store's collection, which langchaingo's stores
// cannot do.
//
// A [Reader] describes a collection and yields its documents. Package migrate moves documents from
// one Reader's collection to another's. It has Readers for pgvector, Chroma and any sequence of
// documents; chromem.Folder is one for a folder of adapters/chromem. To read another store,
// implement the two methods of Reader.
package collection

import (
	"context"
	"iter"

	"github.com/tmc/langchaingo/schema"
)

// Reader reads one collection.
type Reader interface {
	// Describe returns what the collection holds now. If there is no such collection, the Description
	// has no ID and the error is nil.
	Describe(ctx context.Context) (Description, error)
	// Documents yields the documents after a Position, or all if after is "", in an order that stays
	// the same between calls. It holds at most a page of them in memory. An error is yielded last. A
	// missing collection has no documents.
	Documents(ctx context.Context, after string) iter.Seq2[Document, error]
}

// Description describes a collection.
type Description struct {
	// ID is unique to the collection and stays the same as long as the collection exists.
	ID string
	// Name is for people: the kind of store, its address and the collection's name. It holds no
	// password.
	Name string
	// Documents is the number of documents, -1 if it is unknown.
	Documents int
	// Dimensions holds the different lengths of the stored vectors, ascending. It is empty if there
	// are no vectors or the store does not say.
	Dimensions []int
	// Fixed is the only number of dimensions that the collection can hold; 0 means any. Remedy says
	// what to do if it is another than the model's.
	Fixed  int
	Remedy string
}

// Document is a stored document.
type Document struct {
	ID string // unique in the collection
	schema.Document
	Position string // continue after this document: see [Reader]
}
