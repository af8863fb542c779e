package kernel

import "golang.org/x/sys/cpu"

//go:noescape
func gemmNEON(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func geluNEON(x *float32, n int)

//go:noescape
func softmaxNEON(x *float32, n int)

//go:noescape
func normNEON(x, add, weight, shift *float32, n int, eps float32)

//go:noescape
func gemm8NEON(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)

// machine returns the set of NEON, which every processor of this kind has; most have the product
// of bytes.
func machine() []*Set {
	s := &Set{
		Name: "neon", Rows: 8, Columns: 8, lanes: 4,
		gemm: gemmNEON, gelu: geluNEON, softmax: softmaxNEON, norm: normNEON,
	}
	if cpu.ARM64.HasASIMDDP {
		s.gemm8, s.quantize = gemm8NEON, quantizeGo
	}
	return []*Set{s}
}
