#include "textflag.h"

DATA nibble<>+0(SB)/4, $15
GLOBL nibble<>(SB), RODATA|NOPTR, $4

// ADD8 adds eight bytes of a row, at its offset, times its scale (Y15): low halves to low, high
// halves to high.
#define ADD8(at, low, high) \
	VPMOVZXBD at(SI), Y8      \
	VPAND     Y14, Y8, Y9     \
	VPSRLD    $4, Y8, Y8      \
	VPMULLD   Y15, Y9, Y9     \
	VPMULLD   Y15, Y8, Y8     \
	VPADDD    Y9, low, low    \
	VPADDD    Y8, high, high

// SAVE8 adds sixteen dimensions, less the base (Y13), to v.
#define SAVE8(at, low, high) \
	VPSUBD     Y13, low, low          \
	VPSUBD     Y13, high, high        \
	VCVTDQ2PS  low, low               \
	VCVTDQ2PS  high, high             \
	VUNPCKLPS  high, low, Y8          \
	VUNPCKHPS  high, low, Y9          \
	VPERM2F128 $0x20, Y9, Y8, Y10     \
	VPERM2F128 $0x31, Y9, Y8, Y11     \
	VADDPS     at(DI), Y10, Y10       \
	VADDPS     (at+32)(DI), Y11, Y11  \
	VMOVUPS    Y10, at(DI)            \
	VMOVUPS    Y11, (at+32)(DI)

// Eight registers hold the 64 sums, so that no row reads or writes them in memory.
//
// func sum64(v *float32, table *byte, rows *int, scales *uint32, n, width int, base uint32)
TEXT ·sum64(SB), NOSPLIT, $0-52
	MOVQ         v+0(FP), DI
	MOVQ         table+8(FP), R8
	MOVQ         rows+16(FP), R9
	MOVQ         scales+24(FP), R10
	MOVQ         n+32(FP), CX
	MOVQ         width+40(FP), R11
	MOVL         base+48(FP), AX
	VMOVD        AX, X13
	VPBROADCASTD X13, Y13
	VPBROADCASTD nibble<>(SB), Y14
	VPXOR        Y0, Y0, Y0
	VPXOR        Y1, Y1, Y1
	VPXOR        Y2, Y2, Y2
	VPXOR        Y3, Y3, Y3
	VPXOR        Y4, Y4, Y4
	VPXOR        Y5, Y5, Y5
	VPXOR        Y6, Y6, Y6
	VPXOR        Y7, Y7, Y7

row:
	MOVQ         (R9), SI
	IMULQ        R11, SI
	ADDQ         R8, SI
	VPBROADCASTD (R10), Y15
	ADD8(0, Y0, Y1)
	ADD8(8, Y2, Y3)
	ADD8(16, Y4, Y5)
	ADD8(24, Y6, Y7)
	ADDQ         $8, R9
	ADDQ         $4, R10
	DECQ         CX
	JNE          row
	SAVE8(0, Y0, Y1)
	SAVE8(64, Y2, Y3)
	SAVE8(128, Y4, Y5)
	SAVE8(192, Y6, Y7)
	VZEROUPPER
	RET
