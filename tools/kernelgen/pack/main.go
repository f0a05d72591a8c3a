// Command pack writes the AVX code of internal/kernel that moves matrices:
//
//	go run ./kernelgen/pack -pkg kernel -out ../internal/kernel/pack_amd64.s -stubs ../internal/kernel/pack_amd64.go
//
// It moves bits and computes nothing.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	transpose32()
	transposeHalf32()
	transpose64()
	copyRows()
	lookUp()
	Generate()
}

// copyRows copies rows of whole vectors of any type.
func copyRows() {
	TEXT("copyRows", NOSPLIT, "func(dst *float32, dstRow uintptr, src *float32, srcRow uintptr, rows int, vectors int)")
	Doc("copyRows copies rows (at least 1) of so many vectors of 32 bytes (at least 1). Strides are in bytes.")
	Pragma("noescape")
	dst, dstRow, src, srcRow, rows := GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("dst"), dst)
	Load(Param("dstRow"), dstRow)
	Load(Param("src"), src)
	Load(Param("srcRow"), srcRow)
	Load(Param("rows"), rows)
	vectors, at, n := GP64(), GP64(), GP64()
	Load(Param("vectors"), vectors)
	// The widths of packed panels have loops of their own.
	widths := map[int]string{2: "two", 4: "four"}
	for _, w := range []int{2, 4} {
		CMPQ(vectors, Imm(uint64(w)))
		JEQ(LabelRef(widths[w]))
	}
	Label("row")
	XORQ(at, at)
	MOVQ(vectors, n)
	Label("vector")
	y := YMM()
	VMOVUPS(Mem{Base: src, Index: at, Scale: 1}, y)
	VMOVUPS(y, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(32), at)
	DECQ(n)
	JNE(LabelRef("vector"))
	ADDQ(srcRow, src)
	ADDQ(dstRow, dst)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
	for _, w := range []int{2, 4} {
		Label(widths[w])
		row := make([]reg.VecVirtual, w)
		for v := range row {
			row[v] = YMM()
			VMOVUPS(Mem{Base: src, Disp: 32 * v}, row[v])
		}
		for v := range row {
			VMOVUPS(row[v], Mem{Base: dst, Disp: 32 * v})
		}
		ADDQ(srcRow, src)
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNE(LabelRef(widths[w]))
		VZEROUPPER()
		RET()
	}
}

// lookUp widens rows of bytes through a table, eight bytes to a read.
func lookUp() {
	TEXT("lookUp64", NOSPLIT, "func(dst *float64, dstRow uintptr, u *uint8, uRow uintptr, table *[256]float64, rows int, groups int)")
	Doc("lookUp64 sets rows (at least 1) of dst to table[u], groups (at least 1) of 8 bytes each. Strides are in bytes.")
	Pragma("noescape")
	dst, dstRow, u, uRow, table, rows := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("dst"), dst)
	Load(Param("dstRow"), dstRow)
	Load(Param("u"), u)
	Load(Param("uRow"), uRow)
	Load(Param("table"), table)
	Load(Param("rows"), rows)
	Label("row")
	to, from, n := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(u, from)
	Load(Param("groups"), n)
	Label("group")
	v := GP64()
	MOVQ(Mem{Base: from}, v)
	for i := 0; i < 8; i += 2 {
		x, a, b := XMM(), GP64(), GP64()
		MOVBQZX(v.As8(), a)
		SHRQ(Imm(8), v)
		MOVBQZX(v.As8(), b)
		SHRQ(Imm(8), v)
		VMOVSD(Mem{Base: table, Index: a, Scale: 8}, x)
		VMOVHPD(Mem{Base: table, Index: b, Scale: 8}, x, x)
		VMOVUPD(x, Mem{Base: to, Disp: 8 * i})
	}
	ADDQ(Imm(8), from)
	ADDQ(Imm(64), to)
	DECQ(n)
	JNE(LabelRef("group"))
	ADDQ(dstRow, dst)
	ADDQ(uRow, u)
	DECQ(rows)
	JNE(LabelRef("row"))
	RET()
}

// pointers holds the addresses that both kernels walk.
type pointers struct {
	dst, dstRow, src, srcRow, blocks reg.GPVirtual
}

func arguments() pointers {
	p := pointers{GP64(), GP64(), GP64(), GP64(), GP64()}
	Load(Param("dst"), p.dst)
	Load(Param("dstRow"), p.dstRow)
	Load(Param("src"), p.src)
	Load(Param("srcRow"), p.srcRow)
	Load(Param("blocks"), p.blocks)
	return p
}

// each calls f with the address of every row from at on, row bytes apart.
func each(n int, at, row reg.GPVirtual, f func(i int, m Mem)) {
	p := GP64()
	MOVQ(at, p)
	for i := range n {
		f(i, Mem{Base: p})
		if i+1 < n {
			ADDQ(row, p)
		}
	}
}

