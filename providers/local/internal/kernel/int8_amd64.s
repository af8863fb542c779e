#include "textflag.h"

// Constants of the quantization of rows: see int8.go.
DATA int8<>+0(SB)/4, $0x7fffffff // all bits but the sign
DATA int8<>+4(SB)/4, $63.0       // rowLevels
DATA int8<>+8(SB)/4, $64         // rowZero
GLOBL int8<>(SB), RODATA|NOPTR, $12

#define unsigned int8<>+0(SB)
#define levels   int8<>+4(SB)
#define zero     int8<>+8(SB)

// Sixteen times 1 in 16 bits: the product with them adds neighbors.
DATA ones<>+0(SB)/8, $0x0001000100010001
DATA ones<>+8(SB)/8, $0x0001000100010001
DATA ones<>+16(SB)/8, $0x0001000100010001
DATA ones<>+24(SB)/8, $0x0001000100010001
GLOBL ones<>(SB), RODATA|NOPTR, $32

// ROW512 adds four values of a row of a, times 32 columns of b (Z0 and Z1), to that row's sums.
#define ROW512(value, s, sum0, sum1) \
	VPBROADCASTD value, s      \
	VPDPBUSD     Z0, s, sum0   \
	VPDPBUSD     Z1, s, sum1

// STEP512 is one step along k: at is the offset of the step's values of a, in bytes.
#define STEP512(at) \
	VMOVDQU32 (DI), Z0                    \
	VMOVDQU32 64(DI), Z1                  \
	ADDQ      $128, DI                    \
	ROW512(at(SI), Z2, Z8, Z9)            \
	ROW512(at(SI)(R8*1), Z3, Z10, Z11)    \
	ROW512(at(SI)(R8*2), Z4, Z12, Z13)    \
	ROW512(at(R9), Z5, Z14, Z15)          \
	ROW512(at(R9)(R8*1), Z2, Z16, Z17)    \
	ROW512(at(R9)(R8*2), Z3, Z18, Z19)    \
	ROW512(at(R10), Z4, Z20, Z21)         \
	ROW512(at(R10)(R8*1), Z5, Z22, Z23)   \
	ROW512(at(R10)(R8*2), Z2, Z24, Z25)   \
	ROW512(at(R11), Z3, Z26, Z27)         \
	ROW512(at(R11)(R8*1), Z4, Z28, Z29)   \
	ROW512(at(R11)(R8*2), Z5, Z30, Z31)

#define BEGIN512(sum0, sum1) \
	VMOVDQA32 Z0, sum0 \
	VMOVDQA32 Z1, sum1

// SAVE512 multiplies a row's sums by its scale and those of the columns (Z0 and Z1), and adds them
// to c.
#define SAVE512(sum0, sum1) \
	VBROADCASTSS (R12), Z2          \
	ADDQ         $4, R12            \
	VMULPS       Z2, Z0, Z3         \
	VMULPS       Z2, Z1, Z4         \
	VCVTDQ2PS    sum0, sum0         \
	VCVTDQ2PS    sum1, sum1         \
	VMULPS       Z3, sum0, sum0     \
	VMULPS       Z4, sum1, sum1     \
	VADDPS       (DX), sum0, sum0   \
	VADDPS       64(DX), sum1, sum1 \
	VMOVUPS      sum0, (DX)         \
	VMOVUPS      sum1, 64(DX)       \
	ADDQ         R13, DX

// func gemm8x512(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)
TEXT ·gemm8x512(SB), NOSPLIT, $0-72
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ lda+16(FP), R8
	MOVQ b+24(FP), DI
	MOVQ c+32(FP), DX
	MOVQ ldc+40(FP), R13
	MOVQ scales+48(FP), R12
	MOVQ columns+56(FP), BX
	MOVQ begin+64(FP), AX
	SHLQ $2, R13
	VMOVDQU32 (AX), Z0
	VMOVDQU32 64(AX), Z1
	LEAQ (R8)(R8*2), AX
	LEAQ (SI)(AX*1), R9
	LEAQ (SI)(AX*2), R10
	LEAQ (R9)(AX*2), R11
	BEGIN512(Z8, Z9)
	BEGIN512(Z10, Z11)
	BEGIN512(Z12, Z13)
	BEGIN512(Z14, Z15)
	BEGIN512(Z16, Z17)
	BEGIN512(Z18, Z19)
	BEGIN512(Z20, Z21)
	BEGIN512(Z22, Z23)
	BEGIN512(Z24, Z25)
	BEGIN512(Z26, Z27)
	BEGIN512(Z28, Z29)
	BEGIN512(Z30, Z31)
	SUBQ $4, CX
	JLT  rest

four:
	STEP512(0)
	STEP512(4)
	STEP512(8)
	STEP512(12)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $16, R10
	ADDQ $16, R11
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JEQ  done

one:
	STEP512(0)
	ADDQ $4, SI
	ADDQ $4, R9
	ADDQ $4, R10
	ADDQ $4, R11
	DECQ CX
	JNE  one

done:
	VMOVUPS (BX), Z0
	VMOVUPS 64(BX), Z1
	SAVE512(Z8, Z9)
	SAVE512(Z10, Z11)
	SAVE512(Z12, Z13)
	SAVE512(Z14, Z15)
	SAVE512(Z16, Z17)
	SAVE512(Z18, Z19)
	SAVE512(Z20, Z21)
	SAVE512(Z22, Z23)
	SAVE512(Z24, Z25)
	SAVE512(Z26, Z27)
	SAVE512(Z28, Z29)
	SAVE512(Z30, Z31)
	VZEROUPPER
	RET

// DOT256 adds the products of groups of four bytes of s and of b to sum.
#define DOT256(b, s, sum) \
	VPMADDUBSW b, s, Y3          \
	VPMADDWD   ones<>(SB), Y3, Y3 \
	VPADDD     Y3, sum, sum

