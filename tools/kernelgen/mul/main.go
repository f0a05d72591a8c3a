// Command mul writes the AVX2+FMA and AVX-512 product kernels of internal/kernel:
//
//	go run ./kernelgen/mul -pkg kernel -out ../internal/kernel/mul_amd64.s -stubs ../internal/kernel/mul_amd64.go
//
// A kernel computes one panel of C, all m rows of it. With vectors of 256 bits
// it is two of them wide in tiles of six rows or one in tiles of twelve, so
// that twelve accumulators hide the latency of the fused multiply-add; with
// 512 bits and their 32 registers both widths have tiles of twelve rows. The
// lanes are elements of C; each accumulator is the chain of one element per
// lane, in index order. The variants with a mask, of 256 bits only, load and
// store only the first lanes of their last vector.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is what differs between float32 and float64.
type element struct {
	bits      int
	zero      func(...Op)
	load      func(...Op)
	maskMove  func(src, mask, dst Op)
	broadcast func(...Op)
	fma       func(...Op)
	fmaSpread func(...Op) // with a number in memory for all lanes
}

var elements = []element{
	{32, VXORPS, VMOVUPS, VMASKMOVPS, VBROADCASTSS, VFMADD231PS, VFMADD231PS_BCST},
	{64, VXORPD, VMOVUPD, VMASKMOVPD, VBROADCASTSD, VFMADD231PD, VFMADD231PD_BCST},
}

func main() {
	ConstraintExpr("!noasm")
	for _, e := range elements {
		for _, vectors := range []int{1, 2} {
			for _, masked := range []bool{false, true} {
				panel(e, 32, vectors, masked)
			}
		}
		for _, vectors := range []int{1, 2} {
			panel(e, 64, vectors, false)
		}
	}
	Generate()
}

