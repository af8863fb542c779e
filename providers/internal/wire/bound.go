package wire

import (
	"errors"
	"fmt"
)

// Bound is what the body of an answer may hold at most: vectors for so many texts, of so many dimensions, 0 if nobody has
// said how many.
type Bound struct{ Texts, Dimensions int }

// unknownDimensions are as many as the largest models of today have.
const unknownDimensions = 4_096

// Bytes is how long the body may be. Servers write a number with up to 22 characters, so that 32 bytes are enough: 2,048 texts
// of 1,536 dimensions can be 70 MB.
func (b Bound) Bytes() int64 {
	if b.Dimensions == 0 && b.Texts > 0 {
		return max(64<<20, Bound{b.Texts, unknownDimensions}.Bytes())
	}
	return int64(b.Texts)*int64(b.Dimensions)*32 + 1<<20
}

// ErrTooLong is what TooLong wraps.
var ErrTooLong = errors.New("the answer is too long")

// TooLong is for a body that is longer than Bytes.
func (b Bound) TooLong() error {
	if b.Dimensions > 0 {
		return fmt.Errorf("%w: more than the %d bytes that these vectors can take", ErrTooLong, b.Bytes())
	}
	return fmt.Errorf("%w: more than %d bytes for %d texts, of a model whose dimensions are not known: say how many it has "+
		"(in a reference of OpenAI's wire, native_dimensions=), or send fewer texts at once (max_texts=)", ErrTooLong, b.Bytes(), b.Texts)
}
