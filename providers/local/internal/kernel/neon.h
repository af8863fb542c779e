// Instructions on four float32 that this assembler does not have, by the numbers of registers.
#define FADD(m, n, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // d = n + m
#define FSUB(m, n, d)  WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // d = n - m
#define FMUL(m, n, d)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // d = n × m
#define FDIV(m, n, d)  WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // d = n / m
#define FMAX(m, n, d)  WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FADDP(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // sums of pairs
#define FMAXV(n, d)    WORD $(0x6E30F800 | (n)<<5 | (d))           // the largest of four, in lane 0
#define FABS(n, d)     WORD $(0x4EA0F800 | (n)<<5 | (d))
#define FNEG(n, d)     WORD $(0x6EA0F800 | (n)<<5 | (d))
#define FRINTN(n, d)   WORD $(0x4E218800 | (n)<<5 | (d))           // the nearest whole number
#define FCVTNS(n, d)   WORD $(0x4E21A800 | (n)<<5 | (d))           // as an integer
#define SCVTF(n, d)    WORD $(0x4E21D800 | (n)<<5 | (d))           // an integer as float32

// d += the products of four bytes of n and m, on a processor that has it
#define SDOT(m, n, d)  WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d))
