//go:build !noasm

#include "textflag.h"

// Rows of sparse products by NEON, lanes are columns of C. T is the
// arrangement of a vector, S4 or D2.

// One of the two chains of a row: every second stored value, from the first
// on, times its row of B is added to four vectors (or one) of C by FMLA.
//
//	R0 C, R1 index, R2 value or byte, R3 table, R4 count, R5 B, R6 its stride

// func chain4s(c *float32, index *uint16, value *float32, count int, b *float32, row uintptr)
TEXT ·chain4s(SB), NOSPLIT, $0-48
	MOVD c+0(FP), R0
	MOVD index+8(FP), R1
	MOVD value+16(FP), R2
	MOVD count+24(FP), R4
	MOVD b+32(FP), R5
	MOVD row+40(FP), R6
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]

loop:
	MOVHU (R1), R7
	MADD  R6, R5, R7, R7
	VLD1R (R2), [V20.S4]
	VLD1  (R7), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD   $4, R1
	ADD   $8, R2
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	SUBS  $1, R4, R4
	BNE   loop
	VST1  [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	RET

// func chain1s(c *float32, index *uint16, value *float32, count int, b *float32, row uintptr)
TEXT ·chain1s(SB), NOSPLIT, $0-48
	MOVD c+0(FP), R0
	MOVD index+8(FP), R1
	MOVD value+16(FP), R2
	MOVD count+24(FP), R4
	MOVD b+32(FP), R5
	MOVD row+40(FP), R6
	VLD1 (R0), [V0.S4]

loop:
	MOVHU (R1), R7
	MADD  R6, R5, R7, R7
	VLD1R (R2), [V20.S4]
	VLD1  (R7), [V16.S4]
	ADD   $4, R1
	ADD   $8, R2
	VFMLA V16.S4, V20.S4, V0.S4
	SUBS  $1, R4, R4
	BNE   loop
	VST1  [V0.S4], (R0)
	RET

// func chain4d(c *float64, index *uint16, u *uint8, table *[256]float64, count int, b *float64, row uintptr)
TEXT ·chain4d(SB), NOSPLIT, $0-56
	MOVD c+0(FP), R0
	MOVD index+8(FP), R1
	MOVD u+16(FP), R2
	MOVD table+24(FP), R3
	MOVD count+32(FP), R4
	MOVD b+40(FP), R5
	MOVD row+48(FP), R6
	VLD1 (R0), [V0.D2, V1.D2, V2.D2, V3.D2]

loop:
	MOVHU (R1), R7
	MADD  R6, R5, R7, R7
	MOVBU (R2), R8
	ADD   R8<<3, R3, R8
	VLD1R (R8), [V20.D2]
	VLD1  (R7), [V16.D2, V17.D2, V18.D2, V19.D2]
	ADD   $4, R1
	ADD   $2, R2
	VFMLA V16.D2, V20.D2, V0.D2
	VFMLA V17.D2, V20.D2, V1.D2
	VFMLA V18.D2, V20.D2, V2.D2
	VFMLA V19.D2, V20.D2, V3.D2
	SUBS  $1, R4, R4
	BNE   loop
	VST1  [V0.D2, V1.D2, V2.D2, V3.D2], (R0)
	RET

// Each stored value times a row of D is added to the row of C it names.
//
//	R0 C, R1 its stride, R2 index, R3 value, R4 count, R5 D

// func scatter4s(c *float32, row uintptr, index *uint16, value *float32, count int, d *float32)
TEXT ·scatter4s(SB), NOSPLIT, $0-48
	MOVD c+0(FP), R0
	MOVD row+8(FP), R1
	MOVD index+16(FP), R2
	MOVD value+24(FP), R3
	MOVD count+32(FP), R4
	MOVD d+40(FP), R5
	VLD1 (R5), [V0.S4, V1.S4, V2.S4, V3.S4]

loop:
	MOVHU   (R2), R7
	MADD    R1, R0, R7, R7
	VLD1R.P 4(R3), [V20.S4]
	VLD1    (R7), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD     $2, R2
	VFMLA   V0.S4, V20.S4, V16.S4
	VFMLA   V1.S4, V20.S4, V17.S4
	VFMLA   V2.S4, V20.S4, V18.S4
	VFMLA   V3.S4, V20.S4, V19.S4
	VST1    [V16.S4, V17.S4, V18.S4, V19.S4], (R7)
	SUBS    $1, R4, R4
	BNE     loop
	RET

// func scatter1s(c *float32, row uintptr, index *uint16, value *float32, count int, d *float32)
TEXT ·scatter1s(SB), NOSPLIT, $0-48
	MOVD c+0(FP), R0
	MOVD row+8(FP), R1
	MOVD index+16(FP), R2
	MOVD value+24(FP), R3
	MOVD count+32(FP), R4
	MOVD d+40(FP), R5
	VLD1 (R5), [V0.S4]

loop:
	MOVHU   (R2), R7
	MADD    R1, R0, R7, R7
	VLD1R.P 4(R3), [V20.S4]
	VLD1    (R7), [V16.S4]
	ADD     $2, R2
	VFMLA   V0.S4, V20.S4, V16.S4
	VST1    [V16.S4], (R7)
	SUBS    $1, R4, R4
	BNE     loop
	RET
