#include "textflag.h"

// ROW512 adds one value of a row of a, times 32 columns of b (Z0 and Z1), to that row's sums.
#define ROW512(value, s, sum0, sum1) \
	VBROADCASTSS value, s            \
	VFMADD231PS  Z0, s, sum0         \
	VFMADD231PS  Z1, s, sum1

// STEP512 is one step along k: at is the offset of the step's column of a, in bytes.
#define STEP512(at) \
	VMOVUPS (DI), Z0                      \
	VMOVUPS 64(DI), Z1                    \
	ADDQ    R12, DI                       \
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

// CLEAR512 and SAVE512 begin and end the sums of one row of c.
#define CLEAR512(sum0, sum1) \
	VPXORQ sum0, sum0, sum0 \
	VPXORQ sum1, sum1, sum1

#define SAVE512(sum0, sum1) \
	VADDPS  (DX), sum0, sum0   \
	VADDPS  64(DX), sum1, sum1 \
	VMOVUPS sum0, (DX)         \
	VMOVUPS sum1, 64(DX)       \
	ADDQ    R13, DX

// func gemm512(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
TEXT ·gemm512(SB), NOSPLIT, $0-56
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ lda+16(FP), R8
	MOVQ b+24(FP), DI
	MOVQ ldb+32(FP), R12
	MOVQ c+40(FP), DX
	MOVQ ldc+48(FP), R13
	SHLQ $2, R8
	SHLQ $2, R12
	SHLQ $2, R13
	LEAQ (R8)(R8*2), AX
	LEAQ (SI)(AX*1), R9
	LEAQ (SI)(AX*2), R10
	LEAQ (R9)(AX*2), R11
	CLEAR512(Z8, Z9)
	CLEAR512(Z10, Z11)
	CLEAR512(Z12, Z13)
	CLEAR512(Z14, Z15)
	CLEAR512(Z16, Z17)
	CLEAR512(Z18, Z19)
	CLEAR512(Z20, Z21)
	CLEAR512(Z22, Z23)
	CLEAR512(Z24, Z25)
	CLEAR512(Z26, Z27)
	CLEAR512(Z28, Z29)
	CLEAR512(Z30, Z31)
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

#define ROW256(value, s, sum0, sum1) \
	VBROADCASTSS value, s            \
	VFMADD231PS  Y0, s, sum0         \
	VFMADD231PS  Y1, s, sum1

#define STEP256(at) \
	VMOVUPS (DI), Y0                      \
	VMOVUPS 32(DI), Y1                    \
	ADDQ    R12, DI                       \
	ROW256(at(SI), Y2, Y4, Y5)            \
	ROW256(at(SI)(R8*1), Y3, Y6, Y7)      \
	ROW256(at(SI)(R8*2), Y2, Y8, Y9)      \
	ROW256(at(R9), Y3, Y10, Y11)          \
	ROW256(at(R9)(R8*1), Y2, Y12, Y13)    \
	ROW256(at(R9)(R8*2), Y3, Y14, Y15)

#define CLEAR256(sum0, sum1) \
	VXORPS sum0, sum0, sum0 \
	VXORPS sum1, sum1, sum1

#define SAVE256(sum0, sum1) \
	VADDPS  (DX), sum0, sum0   \
	VADDPS  32(DX), sum1, sum1 \
	VMOVUPS sum0, (DX)         \
	VMOVUPS sum1, 32(DX)       \
	ADDQ    R13, DX

// func gemm256(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
TEXT ·gemm256(SB), NOSPLIT, $0-56
	MOVQ k+0(FP), CX
	MOVQ a+8(FP), SI
	MOVQ lda+16(FP), R8
	MOVQ b+24(FP), DI
	MOVQ ldb+32(FP), R12
	MOVQ c+40(FP), DX
	MOVQ ldc+48(FP), R13
	SHLQ $2, R8
	SHLQ $2, R12
	SHLQ $2, R13
	LEAQ (R8)(R8*2), AX
	LEAQ (SI)(AX*1), R9
	CLEAR256(Y4, Y5)
	CLEAR256(Y6, Y7)
	CLEAR256(Y8, Y9)
	CLEAR256(Y10, Y11)
	CLEAR256(Y12, Y13)
	CLEAR256(Y14, Y15)
	SUBQ $4, CX
	JLT  rest

four:
	STEP256(0)
	STEP256(4)
	STEP256(8)
	STEP256(12)
	ADDQ $16, SI
	ADDQ $16, R9
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JEQ  done

one:
	STEP256(0)
	ADDQ $4, SI
	ADDQ $4, R9
	DECQ CX
	JNE  one

done:
	SAVE256(Y4, Y5)
	SAVE256(Y6, Y7)
	SAVE256(Y8, Y9)
	SAVE256(Y10, Y11)
	SAVE256(Y12, Y13)
	SAVE256(Y14, Y15)
	VZEROUPPER
	RET
