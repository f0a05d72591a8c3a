// Command sparse writes the AVX2+FMA and AVX-512 sparse products of internal/kernel:
//
//	go run ./kernelgen/sparse -pkg kernel -out ../internal/kernel/sparse_amd64.s -stubs ../internal/kernel/sparse_amd64.go
//
// Lanes are columns of C. The kernels of 512 bits do whole vectors only. A kernel does one panel of columns; in float32 one
// row of the sparse matrix, in float64 the rows of one block.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, vectors := range []int{4, 2, 1} {
		gather32(32, vectors, false)
		gather32(64, vectors, false)
	}
	gather32(32, 0, false)
	gather32(32, 1, true)
	for _, vectors := range []int{4, 3, 2, 1} {
		gather64(32, vectors, false)
	}
	gather64(32, 1, true)
	for _, vectors := range []int{2, 1} {
		gather64(64, vectors, false)
	}
	for _, vectors := range []int{8, 4, 2, 1} {
		scatter32(32, vectors, false)
	}
	scatter32(32, 0, false)
	scatter32(32, 1, true)
	for _, vectors := range []int{4, 2, 1} {
		scatter32(64, vectors, false)
	}
	prefetch()
	Generate()
}

// prefetch asks for the lines of a row's stored values ahead of their use:
// the rows of a batch lie anywhere in memory.
func prefetch() {
	TEXT("prefetchRow", NOSPLIT, "func(index *uint16, value *float32, count int)")
	Doc("prefetchRow asks for the cache lines of count (at least 1) indices and values.")
	Pragma("noescape")
	index, value, count := GP64(), GP64(), GP64()
	Load(Param("index"), index)
	Load(Param("value"), value)
	Load(Param("count"), count)
	end := GP64()
	LEAQ(Mem{Base: value, Index: count, Scale: 4}, end)
	Label("loop")
	PREFETCHT0(Mem{Base: value})
	PREFETCHT0(Mem{Base: value, Disp: 64})
	PREFETCHT0(Mem{Base: index})
	ADDQ(Imm(128), value)
	ADDQ(Imm(64), index)
	CMPQ(value, end)
	JLT(LabelRef("loop"))
	RET()
}

// panel holds what the loop over the stored values of a row needs.
type panel struct {
	size        int // of a vector in bytes
	vectors     int
	mask        reg.VecVirtual
	load        func(...Op)
	maskMove    func(src, mask, dst Op)
	fma         func(...Op)
	broadcast   func(...Op)
	zero, add   func(...Op)
	index, rows reg.GPVirtual // rows: the stride of the dense matrix
	base        reg.GPVirtual
}

func (g *panel) move(src, dst Op) {
	if g.mask != nil {
		g.maskMove(src, g.mask, dst)
		return
	}
	g.load(src, dst)
}

func (g *panel) registers() []reg.VecVirtual {
	r := make([]reg.VecVirtual, max(g.vectors, 1))
	for v := range r {
		r[v] = g.register()
	}
	return r
}

// register is a whole vector, or half of one where vectors is 0.
func (g *panel) register() reg.VecVirtual {
	switch {
	case g.vectors == 0:
		return XMM()
	case g.size == 64:
		return ZMM()
	}
	return YMM()
}

// at returns the address of the row of the dense matrix that the stored value
// number q names.
func (g *panel) at(q int) reg.GPVirtual {
	p := GP64()
	MOVWQZX(Mem{Base: g.index, Disp: 2 * q}, p)
	IMULQ(g.rows, p)
	ADDQ(g.base, p)
	return p
}

// name completes a kernel's name and the mask's argument.
func (g *panel) name(stem string, masked bool, bits int) (name, arg, doc string) {
	name = fmt.Sprintf("%s%dx%d", stem, bits, g.vectors)
	switch {
	case g.vectors == 0:
		name = fmt.Sprintf("%s%dhalf", stem, bits)
	case g.size == 64:
		name += "wide"
	}
	if masked {
		return name + "mask", fmt.Sprintf(", mask *[%d]int%d", 256/bits, bits), " where mask is set"
	}
	return name, "", ""
}

func (g *panel) loadMask(masked bool) {
	if masked {
		p := Load(Param("mask"), GP64())
		g.mask = YMM()
		g.load(Mem{Base: p}, g.mask)
	}
}

// chains emits the two chains of a row: stored values 0, 2, 4… continue what
// c holds, 1, 3, 5… start at +0, and the second is added to the first.
// value(q, x) broadcasts stored value q; step moves on by n values.
func (g *panel) chains(c, count reg.GPVirtual, value func(q int, x reg.VecVirtual), step func(n int)) {
	even, odd := g.registers(), g.registers()
	for v := range even {
		g.move(Mem{Base: c, Disp: g.size * v}, even[v])
		g.zero(odd[v], odd[v], odd[v])
	}
	term := func(q int, acc []reg.VecVirtual) {
		p, x := g.at(q), g.register()
		value(q, x)
		for v, y := range acc {
			if g.mask != nil {
				b := YMM()
				g.move(Mem{Base: p, Disp: g.size * v}, b)
				g.fma(b, x, y)
				continue
			}
			g.fma(Mem{Base: p, Disp: g.size * v}, x, y)
		}
	}
	SUBQ(Imm(2), count)
	JLT(LabelRef("last"))
	Label("loop")
	term(0, even)
	term(1, odd)
	step(2)
	SUBQ(Imm(2), count)
	JGE(LabelRef("loop"))
	Label("last")
	CMPQ(count, I8(-1))
	JNE(LabelRef("done"))
	term(0, even)
	step(1)
	Label("done")
	for v := range even {
		g.add(odd[v], even[v], even[v])
		g.move(even[v], Mem{Base: c, Disp: g.size * v})
	}
}

