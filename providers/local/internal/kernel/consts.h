// Constants of exp (Cephes) and of the error function (Abramowitz and Stegun 7.1.26), the same
// numbers as in plain.go. LOADEXP and LOADERF of vector_arm64.s load them in this order.
DATA consts<>+0(SB)/4, $-87.0
DATA consts<>+4(SB)/4, $1.44269504
DATA consts<>+8(SB)/4, $0.693359375
DATA consts<>+12(SB)/4, $-2.12194440e-4
DATA consts<>+16(SB)/4, $1.9875691500e-4
DATA consts<>+20(SB)/4, $1.3981999507e-3
DATA consts<>+24(SB)/4, $8.3334519073e-3
DATA consts<>+28(SB)/4, $4.1665795894e-2
DATA consts<>+32(SB)/4, $1.6666665459e-1
DATA consts<>+36(SB)/4, $5.0000001201e-1
DATA consts<>+40(SB)/4, $1.0
DATA consts<>+44(SB)/4, $127
DATA consts<>+48(SB)/4, $0.70710678
DATA consts<>+52(SB)/4, $0.3275911
DATA consts<>+56(SB)/4, $1.061405429
DATA consts<>+60(SB)/4, $-1.453152027
DATA consts<>+64(SB)/4, $1.421413741
DATA consts<>+68(SB)/4, $-0.284496736
DATA consts<>+72(SB)/4, $0.254829592
DATA consts<>+76(SB)/4, $0.5
DATA consts<>+80(SB)/4, $0x7fffffff
GLOBL consts<>(SB), RODATA|NOPTR, $84
