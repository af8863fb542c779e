#include "textflag.h"
#include "neon.h"

// ROW8 adds four values of a row of a, which row points at, times 8 columns of b (V0 and V1), to
// that row's sums.
#define ROW8(row, sum0, sum1) \
	VLD1R.P 4(row), [V2.S4] \
	SDOT(0, 2, sum0)        \
	SDOT(1, 2, sum1)

// SAVE8 multiplies a row's sums by its scale and those of the columns (V0 and V1), and adds them to
// c.
#define SAVE8(sum0, sum1, reg0, reg1) \
	VLD1R.P 4(R14), [V2.S4]          \
	VLD1    (R2), [V3.S4, V4.S4]     \
	FMUL(2, 0, 5)                    \
	FMUL(2, 1, 6)                    \
	SCVTF(sum0, sum0)                \
	SCVTF(sum1, sum1)                \
	FMUL(5, sum0, sum0)              \
	FMUL(6, sum1, sum1)              \
	FADD(3, sum0, sum0)              \
	FADD(4, sum1, sum1)              \
	VST1    [reg0.S4, reg1.S4], (R2) \
	ADD     R3, R2

#define BEGIN8(sum0, sum1) \
	VMOV V0.B16, sum0.B16 \
	VMOV V1.B16, sum1.B16

// func gemm8NEON(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)
TEXT ·gemm8NEON(SB), NOSPLIT, $0-72
	MOVD k+0(FP), R0
	MOVD a+8(FP), R4
	MOVD lda+16(FP), R12
	MOVD b+24(FP), R1
	MOVD c+32(FP), R2
	MOVD ldc+40(FP), R3
	MOVD scales+48(FP), R14
	MOVD columns+56(FP), R15
	MOVD begin+64(FP), R13
	LSL  $2, R3
	ADD  R12, R4, R5
	ADD  R12, R5, R6
	ADD  R12, R6, R7
	ADD  R12, R7, R8
	ADD  R12, R8, R9
	ADD  R12, R9, R10
	ADD  R12, R10, R11
	VLD1 (R13), [V0.S4, V1.S4]
	BEGIN8(V16, V17)
	BEGIN8(V18, V19)
	BEGIN8(V20, V21)
	BEGIN8(V22, V23)
	BEGIN8(V24, V25)
	BEGIN8(V26, V27)
	BEGIN8(V28, V29)
	BEGIN8(V30, V31)

step:
	VLD1.P 32(R1), [V0.B16, V1.B16]
	ROW8(R4, 16, 17)
	ROW8(R5, 18, 19)
	ROW8(R6, 20, 21)
	ROW8(R7, 22, 23)
	ROW8(R8, 24, 25)
	ROW8(R9, 26, 27)
	ROW8(R10, 28, 29)
	ROW8(R11, 30, 31)
	SUBS $1, R0
	BNE  step
	VLD1 (R15), [V0.S4, V1.S4]
	SAVE8(16, 17, V16, V17)
	SAVE8(18, 19, V18, V19)
	SAVE8(20, 21, V20, V21)
	SAVE8(22, 23, V22, V23)
	SAVE8(24, 25, V24, V25)
	SAVE8(26, 27, V26, V27)
	SAVE8(28, 29, V28, V29)
	SAVE8(30, 31, V30, V31)
	RET