func gather32(size, vectors int, masked bool) {
	g := &panel{size: size, vectors: vectors, load: VMOVUPS, maskMove: VMASKMOVPS, fma: VFMADD231PS, broadcast: VBROADCASTSS, zero: VXORPS, add: VADDPS}
	name, arg, doc := g.name("sparse", masked, 32)
	TEXT(name, NOSPLIT, "func(c *float32, index *uint16, value *float32, count int, b *float32, row uintptr"+arg+")")
	Doc(name + " adds count stored values times rows of b to c" + doc + ", in two chains; row is the stride of b in bytes.")
	Pragma("noescape")
	c, count, val := GP64(), GP64(), GP64()
	g.index, g.rows, g.base = GP64(), GP64(), GP64()
	Load(Param("c"), c)
	Load(Param("index"), g.index)
	Load(Param("value"), val)
	Load(Param("count"), count)
	Load(Param("b"), g.base)
	Load(Param("row"), g.rows)
	g.loadMask(masked)
	g.chains(c, count,
		func(q int, x reg.VecVirtual) { g.broadcast(Mem{Base: val, Disp: 4 * q}, x) },
		func(n int) {
			ADDQ(Imm(uint64(2*n)), g.index)
			ADDQ(Imm(uint64(4*n)), val)
		})
	VZEROUPPER()
	RET()
}

func gather64(size, vectors int, masked bool) {
	g := &panel{size: size, vectors: vectors, load: VMOVUPD, maskMove: VMASKMOVPD, fma: VFMADD231PD, broadcast: VBROADCASTSD, zero: VXORPD, add: VADDPD}
	name, arg, doc := g.name("sparse", masked, 64)
	TEXT(name, NOSPLIT, "func(c *float64, ldc uintptr, ptr *int32, rows int, index *uint16, u *uint8, table *[256]float64, b *float64, row uintptr"+arg+")")
	Doc(name + " does the rows of a block: it adds ptr[i+1]−ptr[i] stored values table[u] times rows of b to row i of c" + doc + ", in two chains; ldc and row are the strides of c and b in bytes, index and u begin with row 0.")
	Pragma("noescape")
	c, ldc, ptr, rows, u, table := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	g.index, g.rows, g.base = GP64(), GP64(), GP64()
	Load(Param("c"), c)
	Load(Param("ldc"), ldc)
	Load(Param("ptr"), ptr)
	Load(Param("rows"), rows)
	Load(Param("index"), g.index)
	Load(Param("u"), u)
	Load(Param("table"), table)
	Load(Param("b"), g.base)
	Load(Param("row"), g.rows)
	g.loadMask(masked)
	Label("rows")
	count, from := GP64(), GP64()
	MOVLQSX(Mem{Base: ptr, Disp: 4}, count)
	MOVLQSX(Mem{Base: ptr}, from)
	SUBQ(from, count)
	JEQ(LabelRef("next"))
	g.chains(c, count,
		func(q int, x reg.VecVirtual) {
			byte := GP64()
			MOVBQZX(Mem{Base: u, Disp: q}, byte)
			g.broadcast(Mem{Base: table, Index: byte, Scale: 8}, x)
		},
		func(n int) {
			ADDQ(Imm(uint64(2*n)), g.index)
			ADDQ(Imm(uint64(n)), u)
		})
	Label("next")
	ADDQ(Imm(4), ptr)
	ADDQ(ldc, c)
	DECQ(rows)
	JNE(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

// scatter32 adds one row of D, held in registers, times each stored value to
// the row of C that the value names.
func scatter32(size, vectors int, masked bool) {
	g := &panel{size: size, vectors: vectors, load: VMOVUPS, maskMove: VMASKMOVPS, fma: VFMADD213PS, broadcast: VBROADCASTSS}
	name, arg, doc := g.name("scatter", masked, 32)
	TEXT(name, NOSPLIT, "func(c *float32, row uintptr, index *uint16, value *float32, count int, d *float32"+arg+")")
	Doc(name + " adds each of count (at least 1) stored values times d to its row of c" + doc + "; row is the stride of c in bytes.")
	Pragma("noescape")
	count, val, d := GP64(), GP64(), GP64()
	g.index, g.rows, g.base = GP64(), GP64(), GP64()
	Load(Param("c"), g.base)
	Load(Param("row"), g.rows)
	Load(Param("index"), g.index)
	Load(Param("value"), val)
	Load(Param("count"), count)
	Load(Param("d"), d)
	g.loadMask(masked)
	held := g.registers()
	for v, y := range held {
		g.move(Mem{Base: d, Disp: g.size * v}, y)
	}
	Label("loop")
	p, x := g.at(0), g.register()
	g.broadcast(Mem{Base: val}, x)
	for v, y := range held {
		c := g.register()
		g.move(Mem{Base: p, Disp: g.size * v}, c)
		VFMADD231PS(y, x, c)
		g.move(c, Mem{Base: p, Disp: g.size * v})
	}
	ADDQ(Imm(2), g.index)
	ADDQ(Imm(4), val)
	DECQ(count)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
