package canary

import (
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
)

// Change says what changed.
type Change uint8

// Check reports the first change that applies.
const (
	SpaceChanged      Change = iota + 1 // another Space; nothing was sent
	VariantChanged                      // another instruction or prefix; nothing was sent
	Truncated                           // the first dimensions of the old vectors
	DimensionsChanged                   // another number of dimensions
	VectorsChanged                      // other vectors: another model, or another way to read texts
	LengthsChanged                      // the same directions with other lengths
)

var changeNames = [...]string{"no change", "space", "variant", "truncated", "dimensions", "vectors", "lengths"}

// String returns the change in one word.
func (c Change) String() string {
	if int(c) < len(changeNames) {
		return changeNames[c]
	}
	return "unknown change"
}

// Drift is the error of a [Check] that found a change. It holds no text.
type Drift struct {
	Change Change

	Space, NowSpace           embedding.Space // of the reference and of the Embedder
	Advice                    string          // how to go on with a space that was only renamed; may be empty
	Variant, NowVariant       string
	Dimensions, NowDimensions int     // NowDimensions is 0 if it is unknown
	Kept                      int     // if Truncated: the dimensions that are left
	Length, NowLength         float64 // mean length of the vectors; 0 if there were none

	// Figures of the vectors that could be compared. If Truncated, they are over the Kept dimensions.
	Compared    int
	Moved       int            // how many moved further than Tolerance
	Tolerance   float64        // 1 - cosine
	WorstText   int            // index in Reference.Texts
	WorstTask   embedding.Task // TaskDocument or TaskQuery
	WorstCosine float64
	MeanCosine  float64

	// Err is why the vectors are unknown: a guard refused the answer, or a provider of another Space
	// failed. It may be nil.
	Err error

	onlyLong bool // every vector that moved is of a long text
}

// Error says what changed, by how much, and what to do.
func (d *Drift) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "canary: %s: ", d.Space)
	switch d.Change {
	case SpaceChanged:
		fmt.Fprintf(&b, "the embedder has another space, %q: open the one that the reference was recorded with%s", d.NowSpace, d.Advice)
		return b.String()
	case VariantChanged:
		fmt.Fprintf(&b, "the variant was %q and is %q: open the embedder with the instruction that the reference was recorded with", d.Variant, d.NowVariant)
		return b.String()
	case Truncated:
		if unit(d.NowLength) {
			fmt.Fprintf(&b, "vectors are truncated to their first %d dimensions and normalized again", d.Kept)
		} else {
			fmt.Fprintf(&b, "vectors are truncated to their first %d dimensions", d.Kept)
		}
	case DimensionsChanged:
		b.WriteString("vectors have other dimensions")
	case LengthsChanged:
		switch {
		case unit(d.Length):
			b.WriteString("vectors are not normalized any more")
		case unit(d.NowLength):
			b.WriteString("vectors are normalized now")
		default:
			b.WriteString("vectors have another length")
		}
	default:
		if d.onlyLong {
			b.WriteString("the vectors of long texts differ: the model reads less of them (a smaller context window), or in another way")
		} else {
			b.WriteString("vectors differ: another model answers, or it reads texts in another way")
		}
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

// Unwrap returns Err.
func (d *Drift) Unwrap() error { return d.Err }
