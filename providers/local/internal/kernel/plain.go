package kernel

import (
	"math"
	"unsafe"
)

// plain is the set in Go.
var plain = &Set{
	Name: "go", Rows: 4, Columns: 4, lanes: 1,
	gemm: gemmGo, gelu: geluGo, softmax: softmaxGo, norm: normGo,
	gemm8: gemm8Go, quantize: quantizeGo,
}

func gemmGo(k int, pa *float32, lda int, pb *float32, ldb int, pc *float32, ldc int) {
	a0 := unsafe.Slice(pa, 3*lda+k)
	b := unsafe.Slice(pb, (k-1)*ldb+4)
	c := unsafe.Slice(pc, 3*ldc+4)
	a1, a2, a3 := a0[lda:][:k], a0[2*lda:][:k], a0[3*lda:][:k]
	a0 = a0[:k]
	var c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33 float32
	for i := range a0 {
		y := (*[4]float32)(b[i*ldb:])
		y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
		v := a0[i]
		c00 += v * y0
		c01 += v * y1
		c02 += v * y2
		c03 += v * y3
		v = a1[i]
		c10 += v * y0
		c11 += v * y1
		c12 += v * y2
		c13 += v * y3
		v = a2[i]
		c20 += v * y0
		c21 += v * y1
		c22 += v * y2
		c23 += v * y3
		v = a3[i]
		c30 += v * y0
		c31 += v * y1
		c32 += v * y2
		c33 += v * y3
	}
	for i, row := range [4][4]float32{{c00, c01, c02, c03}, {c10, c11, c12, c13}, {c20, c21, c22, c23}, {c30, c31, c32, c33}} {
		to := (*[4]float32)(c[i*ldc:])
		for j, v := range row {
			to[j] += v
		}
	}
}

// exp returns e^x for x up to 88, within 2e-7 of it; below -87 it returns e^-87.
func exp(x float32) float32 {
	x = max(x, -87)
	n := float32(math.RoundToEven(float64(x * 1.44269504)))
	x = x - n*0.693359375 + n*2.12194440e-4
	p := float32(1.9875691500e-4)
	p = p*x + 1.3981999507e-3
	p = p*x + 8.3334519073e-3
	p = p*x + 4.1665795894e-2
	p = p*x + 1.6666665459e-1
	p = p*x + 5.0000001201e-1
	p = p*x*x + x + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

// gelu uses an error function that is within 2e-7 (Abramowitz and Stegun 7.1.26).
func gelu(x float32) float32 {
	size := max(x, -x)
	z := size * 0.70710678
	t := 1 / (1 + 0.3275911*z)
	p := ((((1.061405429*t-1.453152027)*t+1.421413741)*t-0.284496736)*t + 0.254829592) * t
	return 0.5 * (x + size*(1-p*exp(-z*z)))
}

func geluGo(px *float32, n int) {
	x := unsafe.Slice(px, n)
	for i, v := range x {
		x[i] = gelu(v)
	}
}

func softmaxGo(px *float32, n int) {
	x := unsafe.Slice(px, n)
	most := x[0]
	for _, v := range x {
		most = max(most, v)
	}
	var sum float32
	for i, v := range x {
		e := exp(v - most)
		x[i] = e
		sum += e
	}
	for i := range x {
		x[i] /= sum
	}
}

func normGo(px, pAdd, pWeight, pShift *float32, n int, eps float32) {
	x, add, weight, shift := unsafe.Slice(px, n), unsafe.Slice(pAdd, n), unsafe.Slice(pWeight, n), unsafe.Slice(pShift, n)
	var sum, squares float64
	for i := range x {
		x[i] += add[i]
		sum += float64(x[i])
	}
	mean := float32(sum / float64(n))
	for i := range x {
		x[i] -= mean
		squares += float64(x[i]) * float64(x[i])
	}
	scale := float32(1 / math.Sqrt(squares/float64(n)+float64(eps)))
	for i := range x {
		x[i] = x[i]*scale*weight[i] + shift[i]
	}
}

// nearest returns the nearest whole number, of two the even one.
func nearest(x float32) int32 { return int32(math.RoundToEven(float64(x))) }

func quantizeGo(px *float32, n int, to *uint8) (scale float32) {
	x, out := unsafe.Slice(px, n), unsafe.Slice(to, n)
	scale, up := scales(x, rowLevels)
	for i, v := range x {
		out[i] = uint8(nearest(v*up) + rowZero)
	}
	return scale
}

func gemm8Go(k int, pa *uint8, lda int, pb *int8, pc *float32, ldc int, pScales, pColumns *float32, pBegin *int32) {
	a, b, c := unsafe.Slice(pa, 3*lda+group*k), unsafe.Slice(pb, 4*group*k), unsafe.Slice(pc, 3*ldc+4)
	scales, columns, begin := unsafe.Slice(pScales, 4), unsafe.Slice(pColumns, 4), unsafe.Slice(pBegin, 4)
	for i, scale := range scales {
		row := a[i*lda:][:group*k]
		sums := [4]int32(begin)
		for at := 0; at < len(row); at += group {
			x, y := (*[4]uint8)(row[at:]), (*[16]int8)(b[4*at:])
			for j := range sums {
				for g, v := range x {
					sums[j] += int32(v) * int32(y[group*j+g])
				}
			}
		}
		for j, sum := range sums {
			c[i*ldc+j] += float32(float32(sum) * (scale * columns[j])) // not fused, as in the other sets
		}
	}
}
