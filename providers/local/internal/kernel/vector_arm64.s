#include "textflag.h"
#include "consts.h"
#include "neon.h"

#define LOADEXP \
	MOVD    $consts<>(SB), R9 \
	VLD1R.P 4(R9), [V12.S4]   \
	VLD1R.P 4(R9), [V13.S4]   \
	VLD1R.P 4(R9), [V14.S4]   \
	VLD1R.P 4(R9), [V15.S4]   \
	VLD1R.P 4(R9), [V16.S4]   \
	VLD1R.P 4(R9), [V17.S4]   \
	VLD1R.P 4(R9), [V18.S4]   \
	VLD1R.P 4(R9), [V19.S4]   \
	VLD1R.P 4(R9), [V20.S4]   \
	VLD1R.P 4(R9), [V21.S4]   \
	VLD1R.P 4(R9), [V22.S4]   \
	VLD1R.P 4(R9), [V23.S4]

#define LOADERF \
	VLD1R.P 4(R9), [V24.S4] \
	VLD1R.P 4(R9), [V25.S4] \
	VLD1R.P 4(R9), [V26.S4] \
	VLD1R.P 4(R9), [V27.S4] \
	VLD1R.P 4(R9), [V28.S4] \
	VLD1R.P 4(R9), [V29.S4] \
	VLD1R.P 4(R9), [V30.S4] \
	VLD1R.P 4(R9), [V31.S4]

// NEXT is a step of a polynomial: to = p × x + c.
#define NEXT(p, x, c, to) \
	VMOV  c.B16, to.B16      \
	VFMLA p.S4, x.S4, to.S4

// EXP replaces V2, at most 88, by e^V2; V3, V4 and V5 are scratch.
#define EXP \
	FMAX(12, 2, 2)            \
	FMUL(13, 2, 3)            \
	FRINTN(3, 3)              \
	VFMLS V14.S4, V3.S4, V2.S4 \
	VFMLS V15.S4, V3.S4, V2.S4 \
	NEXT(V16, V2, V17, V4)    \
	NEXT(V4, V2, V18, V5)     \
	NEXT(V5, V2, V19, V4)     \
	NEXT(V4, V2, V20, V5)     \
	NEXT(V5, V2, V21, V4)     \
	FMUL(2, 4, 4)             \
	NEXT(V4, V2, V2, V5)      \
	FADD(22, 5, 5)            \
	FCVTNS(3, 3)              \
	VADD V23.S4, V3.S4, V3.S4 \
	VSHL $23, V3.S4, V3.S4    \
	FMUL(3, 5, 2)

// func geluNEON(x *float32, n int)
TEXT ·geluNEON(SB), NOSPLIT, $0-16
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	LOADEXP
	LOADERF

loop:
	VLD1 (R0), [V0.S4]
	FABS(0, 1)             // |x|
	FMUL(24, 1, 6)         // z = |x|/√2
	NEXT(V25, V6, V22, V7)
	FDIV(7, 22, 7)         // t = 1/(1 + P z)
	FMUL(6, 6, 2)
	FNEG(2, 2)
	EXP                    // e^(-z²)
	NEXT(V26, V7, V27, V4)
	NEXT(V4, V7, V28, V5)
	NEXT(V5, V7, V29, V4)
	NEXT(V4, V7, V30, V5)
	FMUL(7, 5, 5)
	VMOV V22.B16, V4.B16
	VFMLS V5.S4, V2.S4, V4.S4 // erf(z) = 1 - e^(-z²) poly(t)
	VFMLA V4.S4, V1.S4, V0.S4 // x + |x| erf(z)
	FMUL(31, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS $4, R1
	BGT  loop
	RET

// func softmaxNEON(x *float32, n int)
TEXT ·softmaxNEON(SB), NOSPLIT, $0-16
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	LOADEXP
	MOVD R0, R2
	MOVD R1, R3
	VLD1 (R0), [V0.S4]

largest:
	VLD1.P 16(R2), [V1.S4]
	FMAX(1, 0, 0)
	SUBS $4, R3
	BGT  largest
	FMAXV(0, 0)
	VDUP V0.S[0], V6.S4
	VEOR V0.B16, V0.B16, V0.B16
	MOVD R0, R2
	MOVD R1, R3

raise:
	VLD1 (R2), [V2.S4]
	FSUB(6, 2, 2)
	EXP
	VST1.P [V2.S4], 16(R2)
	FADD(2, 0, 0)
	SUBS $4, R3
	BGT  raise
	FADDP(0, 0, 0)
	FADDP(0, 0, 0)
	FDIV(0, 22, 6)

scale:
	VLD1 (R0), [V0.S4]
	FMUL(6, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS $4, R1
	BGT  scale
	RET

// func normNEON(x, add, weight, shift *float32, n int, eps float32)
TEXT ·normNEON(SB), NOSPLIT, $0-44
	MOVD   x+0(FP), R0
	MOVD   add+8(FP), R4
	MOVD   weight+16(FP), R5
	MOVD   shift+24(FP), R6
	MOVD   n+32(FP), R1
	FMOVS  eps+40(FP), F9
	SCVTFS R1, F7
	FMOVS  $1.0, F8
	FDIVS  F7, F8, F7
	VDUP   V7.S[0], V7.S4
	VEOR   V0.B16, V0.B16, V0.B16
	MOVD   R0, R2
	MOVD   R1, R3

mean:
	VLD1   (R2), [V2.S4]
	VLD1.P 16(R4), [V3.S4]
	FADD(3, 2, 2)
	VST1.P [V2.S4], 16(R2)
	FADD(2, 0, 0)
	SUBS   $4, R3
	BGT    mean
	FADDP(0, 0, 0)
	FADDP(0, 0, 0)
	FMUL(7, 0, 6)
	VEOR   V0.B16, V0.B16, V0.B16
	MOVD   R0, R2
	MOVD   R1, R3

variance:
	VLD1   (R2), [V2.S4]
	FSUB(6, 2, 2)
	VST1.P [V2.S4], 16(R2)
	VFMLA  V2.S4, V2.S4, V0.S4
	SUBS   $4, R3
	BGT    variance
	FADDP(0, 0, 0)
	FADDP(0, 0, 0)
	FMULS  F7, F0, F0
	FADDS  F9, F0, F0
	FSQRTS F0, F0
	FDIVS  F0, F8, F0
	VDUP   V0.S[0], V6.S4

scale:
	VLD1   (R0), [V2.S4]
	VLD1.P 16(R5), [V3.S4]
	VLD1.P 16(R6), [V4.S4]
	FMUL(6, 2, 2)
	VFMLA  V2.S4, V3.S4, V4.S4
	VST1.P [V4.S4], 16(R0)
	SUBS   $4, R1
	BGT    scale
	RET
