package canary

import (
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
)

// Change is what moved.
type Change uint8

// The changes, the first that applies.
const (
	Space      Change = iota + 1 // the Embedder is of another Space; nothing was asked
	Variant                      // the Embedder has another instruction or prefix; nothing was asked
	Truncated                    // vectors are the first dimensions of the old ones, alone or before zeros
	Dimensions                   // vectors have another number of dimensions
	Permuted                     // texts have each other's vectors
	Rotated                      // vectors differ but stand to each other as before: the same model in other coordinates
	Vectors                      // vectors differ: another model, or another way to prepare the text
	Lengths                      // vectors have their direction and another length, as where normalisation was turned on or off
)

var changeNames = [...]string{"no change", "space", "variant", "truncated", "dimensions", "permuted", "rotated", "vectors", "lengths"}

// String returns the change in one word.
func (c Change) String() string {
	if int(c) < len(changeNames) {
		return changeNames[c]
	}
	return "unknown change"
}

// Drift is the error of a Check that found a change. It holds no text.
type Drift struct {
	Change Change

	Space, NowSpace           embedding.Space // of the reference, and of the Embedder
	Variant, NowVariant       string
	Dimensions, NowDimensions int     // NowDimensions is 0 where it is not known
	Kept                      int     // of Truncated: the dimensions that are left, which zeros may follow
	Length, NowLength         float64 // mean length of the vectors; 0 where there were none

	// Of the vectors that could be compared (of Truncated: over the dimensions that are left):
	Compared    int
	Moved       int            // further than Tolerance
	Tolerance   float64        // 1 - cosine
	WorstText   int            // index in Reference.Texts
	WorstTask   embedding.Task // TaskDocument or TaskQuery
	WorstCosine float64
	MeanCosine  float64

	Err error // of asking, where that failed: a guard refused the answer, or the provider did not tell more about another Space
}

// Error says what moved and by how much, and what to do.
func (d *Drift) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "canary: %s: ", d.Space)
	switch d.Change {
	case Space:
		fmt.Fprintf(&b, "the embedder is of another space, %q: open the one that the reference was recorded with", d.NowSpace)
		return b.String()
	case Variant:
		fmt.Fprintf(&b, "the variant was %q and is %q: open the embedder with the instruction that the reference was recorded with", d.Variant, d.NowVariant)
		return b.String()
	case Truncated:
		if unit(d.NowLength) {
			fmt.Fprintf(&b, "vectors are truncated to their first %d dimensions and normalised again", d.Kept)
		} else {
			fmt.Fprintf(&b, "vectors are truncated to their first %d dimensions", d.Kept)
		}
	case Dimensions:
		b.WriteString("vectors have other dimensions")
	case Permuted:
		b.WriteString("texts have each other's vectors")
	case Rotated:
		b.WriteString("vectors are rotated: they stand to each other as before, in other coordinates")
	case Lengths:
		switch {
		case unit(d.Length):
			b.WriteString("vectors are not normalised any more")
		case unit(d.NowLength):
			b.WriteString("vectors are normalised now")
		default:
			b.WriteString("vectors have another length")
		}
	default:
		b.WriteString("vectors differ: another model answers, or it reads texts in another way")
	}
	if d.NowDimensions != d.Dimensions {
		fmt.Fprintf(&b, "; dimensions %d, now %s", d.Dimensions, some(d.NowDimensions))
	}
	if d.Compared > 0 {
		fmt.Fprintf(&b, "; %d of %d vectors moved by more than %.2g, worst text %d as %s with cosine %.4f, mean cosine %.4f",
			d.Moved, d.Compared, d.Tolerance, d.WorstText, d.WorstTask, d.WorstCosine, d.MeanCosine)
	}
	if d.NowLength > 0 {
		fmt.Fprintf(&b, "; mean length %.4g, now %.4g", d.Length, d.NowLength)
	}
	b.WriteString(": do not compare new vectors with stored ones")
	if d.Err != nil {
		fmt.Fprintf(&b, ": %v", d.Err)
	}
	return b.String()
}

func some(n int) string {
	if n == 0 {
		return "others"
	}
	return fmt.Sprint(n)
}

// Unwrap returns the provider's error, if there was one.
func (d *Drift) Unwrap() error { return d.Err }
