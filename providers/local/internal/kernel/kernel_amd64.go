package kernel

import "golang.org/x/sys/cpu"

//go:noescape
func gemm512(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func gemm256(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)

//go:noescape
func gelu512(x *float32, n int)

//go:noescape
func gelu256(x *float32, n int)

//go:noescape
func softmax512(x *float32, n int)

//go:noescape
func softmax256(x *float32, n int)

//go:noescape
func norm512(x, add, weight, shift *float32, n int, eps float32)

//go:noescape
func norm256(x, add, weight, shift *float32, n int, eps float32)

//go:noescape
func gemm8x512(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)

//go:noescape
func gemm8x256(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)

//go:noescape
func quantize512(x *float32, n int, to *uint8) (scale float32)

//go:noescape
func quantize256(x *float32, n int, to *uint8) (scale float32)

// machine returns the sets of this processor, the fastest first.
func machine() (sets []*Set) {
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512VL {
		s := &Set{
			Name: "avx512", Rows: 12, Columns: 32, lanes: 16,
			gemm: gemm512, gelu: gelu512, softmax: softmax512, norm: norm512,
		}
		if x.HasAVX512VNNI {
			s.gemm8, s.quantize = gemm8x512, quantize512
		}
		sets = append(sets, s)
	}
	if x.HasAVX2 && x.HasFMA {
		sets = append(sets, &Set{
			Name: "avx2", Rows: 6, Columns: 16, lanes: 8,
			gemm: gemm256, gelu: gelu256, softmax: softmax256, norm: norm256,
			gemm8: gemm8x256, quantize: quantize256,
		})
	}
	return sets
}