// panel emits the kernel of one panel width, in vectors of size bytes.
func panel(e element, size, vectors int, masked bool) {
	name := fmt.Sprintf("panel%dx%d", e.bits, vectors)
	suffix := ""
	if size == 64 {
		name = fmt.Sprintf("wide%dx%d", e.bits, vectors)
		suffix = " of 512 bits"
	}
	if masked {
		name += "mask"
		suffix = " of which the last vector counts only where mask is set"
	}
	t := fmt.Sprintf("float%d", e.bits)
	maskArg := ""
	if masked {
		maskArg = fmt.Sprintf(", mask *[%d]int%d", 256/e.bits, e.bits)
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(c *%s, ldc uintptr, a *%s, aRow uintptr, aCol uintptr, b *%s, bRow uintptr, m int, k int, add bool%s)", t, t, t, maskArg))
	Doc(fmt.Sprintf("%s computes m rows of a panel of C, %d vectors wide%s.", name, vectors, suffix), "Strides are in bytes; m and k are at least 1.")
	Pragma("noescape")

	g := &generator{element: e, name: name, size: size, vectors: vectors, masked: masked}
	g.c = Load(Param("c"), GP64())
	g.a = Load(Param("a"), GP64())
	g.aRow = Load(Param("aRow"), GP64())
	g.aCol = Load(Param("aCol"), GP64())
	g.bRow = Load(Param("bRow"), GP64())
	g.m = Load(Param("m"), GP64())
	if masked {
		p := Load(Param("mask"), GP64())
		g.mask = YMM()
		e.load(Mem{Base: p}, g.mask)
	}
	heights, first := tiles(size, vectors)
	tall := heights[0]
	Label("next")
	CMPQ(g.m, Imm(uint64(2*tall)))
	JGE(LabelRef(fmt.Sprintf("tile%d", tall)))
	for m := 2*tall - 1; m >= 1; m-- {
		CMPQ(g.m, Imm(uint64(m)))
		JEQ(LabelRef(fmt.Sprintf("tile%d", first[m])))
	}
	VZEROUPPER()
	RET()
	for _, r := range heights {
		g.tile(r)
	}
}

// tiles returns the heights of tiles, tallest first, and for each number of
// rows below twice the tallest the height to take first. A tile of fewer than
// eight accumulators waits for its own latency, so it costs as much as eight.
func tiles(size, vectors int) (heights, first []int) {
	heights = []int{6, 4, 3, 2, 1}
	if vectors == 1 || size == 64 {
		heights = []int{12, 8, 6, 4, 2, 1}
	}
	rows := 2 * heights[0]
	first = make([]int, rows)
	cost := make([]int, rows)
	for m := 1; m < rows; m++ {
		for _, r := range heights {
			if r > m {
				continue
			}
			if c := max(vectors*r, 8) + 1 + cost[m-r]; first[m] == 0 || c < cost[m] {
				first[m], cost[m] = r, c
			}
		}
	}
	return heights, first
}

// generator holds the registers of a panel kernel.
type generator struct {
	element
	name             string
	size             int // of a vector in bytes
	vectors          int
	masked           bool
	c, a, aRow, aCol reg.Register
	bRow, m          reg.Register
	mask             reg.VecVirtual
}

// register is a whole vector.
func (g *generator) register() reg.VecVirtual {
	if g.size == 64 {
		return ZMM()
	}
	return YMM()
}

// tile emits the loop over k for a tile of some rows, then moves C and A on.
func (g *generator) tile(rows int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, rows) }
	Label(label("tile"))
	acc := make([][]reg.VecVirtual, rows)
	for i := range acc {
		for range g.vectors {
			acc[i] = append(acc[i], g.register())
		}
	}

	// Start at C or at +0.
	add := GP64()
	Load(Param("add"), add.As8())
	TESTB(add.As8(), add.As8())
	JE(LabelRef(label("zero")))
	g.eachRow(rows, func(i int, row Mem) {
		for v, y := range acc[i] {
			g.move(row.Offset(g.size*v), y, v)
		}
	})
	JMP(LabelRef(label("start")))
	Label(label("zero"))
	for i := range acc {
		for _, y := range acc[i] {
			g.zero(y, y, y)
		}
	}
	Label(label("start"))

	// Three rows of A hang on each pointer: base, base+aRow, base+2·aRow.
	var base []reg.GPVirtual
	for i := 0; i < rows; i += 3 {
		p := GP64()
		if i == 0 {
			MOVQ(g.a, p)
		} else {
			LEAQ(Mem{Base: base[len(base)-1], Index: g.aRow, Scale: 2}, p)
			ADDQ(g.aRow, p)
		}
		base = append(base, p)
	}
	b := GP64()
	Load(Param("b"), b)
	k := GP64()
	Load(Param("k"), k)

	Label(label("loop"))
	lanes := make([]reg.VecVirtual, g.vectors)
	for v := range lanes {
		lanes[v] = g.register()
		g.move(Mem{Base: b, Disp: g.size * v}, lanes[v], v)
	}
	for i := range rows {
		at := Mem{Base: base[i/3]}
		if i%3 > 0 {
			at.Index, at.Scale = g.aRow, uint8(i%3)
		}
		if g.size == 64 && g.vectors == 1 {
			g.fmaSpread(at, lanes[0], acc[i][0])
			continue
		}
		x := g.register()
		g.broadcast(at, x)
		for v, y := range acc[i] {
			g.fma(lanes[v], x, y)
		}
	}
	ADDQ(g.bRow, b)
	for _, p := range base {
		ADDQ(g.aCol, p)
	}
	DECQ(k)
	JNE(LabelRef(label("loop")))

	g.eachRow(rows, func(i int, row Mem) {
		for v, y := range acc[i] {
			g.move(y, row.Offset(g.size*v), v)
		}
	})
	// The next tile of C and A.
	step := GP64()
	Load(Param("ldc"), step)
	IMUL3Q(Imm(uint64(rows)), step, step)
	ADDQ(step, g.c)
	IMUL3Q(Imm(uint64(rows)), g.aRow, step)
	ADDQ(step, g.a)
	SUBQ(Imm(uint64(rows)), g.m)
	JMP(LabelRef("next"))
}

// eachRow calls f with the address of each row of the tile of C.
func (g *generator) eachRow(rows int, f func(i int, row Mem)) {
	p, ldc := GP64(), GP64()
	MOVQ(g.c, p)
	Load(Param("ldc"), ldc)
	for i := range rows {
		f(i, Mem{Base: p})
		if i+1 < rows {
			ADDQ(ldc, p)
		}
	}
}

// move loads or stores vector v of a row, masked if it is the last one of a
// masked panel.
func (g *generator) move(src, dst Op, v int) {
	if g.masked && v == g.vectors-1 {
		g.maskMove(src, g.mask, dst)
		return
	}
	g.load(src, dst)
}
