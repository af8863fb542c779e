package static

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// sum64 adds 64 dimensions of the sum of n rows to v. The table begins at their place in its first
// row, and a row has width bytes. base is taken from each dimension.
//
//go:noescape
func sum64(v *float32, table *byte, rows *int, scales *uint32, n, width int, base uint32)

// sumFast is sum with AVX2: 8 dimensions in each instruction. Sums are exact, so it computes the
// same to the last bit. It returns false, and does nothing, without AVX2.
func (t *table) sumFast(v []float32, rows []int) bool {
	if !cpu.X86.HasAVX2 {
		return false
	}
	var scales [fullest]uint32
	for len(rows) > 0 {
		part := rows[:min(len(rows), fullest)]
		rows = rows[len(part):]
		base := uint32(0)
		for i, row := range part {
			_ = t.rows[(row+1)*t.dimensions/2-1] // sum64 does not look
			scales[i] = uint32(t.scale(row))
			base += 8 * scales[i]
		}
		for at := 0; at+64 <= len(v); at += 64 {
			sum64(&v[at], unsafe.StringData(t.rows[at/2:]), &part[0], &scales[0], len(part), t.dimensions/2, base)
		}
	}
	return true
}
