package scan

import (
	"fmt"
	"slices"
)

// sink takes the vectors of one answer in the order of arrival and places them by index.
type sink struct {
	n    int
	dims int         // 0 means not known yet
	rows [][]float32 // by index
	slab []float32   // rows are cut off its front
	// first holds the first vector while dims are unknown. The scanner keeps it, and it grows there.
	first []float32
}

// cut returns the next row of the slab. dims must be known.
func (k *sink) cut() []float32 {
	if k.slab == nil {
		k.slab = make([]float32, k.n*k.dims)
	}
	row := k.slab[:k.dims:k.dims]
	k.slab = k.slab[k.dims:]
	return row
}

// learn sets the length of all vectors to the first one's.
func (k *sink) learn(dims int) error {
	if dims > mostNumbers/max(1, k.n) {
		return fmt.Errorf("%w: %d vectors of %d numbers", ErrTooLong, k.n, dims)
	}
	k.dims = dims
	return nil
}

// place makes row the vector of text index.
func (k *sink) place(index int, row []float32) error {
	if index < 0 || index >= k.n {
		return fmt.Errorf("the answer has a vector for text %d, of %d texts counted from 0", index, k.n)
	}
	if k.rows == nil {
		k.rows = make([][]float32, k.n)
	}
	if k.rows[index] != nil {
		return fmt.Errorf("the answer has two vectors for text %d", index)
	}
	k.rows[index] = row
	return nil
}

// settle places the rows of items that have no index, of all items.
func (k *sink) settle(stray [][]float32, items int) error {
	switch {
	case len(stray) == items && items == k.n:
		k.rows = stray
		return nil
	case len(stray) == 1 && items == k.n:
		k.rows[slices.IndexFunc(k.rows, func(row []float32) bool { return row == nil })] = stray[0]
		return nil
	}
	return fmt.Errorf("%d items of the answer have no index, so that it does not say for which of the %d texts they are", len(stray), k.n)
}

// missing names a text without a vector, if there is one.
func (k *sink) missing() error {
	if k.rows == nil && k.n > 0 {
		return fmt.Errorf("the answer has no vector for any of the %d texts", k.n)
	}
	for i, row := range k.rows {
		if row == nil {
			return fmt.Errorf("the answer has no vector for text %d", i)
		}
	}
	return nil
}
