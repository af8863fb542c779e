package wire

import (
	"errors"
	"fmt"
)

// Bound bounds the body of an answer by its number of vectors and their dimensions. 0 dimensions
// are unknown ones. Without texts the answer is a small document.
type Bound struct{ Texts, Dimensions int }

// unknownDimensions is the number of dimensions of the largest models today.
const unknownDimensions = 4_096

// aNumber is what a number can take: up to 22 characters, on a line of its own that is indented by
// up to 40.
const aNumber = 64

// Bytes returns the longest length of the body. 2,048 texts of 1,536 dimensions can take 70 MB, and
// twice as much where the server indents its JSON.
func (b Bound) Bytes() int64 {
	if b.Dimensions == 0 && b.Texts > 0 {
		return max(64<<20, Bound{b.Texts, unknownDimensions}.Bytes())
	}
	return int64(b.Texts)*int64(b.Dimensions)*aNumber + 1<<20
}

// ErrTooLong is in the error of an answer beyond its [Bound].
var ErrTooLong = errors.New("the answer is too long")

// TooLong returns the error of a body that is longer than Bytes.
func (b Bound) TooLong() error {
	if b.Dimensions > 0 {
		return fmt.Errorf("%w: more than the %d bytes that these vectors can take", ErrTooLong, b.Bytes())
	}
	return fmt.Errorf("%w: more than %d bytes for %d texts, of a model whose dimensions are not known: say how many it has "+
		"(in a reference of OpenAI's wire, native_dimensions=), or send fewer texts at once (max_texts=)", ErrTooLong, b.Bytes(), b.Texts)
}