#define ROW256(value, sum0, sum1) \
	VPBROADCASTD value, Y2 \
	DOT256(Y0, Y2, sum0)   \
	DOT256(Y1, Y2, sum1)

#define STEP256(at) \
	VMOVDQU (DI), Y0                  \
	VMOVDQU 32(DI), Y1                \
	ADDQ    $64, DI                   \
	ROW256(at(SI), Y4, Y5)            \
	ROW256(at(SI)(R8*1), Y6, Y7)      \
	ROW256(at(SI)(R8*2), Y8, Y9)      \
	ROW256(at(R9), Y10, Y11)          \
	ROW256(at(R9)(R8*1), Y12, Y13)    \
	ROW256(at(R9)(R8*2), Y14, Y15)

#define BEGIN256(sum0, sum1) \
	VMOVDQA Y0, sum0 \
	VMOVDQA Y1, sum1

#define SAVE256(sum0, sum1) \
	VBROADCASTSS (R12), Y2          \
	ADDQ         $4, R12            \
	VMULPS       Y2, Y0, Y3         \
	VCVTDQ2PS    sum0, sum0         \
	VMULPS       Y3, sum0, sum0     \
	VMULPS       Y2, Y1, Y3         \
	VCVTDQ2PS    sum1, sum1         \
	VMULPS       Y3, sum1, sum1     \
	VADDPS       (DX), sum0, sum0   \
	VADDPS       32(DX), sum1, sum1 \
	VMOVUPS      sum0, (DX)         \
	VMOVUPS      sum1, 32(DX)       \
	ADDQ         R13, DX

// func gemm8x256(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)
TEXT ·gemm8x256(SB), NOSPLIT, $0-72
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ lda+16(FP), R8
	MOVQ b+24(FP), DI
	MOVQ c+32(FP), DX
	MOVQ ldc+40(FP), R13
	MOVQ scales+48(FP), R12
	MOVQ columns+56(FP), BX
	MOVQ begin+64(FP), AX
	SHLQ $2, R13
	VMOVDQU (AX), Y0
	VMOVDQU 32(AX), Y1
	LEAQ (R8)(R8*2), AX
	LEAQ (SI)(AX*1), R9
	BEGIN256(Y4, Y5)
	BEGIN256(Y6, Y7)
	BEGIN256(Y8, Y9)
	BEGIN256(Y10, Y11)
	BEGIN256(Y12, Y13)
	BEGIN256(Y14, Y15)

step:
	STEP256(0)
	ADDQ $4, SI
	ADDQ $4, R9
	DECQ CX
	JNE  step
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), Y1
	SAVE256(Y4, Y5)
	SAVE256(Y6, Y7)
	SAVE256(Y8, Y9)
	SAVE256(Y10, Y11)
	SAVE256(Y12, Y13)
	SAVE256(Y14, Y15)
	VZEROUPPER
	RET

// SCALE takes the largest of the values in X0. It leaves its part of the levels in X3 and, unless
// that is 0, the inverse in X4.
#define SCALE \
	VPERMILPS $0x4e, X0, X1 \
	VMAXPS    X1, X0, X0    \
	VPERMILPS $0xb1, X0, X1 \
	VMAXPS    X1, X0, X0    \
	VMOVSS    levels, X2    \
	VDIVSS    X2, X0, X3    \
	VDIVSS    X0, X2, X1    \
	VXORPS    X4, X4, X4    \
	VCMPPS    $4, X4, X0, X4 \
	VANDPS    X1, X4, X4

// func quantize512(x *float32, n int, to *uint8) (scale float32)
TEXT ·quantize512(SB), NOSPLIT, $0-28
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	MOVQ   to+16(FP), DI
	MOVQ   SI, R8
	MOVQ   CX, DX
	VPXORQ Z0, Z0, Z0

largest:
	VMOVUPS       (R8), Z1
	VPANDD.BCST   unsigned, Z1, Z1
	VMAXPS        Z1, Z0, Z0
	ADDQ          $64, R8
	SUBQ          $16, DX
	JGT           largest
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	SCALE
	VMOVSS        X3, scale+24(FP)
	VBROADCASTSS  X4, Z1

loop:
	VMULPS      (SI), Z1, Z0
	VCVTPS2DQ   Z0, Z0
	VPADDD.BCST zero, Z0, Z0
	VPMOVDB     Z0, (DI)
	ADDQ        $64, SI
	ADDQ        $16, DI
	SUBQ        $16, CX
	JGT         loop
	VZEROUPPER
	RET

// func quantize256(x *float32, n int, to *uint8) (scale float32)
TEXT ·quantize256(SB), NOSPLIT, $0-28
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         to+16(FP), DI
	MOVQ         SI, R8
	MOVQ         CX, DX
	VXORPS       Y0, Y0, Y0
	VBROADCASTSS unsigned, Y5
	VPBROADCASTD zero, Y6

largest:
	VANDPS       (R8), Y5, Y1
	VMAXPS       Y1, Y0, Y0
	ADDQ         $32, R8
	SUBQ         $8, DX
	JGT          largest
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	SCALE
	VMOVSS       X3, scale+24(FP)
	VBROADCASTSS X4, Y1

loop:
	VMULPS       (SI), Y1, Y0
	VCVTPS2DQ    Y0, Y0
	VPADDD       Y6, Y0, Y0
	VEXTRACTI128 $1, Y0, X2
	VPACKSSDW    X2, X0, X0
	VPACKUSWB    X0, X0, X0
	VMOVQ        X0, (DI)
	ADDQ         $32, SI
	ADDQ         $8, DI
	SUBQ         $8, CX
	JGT          loop
	VZEROUPPER
	RET
