#include "textflag.h"
#include "consts.h"

#define lowest   consts<>+0(SB)
#define log2e    consts<>+4(SB)
#define ln2high  consts<>+8(SB)
#define ln2low   consts<>+12(SB)
#define exp5     consts<>+16(SB)
#define exp4     consts<>+20(SB)
#define exp3     consts<>+24(SB)
#define exp2     consts<>+28(SB)
#define exp1     consts<>+32(SB)
#define exp0     consts<>+36(SB)
#define one      consts<>+40(SB)
#define root     consts<>+48(SB)
#define erfP     consts<>+52(SB)
#define erf5     consts<>+56(SB)
#define erf4     consts<>+60(SB)
#define erf3     consts<>+64(SB)
#define erf2     consts<>+68(SB)
#define erf1     consts<>+72(SB)
#define half     consts<>+76(SB)
#define bias     consts<>+44(SB) // of an exponent, a whole number
#define unsigned consts<>+80(SB) // all bits but the sign

// EXP512 replaces x, at most 88, by e^x; n and p are scratch.
#define EXP512(x, n, p) \
	VMAXPS.BCST       lowest, x, x  \
	VMULPS.BCST       log2e, x, n   \
	VRNDSCALEPS       $8, n, n      \
	VFNMADD231PS.BCST ln2high, n, x \
	VFNMADD231PS.BCST ln2low, n, x  \
	VBROADCASTSS      exp5, p       \
	VFMADD213PS.BCST  exp4, x, p    \
	VFMADD213PS.BCST  exp3, x, p    \
	VFMADD213PS.BCST  exp2, x, p    \
	VFMADD213PS.BCST  exp1, x, p    \
	VFMADD213PS.BCST  exp0, x, p    \
	VMULPS            x, p, p       \
	VFMADD213PS       x, x, p       \
	VADDPS.BCST       one, p, p     \
	VSCALEFPS         n, p, x

// FOLD512 leaves op of all lanes of Z0 in each lane of X0.
#define FOLD512(op) \
	VEXTRACTF64X4 $1, Z0, Y1 \
	op            Y1, Y0, Y0 \
	FOLD256(op)

#define FOLD256(op) \
	VEXTRACTF128 $1, Y0, X1    \
	op           X1, X0, X0    \
	VPERMILPS    $0x4e, X0, X1 \
	op           X1, X0, X0    \
	VPERMILPS    $0xb1, X0, X1 \
	op           X1, X0, X0

