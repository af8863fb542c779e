package canary

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/spaces"
)

// Check embeds every text of the reference with e and compares the vectors. It returns nil if they
// are within the reference's tolerance, a [*Drift] if something changed, and another error if that
// is unknown: the provider failed, the context ended, or the reference is not whole.
//
// If a guard inside e knows the dimensions, or that the vectors have length 1, it refuses others
// before they arrive. The Drift then has the guard's error in Err and cannot say whether the
// vectors were truncated.
func Check(ctx context.Context, e embedding.Embedder, ref Reference) error {
	if e == nil {
		return errNil
	}
	if err := ref.valid(); err != nil {
		return err
	}
	m := embedding.Chain(e).Model()
	if m.Space == "" {
		if m.Space = spaceAt(m, ref.Dimensions); !m.Space.Same(ref.Space) {
			return fmt.Errorf("canary: the Space of %s:%s is unknown: call embedding.Probe first%s", m.Provider, m.ID, spaces.Keep(m, ref.Space))
		}
	}
	d := &Drift{
		Space: ref.Space, NowSpace: m.Space, Variant: ref.Variant, NowVariant: m.Variant,
		Dimensions: ref.Dimensions, NowDimensions: m.Dimensions, Tolerance: ref.Tolerance,
	}
	same := m.Space.Same(ref.Space)
	switch {
	case !same && !resized(ref, m):
		d.Change, d.Advice = SpaceChanged, spaces.Keep(m, ref.Space)
		return d
	case m.Variant != ref.Variant:
		d.Change = VariantChanged
		return d
	}
	a, err := ask(ctx, embedding.Chain(open{e}), ref.Texts, ref.Queries != nil)
	if err != nil {
		if got, ok := errors.AsType[*embedding.DimensionsError](err); ok && got.Got != ref.Dimensions {
			d.Change, d.NowDimensions, d.Err = DimensionsChanged, got.Got, err
			return d
		}
		if got, ok := errors.AsType[*embedding.LengthError](err); ok && got.Got > 0 {
			d.Change, d.Length, d.NowLength, d.Err = LengthsChanged, 1, got.Got, err
			return d
		}
		if !same {
			d.Change, d.Err = SpaceChanged, err
			return d
		}
		return err
	}
	if d.Change = compare(d, ref, a); d.Change == 0 && !same {
		d.Change = SpaceChanged
	}
	if d.Change != 0 {
		return d
	}
	return nil
}

// spaceAt returns the Space that Chain derives for m with this number of dimensions.
func spaceAt(m embedding.Model, dimensions int) embedding.Space {
	m.Dimensions = dimensions
	return embedding.Chain(nobody{m}).Model().Space
}

// nobody is an Embedder that only has a Model.
type nobody struct{ model embedding.Model }

func (n nobody) Model() embedding.Model { return n.model }
func (n nobody) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, errors.ErrUnsupported
}

// resized reports whether m's Space differs from the reference's only in the dimensions in its
// name. Comparing the vectors then says more.
func resized(ref Reference, m embedding.Model) bool {
	before, ok := strings.CutSuffix(string(ref.Space), "@"+strconv.Itoa(ref.Dimensions))
	now, okNow := strings.CutSuffix(string(m.Space), "@"+strconv.Itoa(m.Dimensions))
	return ok && okNow && before == now
}
