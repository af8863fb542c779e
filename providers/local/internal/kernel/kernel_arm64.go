package kernel

//go:noescape
func gemmNEON(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func geluNEON(x *float32, n int)

//go:noescape
func softmaxNEON(x *float32, n int)

//go:noescape
func normNEON(x, add, weight, shift *float32, n int, eps float32)

// machine returns the set of NEON, which every processor of this kind has.
func machine() []*Set {
	return []*Set{{
		Name: "neon", Rows: 8, Columns: 8, lanes: 4,
		gemm: gemmNEON, gelu: geluNEON, softmax: softmaxNEON, norm: normNEON,
	}}
}