func transpose32() {
	TEXT("transposeRows32", NOSPLIT, "func(dst *float32, dstRow uintptr, src *float32, srcRow uintptr, blocks int)")
	Doc("transposeRows32 writes 8 rows of src, 8·blocks columns, as 8·blocks rows of dst. Strides are in bytes.")
	Pragma("noescape")
	p := arguments()
	Label("block")
	in := make([]reg.VecVirtual, 8)
	each(8, p.src, p.srcRow, func(i int, m Mem) {
		in[i] = YMM()
		VMOVUPS(m, in[i])
	})
	pair := make([]reg.VecVirtual, 8)
	for i := 0; i < 8; i += 2 {
		pair[i], pair[i+1] = YMM(), YMM()
		VUNPCKLPS(in[i+1], in[i], pair[i])
		VUNPCKHPS(in[i+1], in[i], pair[i+1])
	}
	quad := make([]reg.VecVirtual, 8)
	for h := 0; h < 8; h += 4 {
		for q := range 4 {
			quad[h+q] = YMM()
		}
		VSHUFPS(Imm(0x44), pair[h+2], pair[h], quad[h])
		VSHUFPS(Imm(0xee), pair[h+2], pair[h], quad[h+1])
		VSHUFPS(Imm(0x44), pair[h+3], pair[h+1], quad[h+2])
		VSHUFPS(Imm(0xee), pair[h+3], pair[h+1], quad[h+3])
	}
	out := make([]reg.VecVirtual, 8)
	for q := range 4 {
		out[q], out[q+4] = YMM(), YMM()
		VPERM2F128(Imm(0x20), quad[q+4], quad[q], out[q])
		VPERM2F128(Imm(0x31), quad[q+4], quad[q], out[q+4])
	}
	each(8, p.dst, p.dstRow, func(i int, m Mem) { VMOVUPS(out[i], m) })
	ADDQ(Imm(32), p.src)
	LEAQ(Mem{Base: p.dst, Index: p.dstRow, Scale: 8}, p.dst)
	DECQ(p.blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

func transposeHalf32() {
	TEXT("transposeHalfRows32", NOSPLIT, "func(dst *float32, dstRow uintptr, src *float32, srcRow uintptr, blocks int)")
	Doc("transposeHalfRows32 writes 4 rows of src, 4·blocks columns, as 4·blocks rows of dst. Strides are in bytes.")
	Pragma("noescape")
	p := arguments()
	Label("block")
	in := make([]reg.VecVirtual, 4)
	each(4, p.src, p.srcRow, func(i int, m Mem) {
		in[i] = XMM()
		VMOVUPS(m, in[i])
	})
	pair := []reg.VecVirtual{XMM(), XMM(), XMM(), XMM()}
	VUNPCKLPS(in[1], in[0], pair[0])
	VUNPCKHPS(in[1], in[0], pair[1])
	VUNPCKLPS(in[3], in[2], pair[2])
	VUNPCKHPS(in[3], in[2], pair[3])
	out := []reg.VecVirtual{XMM(), XMM(), XMM(), XMM()}
	VSHUFPS(Imm(0x44), pair[2], pair[0], out[0])
	VSHUFPS(Imm(0xee), pair[2], pair[0], out[1])
	VSHUFPS(Imm(0x44), pair[3], pair[1], out[2])
	VSHUFPS(Imm(0xee), pair[3], pair[1], out[3])
	each(4, p.dst, p.dstRow, func(i int, m Mem) { VMOVUPS(out[i], m) })
	ADDQ(Imm(16), p.src)
	LEAQ(Mem{Base: p.dst, Index: p.dstRow, Scale: 4}, p.dst)
	DECQ(p.blocks)
	JNE(LabelRef("block"))
	RET()
}

func transpose64() {
	TEXT("transposeRows64", NOSPLIT, "func(dst *float64, dstRow uintptr, src *float64, srcRow uintptr, blocks int)")
	Doc("transposeRows64 writes 4 rows of src, 4·blocks columns, as 4·blocks rows of dst. Strides are in bytes.")
	Pragma("noescape")
	p := arguments()
	Label("block")
	in := make([]reg.VecVirtual, 4)
	each(4, p.src, p.srcRow, func(i int, m Mem) {
		in[i] = YMM()
		VMOVUPD(m, in[i])
	})
	pair := []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VUNPCKLPD(in[1], in[0], pair[0])
	VUNPCKHPD(in[1], in[0], pair[1])
	VUNPCKLPD(in[3], in[2], pair[2])
	VUNPCKHPD(in[3], in[2], pair[3])
	out := []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPERM2F128(Imm(0x20), pair[2], pair[0], out[0])
	VPERM2F128(Imm(0x20), pair[3], pair[1], out[1])
	VPERM2F128(Imm(0x31), pair[2], pair[0], out[2])
	VPERM2F128(Imm(0x31), pair[3], pair[1], out[3])
	each(4, p.dst, p.dstRow, func(i int, m Mem) { VMOVUPD(out[i], m) })
	ADDQ(Imm(32), p.src)
	LEAQ(Mem{Base: p.dst, Index: p.dstRow, Scale: 4}, p.dst)
	DECQ(p.blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
