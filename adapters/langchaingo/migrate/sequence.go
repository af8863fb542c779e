package migrate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// Sequence returns a Reader of documents from elsewhere, such as the table that an index was built
// from. The id names it in journals. docs must yield the same documents with their IDs in the same
// order each time; Sequence sets their Positions. A migration that continues reads the documents
// before its position again and skips them; it fails if the last of them has another ID than
// before.
func Sequence(id string, docs iter.Seq2[collection.Document, error]) collection.Reader {
	return sequence{id, docs}
}

type sequence struct {
	id   string
	docs iter.Seq2[collection.Document, error]
}

func (s sequence) Describe(context.Context) (collection.Description, error) {
	return collection.Description{ID: "sequence:" + s.id, Name: s.id, Documents: -1}, nil
}

func (s sequence) Documents(ctx context.Context, after string) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		if err := s.each(ctx, after, yield); err != nil {
			yield(collection.Document{}, err)
		}
	}
}

// each yields the documents after a position until yield returns false.
func (s sequence) each(ctx context.Context, after string, yield func(collection.Document, error) bool) error {
	skip, last, err := parsePosition(after)
	if err != nil {
		return err
	}
	n := 0
	for d, err := range s.docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		n++
		if n == skip && d.ID != last {
			return moved(skip, last)
		}
		d.Position = position(n, d.ID)
		if n > skip && !yield(d, nil) {
			return nil
		}
	}
	if n < skip {
		return moved(skip, last)
	}
	return nil
}

// position is the number of the last document and its ID, which shows whether the order has
// changed.
func position(n int, id string) string { return strconv.Itoa(n) + " " + id }

func parsePosition(s string) (n int, id string, err error) {
	if s == "" {
		return 0, "", nil
	}
	number, id, ok := strings.Cut(s, " ")
	n, err = strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		return 0, "", errors.New("the position does not belong to this collection")
	}
	return n, id, nil
}

func moved(n int, id string) error {
	return fmt.Errorf("document %d is no longer %s: documents before it were removed or their order has changed; "+
		"begin again with an empty collection and without the journal", n, id)
}
