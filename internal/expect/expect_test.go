package expect

import (
	"errors"
	"fmt"
	"testing"
)

// heard is a T that keeps what it is told.
type heard []string

func (*heard) Helper() {}

func (h *heard) Errorf(format string, args ...any) { *h = append(*h, fmt.Sprintf(format, args...)) }

func (h *heard) Fatalf(format string, args ...any) { h.Errorf(format, args...) }

func TestExpect(t *testing.T) {
	var h heard
	full := errors.New("the disk is full")
	NoError(&h, nil)
	Equal(&h, "rows", []int{1}, []int{1})
	Says(&h, "writing", full, "disk", "full")
	Equal(t, "failures of what is right", len(h), 0)

	NoError(&h, full)
	Equal(&h, "rows", []int{1}, []int{2})
	Says(&h, "writing", full, "disk", "empty")
	Says(&h, "writing", nil, "disk")
	Says(&h, "writing", nil)
	Equal(t, "failures", h, heard{
		"got the error the disk is full, want none",
		"rows: got [1], want [2]",
		`writing: got the error the disk is full, want "empty" in it`,
		`writing: got no error, want one with ["disk"] in it`,
		"writing: got no error, want one with [] in it",
	})
}
