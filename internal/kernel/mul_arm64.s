//go:build !noasm

#include "textflag.h"

// Products of tiles of C by NEON: the lanes are elements of C, each takes one
// fused multiply-add (FMLA) per term, in index order. T is the arrangement of
// a vector, S4 or D2.
//
//	R0 C, R1 its stride, R2–R5 rows of A, R6 aRow, R7 aCol, R8 B, R9 bRow,
//	R10 k, R11 add, R12–R14 scratch
//	V0–V15 accumulators, V16–V19 B, V20–V23 elements of A

#define ARGUMENTS \
	MOVD  c+0(FP), R0    \
	MOVD  ldc+8(FP), R1  \
	MOVD  a+16(FP), R2   \
	MOVD  aRow+24(FP), R6 \
	MOVD  aCol+32(FP), R7 \
	MOVD  b+40(FP), R8   \
	MOVD  bRow+48(FP), R9 \
	MOVD  k+56(FP), R10  \
	MOVBU add+64(FP), R11

#define ROWS_OF_A \
	ADD R6, R2, R3 \
	ADD R6, R3, R4 \
	ADD R6, R4, R5

#define ROWS_OF_C \
	ADD R1, R0, R12  \
	ADD R1, R12, R13 \
	ADD R1, R13, R14

#define ZERO4(A, B, C, D) \
	VEOR A.B16, A.B16, A.B16 \
	VEOR B.B16, B.B16, B.B16 \
	VEOR C.B16, C.B16, C.B16 \
	VEOR D.B16, D.B16, D.B16

#define FMLA4(X, A, B, C, D, T) \
	VFMLA V16.T, X.T, A.T \
	VFMLA V17.T, X.T, B.T \
	VFMLA V18.T, X.T, C.T \
	VFMLA V19.T, X.T, D.T

#define TILE4X4(T) \
	ARGUMENTS \
	ROWS_OF_A \
	ROWS_OF_C \
	CBNZ R11, load \
	ZERO4(V0, V1, V2, V3) \
	ZERO4(V4, V5, V6, V7) \
	ZERO4(V8, V9, V10, V11) \
	ZERO4(V12, V13, V14, V15) \
	B loop \
load: \
	VLD1 (R0), [V0.T, V1.T, V2.T, V3.T] \
	VLD1 (R12), [V4.T, V5.T, V6.T, V7.T] \
	VLD1 (R13), [V8.T, V9.T, V10.T, V11.T] \
	VLD1 (R14), [V12.T, V13.T, V14.T, V15.T] \
loop: \
	VLD1  (R8), [V16.T, V17.T, V18.T, V19.T] \
	VLD1R (R2), [V20.T] \
	VLD1R (R3), [V21.T] \
	VLD1R (R4), [V22.T] \
	VLD1R (R5), [V23.T] \
	ADD   R9, R8 \
	ADD   R7, R2 \
	ADD   R7, R3 \
	ADD   R7, R4 \
	ADD   R7, R5 \
	FMLA4(V20, V0, V1, V2, V3, T) \
	FMLA4(V21, V4, V5, V6, V7, T) \
	FMLA4(V22, V8, V9, V10, V11, T) \
	FMLA4(V23, V12, V13, V14, V15, T) \
	SUBS  $1, R10, R10 \
	BNE   loop \
	VST1 [V0.T, V1.T, V2.T, V3.T], (R0) \
	VST1 [V4.T, V5.T, V6.T, V7.T], (R12) \
	VST1 [V8.T, V9.T, V10.T, V11.T], (R13) \
	VST1 [V12.T, V13.T, V14.T, V15.T], (R14) \
	RET

#define TILE1X4(T) \
	ARGUMENTS \
	CBNZ R11, load \
	ZERO4(V0, V1, V2, V3) \
	B loop \
load: \
	VLD1 (R0), [V0.T, V1.T, V2.T, V3.T] \
loop: \
	VLD1  (R8), [V16.T, V17.T, V18.T, V19.T] \
	VLD1R (R2), [V20.T] \
	ADD   R9, R8 \
	ADD   R7, R2 \
	FMLA4(V20, V0, V1, V2, V3, T) \
	SUBS  $1, R10, R10 \
	BNE   loop \
	VST1 [V0.T, V1.T, V2.T, V3.T], (R0) \
	RET

#define TILE4X1(T) \
	ARGUMENTS \
	ROWS_OF_A \
	ROWS_OF_C \
	CBNZ R11, load \
	ZERO4(V0, V1, V2, V3) \
	B loop \
load: \
	VLD1 (R0), [V0.T] \
	VLD1 (R12), [V1.T] \
	VLD1 (R13), [V2.T] \
	VLD1 (R14), [V3.T] \
loop: \
	VLD1  (R8), [V16.T] \
	VLD1R (R2), [V20.T] \
	VLD1R (R3), [V21.T] \
	VLD1R (R4), [V22.T] \
	VLD1R (R5), [V23.T] \
	ADD   R9, R8 \
	ADD   R7, R2 \
	ADD   R7, R3 \
	ADD   R7, R4 \
	ADD   R7, R5 \
	VFMLA V16.T, V20.T, V0.T \
	VFMLA V16.T, V21.T, V1.T \
	VFMLA V16.T, V22.T, V2.T \
	VFMLA V16.T, V23.T, V3.T \
	SUBS  $1, R10, R10 \
	BNE   loop \
	VST1 [V0.T], (R0) \
	VST1 [V1.T], (R12) \
	VST1 [V2.T], (R13) \
	VST1 [V3.T], (R14) \
	RET

#define TILE1X1(T) \
	ARGUMENTS \
	CBNZ R11, load \
	VEOR V0.B16, V0.B16, V0.B16 \
	B loop \
load: \
	VLD1 (R0), [V0.T] \
loop: \
	VLD1  (R8), [V16.T] \
	VLD1R (R2), [V20.T] \
	ADD   R9, R8 \
	ADD   R7, R2 \
	VFMLA V16.T, V20.T, V0.T \
	SUBS  $1, R10, R10 \
	BNE   loop \
	VST1 [V0.T], (R0) \
	RET

// func tile4x4s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)
TEXT ·tile4x4s(SB), NOSPLIT, $0-65
	TILE4X4(S4)

// func tile1x4s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)
TEXT ·tile1x4s(SB), NOSPLIT, $0-65
	TILE1X4(S4)

// func tile4x1s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)
TEXT ·tile4x1s(SB), NOSPLIT, $0-65
	TILE4X1(S4)

// func tile1x1s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)
TEXT ·tile1x1s(SB), NOSPLIT, $0-65
	TILE1X1(S4)

// func tile4x4d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)
TEXT ·tile4x4d(SB), NOSPLIT, $0-65
	TILE4X4(D2)

// func tile1x4d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)
TEXT ·tile1x4d(SB), NOSPLIT, $0-65
	TILE1X4(D2)

// func tile4x1d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)
TEXT ·tile4x1d(SB), NOSPLIT, $0-65
	TILE4X1(D2)

// func tile1x1d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)
TEXT ·tile1x1d(SB), NOSPLIT, $0-65
	TILE1X1(D2)
