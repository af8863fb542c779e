#include "textflag.h"

// ROWNEON adds one value of a row of a, which row points at, times 8 columns of b (V0 and V1), to
// that row's sums.
#define ROWNEON(row, s, sum0, sum1) \
	VLD1R.P 4(row), [s.S4]       \
	VFMLA   V0.S4, s.S4, sum0.S4 \
	VFMLA   V1.S4, s.S4, sum1.S4

// SAVENEON adds a row's sums to c, by a product with ones (V2): this assembler has no addition.
#define SAVENEON(sum0, sum1) \
	VLD1  (R2), [V0.S4, V1.S4]   \
	VFMLA V0.S4, V2.S4, sum0.S4  \
	VFMLA V1.S4, V2.S4, sum1.S4  \
	VST1  [sum0.S4, sum1.S4], (R2) \
	ADD   R3, R2

#define CLEARNEON(sum0, sum1) \
	VEOR sum0.B16, sum0.B16, sum0.B16 \
	VEOR sum1.B16, sum1.B16, sum1.B16

// func gemmNEON(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
TEXT ·gemmNEON(SB), NOSPLIT, $0-56
	MOVD k+0(FP), R0
	MOVD a+8(FP), R4
	MOVD lda+16(FP), R12
	MOVD b+24(FP), R1
	MOVD ldb+32(FP), R13
	MOVD c+40(FP), R2
	MOVD ldc+48(FP), R3
	LSL  $2, R12
	LSL  $2, R13
	LSL  $2, R3
	ADD  R12, R4, R5
	ADD  R12, R5, R6
	ADD  R12, R6, R7
	ADD  R12, R7, R8
	ADD  R12, R8, R9
	ADD  R12, R9, R10
	ADD  R12, R10, R11
	CLEARNEON(V16, V17)
	CLEARNEON(V18, V19)
	CLEARNEON(V20, V21)
	CLEARNEON(V22, V23)
	CLEARNEON(V24, V25)
	CLEARNEON(V26, V27)
	CLEARNEON(V28, V29)
	CLEARNEON(V30, V31)

step:
	VLD1 (R1), [V0.S4, V1.S4]
	ADD  R13, R1
	ROWNEON(R4, V2, V16, V17)
	ROWNEON(R5, V3, V18, V19)
	ROWNEON(R6, V4, V20, V21)
	ROWNEON(R7, V5, V22, V23)
	ROWNEON(R8, V2, V24, V25)
	ROWNEON(R9, V3, V26, V27)
	ROWNEON(R10, V4, V28, V29)
	ROWNEON(R11, V5, V30, V31)
	SUBS $1, R0
	BNE  step
	FMOVS $1.0, F2
	VDUP  V2.S[0], V2.S4
	SAVENEON(V16, V17)
	SAVENEON(V18, V19)
	SAVENEON(V20, V21)
	SAVENEON(V22, V23)
	SAVENEON(V24, V25)
	SAVENEON(V26, V27)
	SAVENEON(V28, V29)
	SAVENEON(V30, V31)
	RET
