package migrate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/tmc/langchaingo/schema"
)

// Collection reads a collection of a vector store, which langchaingo's stores cannot. PGVector, Chroma, adapters/chromem's Folder
// and Sequence are some; one of your own needs these two methods.
type Collection interface {
	// Describe says what is there now. A collection that is not there is no error: its ID is empty.
	Describe(ctx context.Context) (Description, error)
	// Documents yields the documents after a Position, of all if it is "", in an order that does not change between calls. It holds
	// a page of them in memory. An error is yielded last. A collection that is not there has no documents.
	Documents(ctx context.Context, after string) iter.Seq2[Document, error]
}

// Description of a collection.
type Description struct {
	// ID is the collection's alone, and does not change while it exists.
	ID string
	// Name is for people: the kind of store, where it is and what the collection is called there. It holds no password.
	Name string
	// Documents is how many there are, -1 if it is not known.
	Documents int
	// Dimensions are the lengths of the stored vectors, ascending; empty if there are none, or if the store does not tell.
	Dimensions []int
}

// Document is a stored document.
type Document struct {
	// ID is its own in the collection.
	ID string
	schema.Document
	// Position is where to go on after this document.
	Position string
}

// Sequence makes a Collection of documents from elsewhere, such as the table that an index was built from. The id names it in journals.
// docs yields the same documents in the same order each time, with their IDs; positions are counted here. When a migration goes on,
// what it has read is read again and passed over, and the last of it compared.
func Sequence(id string, docs iter.Seq2[Document, error]) Collection { return sequence{id, docs} }

type sequence struct {
	id   string
	docs iter.Seq2[Document, error]
}

func (s sequence) Describe(context.Context) (Description, error) {
	return Description{ID: "sequence:" + s.id, Name: s.id, Documents: -1}, nil
}

func (s sequence) Documents(ctx context.Context, after string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		skip, last, err := parsePosition(after)
		if err != nil {
			yield(Document{}, err)
			return
		}
		n, reached := 0, skip == 0
		for d, err := range s.docs {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Document{}, err)
				return
			}
			n++
			if n == skip {
				if reached = d.ID == last; !reached {
					break
				}
			}
			if n > skip {
				d.Position = position(n, d.ID)
				if !yield(d, nil) {
					return
				}
			}
		}
		if !reached {
			yield(Document{}, moved(skip, last))
		}
	}
}

// A position in a numbered order is the number of the last document and its ID, which shows whether the order has changed.
func position(n int, id string) string { return strconv.Itoa(n) + " " + id }

func parsePosition(s string) (n int, id string, err error) {
	if s == "" {
		return 0, "", nil
	}
	number, id, ok := strings.Cut(s, " ")
	n, err = strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		return 0, "", errors.New("the position is not one of this collection")
	}
	return n, id, nil
}

func moved(n int, id string) error {
	return fmt.Errorf("document %d is no longer %s: documents before it were removed or their order has changed; begin again with an empty collection and without the journal", n, id)
}