// func gelu512(x *float32, n int)
TEXT ·gelu512(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VBROADCASTSS one, Z8

loop:
	VMOVUPS           (SI), Z0
	VPANDD.BCST       unsigned, Z0, Z1 // |x|
	VMULPS.BCST       root, Z1, Z2     // z = |x|/√2
	VMOVAPS           Z8, Z3
	VFMADD231PS.BCST  erfP, Z2, Z3
	VDIVPS            Z3, Z8, Z3       // t = 1/(1 + P z)
	VMULPS            Z2, Z2, Z2
	VPXORQ            Z4, Z4, Z4
	VSUBPS            Z2, Z4, Z2
	EXP512(Z2, Z4, Z5)                 // e^(-z²)
	VBROADCASTSS      erf5, Z4
	VFMADD213PS.BCST  erf4, Z3, Z4
	VFMADD213PS.BCST  erf3, Z3, Z4
	VFMADD213PS.BCST  erf2, Z3, Z4
	VFMADD213PS.BCST  erf1, Z3, Z4
	VMULPS            Z3, Z4, Z4
	VFNMADD213PS      Z8, Z2, Z4       // erf(z) = 1 - e^(-z²) poly(t)
	VFMADD213PS       Z0, Z1, Z4       // x + |x| erf(z)
	VMULPS.BCST       half, Z4, Z4
	VMOVUPS           Z4, (SI)
	ADDQ              $64, SI
	SUBQ              $16, CX
	JGT               loop
	VZEROUPPER
	RET

// func softmax512(x *float32, n int)
TEXT ·softmax512(SB), NOSPLIT, $0-16
	MOVQ    x+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVQ    SI, DI
	MOVQ    CX, DX
	VMOVUPS (SI), Z0

largest:
	VMAXPS (DI), Z0, Z0
	ADDQ   $64, DI
	SUBQ   $16, DX
	JGT    largest
	FOLD512(VMAXPS)
	VBROADCASTSS X0, Z6
	VPXORQ       Z0, Z0, Z0
	MOVQ         SI, DI
	MOVQ         CX, DX

raise:
	VMOVUPS (DI), Z2
	VSUBPS  Z6, Z2, Z2
	EXP512(Z2, Z3, Z4)
	VMOVUPS Z2, (DI)
	VADDPS  Z2, Z0, Z0
	ADDQ    $64, DI
	SUBQ    $16, DX
	JGT     raise
	FOLD512(VADDPS)
	VMOVSS       one, X1
	VDIVSS       X0, X1, X0
	VBROADCASTSS X0, Z6

scale:
	VMULPS  (SI), Z6, Z0
	VMOVUPS Z0, (SI)
	ADDQ    $64, SI
	SUBQ    $16, CX
	JGT     scale
	VZEROUPPER
	RET

// func norm512(x, add, weight, shift *float32, n int, eps float32)
TEXT ·norm512(SB), NOSPLIT, $0-44
	MOVQ         x+0(FP), SI
	MOVQ         add+8(FP), DI
	MOVQ         weight+16(FP), R8
	MOVQ         shift+24(FP), R9
	MOVQ         n+32(FP), CX
	VCVTSI2SSQ   CX, X7, X7
	VMOVSS       one, X8
	VDIVSS       X7, X8, X7
	VPXORQ       Z0, Z0, Z0
	MOVQ         SI, R10
	MOVQ         CX, DX

mean:
	VMOVUPS (R10), Z2
	VADDPS  (DI), Z2, Z2
	VMOVUPS Z2, (R10)
	VADDPS  Z2, Z0, Z0
	ADDQ    $64, R10
	ADDQ    $64, DI
	SUBQ    $16, DX
	JGT     mean
	FOLD512(VADDPS)
	VMULSS       X7, X0, X0
	VBROADCASTSS X0, Z6
	VPXORQ       Z0, Z0, Z0
	MOVQ         SI, R10
	MOVQ         CX, DX

variance:
	VMOVUPS     (R10), Z2
	VSUBPS      Z6, Z2, Z2
	VMOVUPS     Z2, (R10)
	VFMADD231PS Z2, Z2, Z0
	ADDQ        $64, R10
	SUBQ        $16, DX
	JGT         variance
	FOLD512(VADDPS)
	VMULSS       X7, X0, X0
	VADDSS       eps+40(FP), X0, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X8, X0
	VBROADCASTSS X0, Z6

scale:
	VMULPS      (SI), Z6, Z2
	VMOVUPS     (R9), Z3
	VFMADD231PS (R8), Z2, Z3
	VMOVUPS     Z3, (SI)
	ADDQ        $64, SI
	ADDQ        $64, R8
	ADDQ        $64, R9
	SUBQ        $16, CX
	JGT         scale
	VZEROUPPER
	RET

// EXP256 replaces x, at most 88, by e^x; n, p and c are scratch.
#define EXP256(x, n, p, c) \
	VBROADCASTSS lowest, c  \
	VMAXPS       c, x, x    \
	VBROADCASTSS log2e, c   \
	VMULPS       c, x, n    \
	VROUNDPS     $8, n, n   \
	VBROADCASTSS ln2high, c \
	VFNMADD231PS c, n, x    \
	VBROADCASTSS ln2low, c  \
	VFNMADD231PS c, n, x    \
	VBROADCASTSS exp5, p    \
	VBROADCASTSS exp4, c    \
	VFMADD213PS  c, x, p    \
	VBROADCASTSS exp3, c    \
	VFMADD213PS  c, x, p    \
	VBROADCASTSS exp2, c    \
	VFMADD213PS  c, x, p    \
	VBROADCASTSS exp1, c    \
	VFMADD213PS  c, x, p    \
	VBROADCASTSS exp0, c    \
	VFMADD213PS  c, x, p    \
	VMULPS       x, p, p    \
	VFMADD213PS  x, x, p    \
	VBROADCASTSS one, c     \
	VADDPS       c, p, p    \
	VCVTPS2DQ    n, n       \
	VPBROADCASTD bias, c    \
	VPADDD       c, n, n    \
	VPSLLD       $23, n, n  \
	VMULPS       n, p, x

// func gelu256(x *float32, n int)
TEXT ·gelu256(SB), NOSPLIT, $0-16
	MOVQ         x+0(FP), SI
	MOVQ         n+8(FP), CX
	VBROADCASTSS one, Y8
	VBROADCASTSS unsigned, Y9
	VBROADCASTSS root, Y10
	VBROADCASTSS erfP, Y11
	VBROADCASTSS erf4, Y12
	VBROADCASTSS erf3, Y13
	VBROADCASTSS erf2, Y14
	VBROADCASTSS erf1, Y15

loop:
	VMOVUPS      (SI), Y0
	VANDPS       Y9, Y0, Y1
	VMULPS       Y10, Y1, Y2
	VMOVAPS      Y8, Y3
	VFMADD231PS  Y11, Y2, Y3
	VDIVPS       Y3, Y8, Y3
	VMULPS       Y2, Y2, Y2
	VXORPS       Y4, Y4, Y4
	VSUBPS       Y2, Y4, Y2
	EXP256(Y2, Y4, Y5, Y6)
	VBROADCASTSS erf5, Y4
	VFMADD213PS  Y12, Y3, Y4
	VFMADD213PS  Y13, Y3, Y4
	VFMADD213PS  Y14, Y3, Y4
	VFMADD213PS  Y15, Y3, Y4
	VMULPS       Y3, Y4, Y4
	VFNMADD213PS Y8, Y2, Y4
	VFMADD213PS  Y0, Y1, Y4
	VBROADCASTSS half, Y5
	VMULPS       Y5, Y4, Y4
	VMOVUPS      Y4, (SI)
	ADDQ         $32, SI
	SUBQ         $8, CX
	JGT          loop
	VZEROUPPER
	RET

// func softmax256(x *float32, n int)
TEXT ·softmax256(SB), NOSPLIT, $0-16
	MOVQ    x+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVQ    SI, DI
	MOVQ    CX, DX
	VMOVUPS (SI), Y0

largest:
	VMAXPS (DI), Y0, Y0
	ADDQ   $32, DI
	SUBQ   $8, DX
	JGT    largest
	FOLD256(VMAXPS)
	VBROADCASTSS X0, Y6
	VXORPS       Y0, Y0, Y0
	MOVQ         SI, DI
	MOVQ         CX, DX

raise:
	VMOVUPS (DI), Y2
	VSUBPS  Y6, Y2, Y2
	EXP256(Y2, Y3, Y4, Y5)
	VMOVUPS Y2, (DI)
	VADDPS  Y2, Y0, Y0
	ADDQ    $32, DI
	SUBQ    $8, DX
	JGT     raise
	FOLD256(VADDPS)
	VMOVSS       one, X1
	VDIVSS       X0, X1, X0
	VBROADCASTSS X0, Y6

scale:
	VMULPS  (SI), Y6, Y0
	VMOVUPS Y0, (SI)
	ADDQ    $32, SI
	SUBQ    $8, CX
	JGT     scale
	VZEROUPPER
	RET

// func norm256(x, add, weight, shift *float32, n int, eps float32)
TEXT ·norm256(SB), NOSPLIT, $0-44
	MOVQ       x+0(FP), SI
	MOVQ       add+8(FP), DI
	MOVQ       weight+16(FP), R8
	MOVQ       shift+24(FP), R9
	MOVQ       n+32(FP), CX
	VCVTSI2SSQ CX, X7, X7
	VMOVSS     one, X8
	VDIVSS     X7, X8, X7
	VXORPS     Y0, Y0, Y0
	MOVQ       SI, R10
	MOVQ       CX, DX

mean:
	VMOVUPS (R10), Y2
	VADDPS  (DI), Y2, Y2
	VMOVUPS Y2, (R10)
	VADDPS  Y2, Y0, Y0
	ADDQ    $32, R10
	ADDQ    $32, DI
	SUBQ    $8, DX
	JGT     mean
	FOLD256(VADDPS)
	VMULSS       X7, X0, X0
	VBROADCASTSS X0, Y6
	VXORPS       Y0, Y0, Y0
	MOVQ         SI, R10
	MOVQ         CX, DX

variance:
	VMOVUPS     (R10), Y2
	VSUBPS      Y6, Y2, Y2
	VMOVUPS     Y2, (R10)
	VFMADD231PS Y2, Y2, Y0
	ADDQ        $32, R10
	SUBQ        $8, DX
	JGT         variance
	FOLD256(VADDPS)
	VMULSS       X7, X0, X0
	VADDSS       eps+40(FP), X0, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X8, X0
	VBROADCASTSS X0, Y6

scale:
	VMULPS      (SI), Y6, Y2
	VMOVUPS     (R9), Y3
	VFMADD231PS (R8), Y2, Y3
	VMOVUPS     Y3, (SI)
	ADDQ        $32, SI
	ADDQ        $32, R8
	ADDQ        $32, R9
	SUBQ        $8, CX
	JGT         scale
	VZEROUPPER
	RET
