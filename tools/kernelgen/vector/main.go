// Command vector writes the element-wise AVX2+FMA and AVX-512 kernels of internal/kernel:
//
//	go run ./kernelgen/vector -pkg kernel -out ../internal/kernel/vector_amd64.s -stubs ../internal/kernel/vector_amd64.go
//
// Each does whole vectors only; the Go code in front of it does the tail with
// the scalar form of the same operations.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is what differs between float32 and float64.
type element struct {
	bits                               int
	load, zero, add, mul, and          func(...Op)
	loadZeroing                        func(x, mask, dst Op)
	broadcast, compare, fma231, fma213 func(...Op)
}

var elements = []element{
	{32, VMOVUPS, VXORPS, VADDPS, VMULPS, VANDPS, VMOVUPS_Z, VBROADCASTSS, VCMPPS, VFMADD231PS, VFMADD213PS},
	{64, VMOVUPD, VXORPD, VADDPD, VMULPD, VANDPD, VMOVUPD_Z, VBROADCASTSD, VCMPPD, VFMADD231PD, VFMADD213PD},
}

// Predicates of comparisons, both quiet.
const (
	greater = 0x1e // a > b, false for NaN
	notLess = 0x15 // !(a < b), true for NaN
)

func main() {
	ConstraintExpr("!noasm")
	for _, e := range elements {
		relu(e)
		maskReLU(e)
	}
	dot(elements[1])
	axpy(elements[1])
	axpy4()
	dot4()
	scale()
	mul()
	sumProducts()
	columnSums()
	gather()
	adam()
	softmax(narrow)
	softmax(wide)
	Generate()
}

// begin opens a function and loads its pointer arguments.
func begin(name, signature, doc string, pointers ...string) []reg.GPVirtual {
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
	out := make([]reg.GPVirtual, len(pointers))
	for i, p := range pointers {
		out[i] = GP64()
		Load(Param(p), out[i])
	}
	return out
}

// width is a width of vectors, in bytes.
type width int

const narrow, wide width = 32, 64

func (w width) register() reg.VecVirtual {
	if w == wide {
		return ZMM()
	}
	return YMM()
}

// compare returns the mask of the lanes where a compares with b as the predicate
// says: all bits of a lane with 256 bits, a mask register with 512.
func (w width) compare(e element, predicate uint8, a, b reg.VecVirtual) reg.Register {
	var mask reg.Register = YMM()
	if w == wide {
		mask = K()
	}
	e.compare(Imm(uint64(predicate)), b, a, mask)
	return mask
}

// keep sets dst to x in the lanes of a mask and to +0 elsewhere.
func (w width) keep(e element, x Op, mask reg.Register, dst reg.VecVirtual) {
	if w == wide {
		e.loadZeroing(x, mask, dst)
		return
	}
	e.and(x, mask, dst)
}

// eachVector closes a function of n (at least 1) vectors of 32 bytes: where the
// variable wide is set it takes them two at a time as one vector of 64 bytes,
// and the odd one, like all of them elsewhere, as one of 32. setUp emits what
// comes before a loop and returns what emits its body.
func eachVector(n reg.GPVirtual, setUp func(w width) (body func())) {
	loop := func(w width, label string, n reg.GPVirtual) {
		body := setUp(w)
		Label(label)
		body()
		DECQ(n)
		JNE(LabelRef(label))
	}
	CMPB(NewDataAddr(Symbol{Name: "·wide"}, 0), Imm(0))
	JEQ(LabelRef("narrow"))
	pairs := GP64()
	MOVQ(n, pairs)
	SHRQ(Imm(1), pairs)
	JEQ(LabelRef("narrow"))
	loop(wide, "pairs", pairs)
	ANDQ(Imm(1), n)
	JEQ(LabelRef("done"))
	Label("narrow")
	loop(narrow, "loop", n)
	Label("done")
	VZEROUPPER()
	RET()
}

// scalar is the place of a floating-point argument, to be broadcast from.
func scalar(name string) Op {
	at, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return at.Addr
}

// advance moves pointers on by one vector.
func (w width) advance(pointers ...reg.GPVirtual) { advance(int(w), pointers...) }

func advance(by int, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		ADDQ(Imm(uint64(by)), p)
	}
}

func relu(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("relu%d", e.bits), fmt.Sprintf("func(dst *%s, z *%s, vectors int)", t, t),
		"sets dst to z where z > 0 and to +0 elsewhere, for at least one vector.", "dst", "z", "vectors")
	eachVector(p[2], func(w width) func() {
		zero := w.register()
		e.zero(zero, zero, zero)
		return func() {
			z := w.register()
			e.load(Mem{Base: p[1]}, z)
			w.keep(e, z, w.compare(e, greater, z, zero), z)
			e.load(z, Mem{Base: p[0]})
			w.advance(p[0], p[1])
		}
	})
}

func maskReLU(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("maskReLU%d", e.bits), fmt.Sprintf("func(delta *%s, x *%s, vectors int)", t, t),
		"sets delta to +0 unless x > 0, for at least one vector.", "delta", "x", "vectors")
	eachVector(p[2], func(w width) func() {
		zero := w.register()
		e.zero(zero, zero, zero)
		return func() {
			x := w.register()
			e.load(Mem{Base: p[1]}, x)
			w.keep(e, Mem{Base: p[0]}, w.compare(e, greater, x, zero), x)
			e.load(x, Mem{Base: p[0]})
			w.advance(p[0], p[1])
		}
	})
}

func axpy(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("axpy%d", e.bits), fmt.Sprintf("func(y *%s, alpha %s, x *%s, vectors int)", t, t, t),
		"is y = fma(alpha, x, y), for at least one vector.", "y", "x", "vectors")
	eachVector(p[2], func(w width) func() {
		alpha := w.register()
		e.broadcast(scalar("alpha"), alpha)
		return func() {
			y := w.register()
			e.load(Mem{Base: p[0]}, y)
			e.fma231(Mem{Base: p[1]}, alpha, y)
			e.load(y, Mem{Base: p[0]})
			w.advance(p[0], p[1])
		}
	})
}

// axpy4 takes four vectors in one pass over y.
func axpy4() {
	p := begin("axpy4x64", "func(y *float64, alpha *[4]float64, x0 *float64, x1 *float64, x2 *float64, x3 *float64, vectors int)",
		"is y = fma(alpha[q], xq, y) for q = 0…3 in turn, for at least one vector.", "y", "alpha", "x0", "x1", "x2", "x3", "vectors")
	eachVector(p[6], func(w width) func() {
		alpha := make([]reg.VecVirtual, 4)
		for q := range alpha {
			alpha[q] = w.register()
			VBROADCASTSD(Mem{Base: p[1], Disp: 8 * q}, alpha[q])
		}
		return func() {
			y := w.register()
			VMOVUPD(Mem{Base: p[0]}, y)
			for q := range alpha {
				VFMADD231PD(Mem{Base: p[2+q]}, alpha[q], y)
			}
			VMOVUPD(y, Mem{Base: p[0]})
			w.advance(p[0], p[2], p[3], p[4], p[5])
		}
	})
}

// dot leaves the virtual lanes (two vectors) to the caller, who adds the tail
// and the tree. Eight lanes in one vector of 512 bits would be one chain with the
// same latency per step, so there is no such form.
func dot(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	lanes := 512 / e.bits
	p := begin(fmt.Sprintf("dot%d", e.bits), fmt.Sprintf("func(lane *[%d]%s, x *%s, y *%s, steps int)", lanes, t, t, t),
		fmt.Sprintf("takes %d products a step into the lanes, for at least one step.", lanes), "lane", "x", "y", "steps")
	lo, hi := YMM(), YMM()
	e.load(Mem{Base: p[0]}, lo)
	e.load(Mem{Base: p[0], Disp: 32}, hi)
	Label("loop")
	x, x2 := YMM(), YMM()
	e.load(Mem{Base: p[1]}, x)
	e.load(Mem{Base: p[1], Disp: 32}, x2)
	e.fma231(Mem{Base: p[2]}, x, lo)
	e.fma231(Mem{Base: p[2], Disp: 32}, x2, hi)
	advance(64, p[1], p[2])
	DECQ(p[3])
	JNE(LabelRef("loop"))
	e.load(lo, Mem{Base: p[0]})
	e.load(hi, Mem{Base: p[0], Disp: 32})
	VZEROUPPER()
	RET()
}

// dot4 is four dots with one read of y.
func dot4() {
	p := begin("dot4x64", "func(lane *[4][8]float64, x0 *float64, x1 *float64, x2 *float64, x3 *float64, y *float64, steps int)",
		"takes 8 products of each xq with y a step into lane[q], for at least one step.", "lane", "x0", "x1", "x2", "x3", "y", "steps")
	acc := make([]reg.VecVirtual, 8)
	for i := range acc {
		acc[i] = YMM()
		VMOVUPD(Mem{Base: p[0], Disp: 32 * i}, acc[i])
	}
	Label("loop")
	lo, hi := YMM(), YMM()
	VMOVUPD(Mem{Base: p[5]}, lo)
	VMOVUPD(Mem{Base: p[5], Disp: 32}, hi)
	for q := range 4 {
		VFMADD231PD(Mem{Base: p[1+q]}, lo, acc[2*q])
		VFMADD231PD(Mem{Base: p[1+q], Disp: 32}, hi, acc[2*q+1])
	}
	advance(64, p[1], p[2], p[3], p[4], p[5])
	DECQ(p[6])
	JNE(LabelRef("loop"))
	for i := range acc {
		VMOVUPD(acc[i], Mem{Base: p[0], Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}

func scale() {
	p := begin("scale64", "func(x *float64, alpha float64, vectors int)", "is x = alpha·x, for at least one vector.", "x", "vectors")
	eachVector(p[1], func(w width) func() {
		alpha := w.register()
		VBROADCASTSD(scalar("alpha"), alpha)
		return func() {
			x := w.register()
			VMULPD(Mem{Base: p[0]}, alpha, x)
			VMOVUPD(x, Mem{Base: p[0]})
			w.advance(p[0])
		}
	})
}

func mul() {
	p := begin("mul64", "func(dst *float64, a *float64, b *float64, vectors int)", "is dst = a·b, for at least one vector.", "dst", "a", "b", "vectors")
	eachVector(p[3], func(w width) func() {
		return func() {
			x := w.register()
			VMOVUPD(Mem{Base: p[1]}, x)
			VMULPD(Mem{Base: p[2]}, x, x)
			VMOVUPD(x, Mem{Base: p[0]})
			w.advance(p[0], p[1], p[2])
		}
	})
}

// sumProducts rounds both products.
func sumProducts() {
	p := begin("sumProducts64", "func(dst *float64, a *float64, b *float64, c *float64, d *float64, vectors int)",
		"is dst = a·b + c·d, for at least one vector.", "dst", "a", "b", "c", "d", "vectors")
	eachVector(p[5], func(w width) func() {
		return func() {
			x, y := w.register(), w.register()
			VMOVUPD(Mem{Base: p[1]}, x)
			VMULPD(Mem{Base: p[2]}, x, x)
			VMOVUPD(Mem{Base: p[3]}, y)
			VMULPD(Mem{Base: p[4]}, y, y)
			VADDPD(y, x, x)
			VMOVUPD(x, Mem{Base: p[0]})
			w.advance(p[:5]...)
		}
	})
}

// columnSums adds rows: half a vector of columns at a time, one or four.
func columnSums() {
	colSums("colSums32half", "half a vector of 256 bits", 1, 16, XMM)
	colSums("colSums32x1", "1 vector of 256 bits", 1, 32, narrow.register)
	colSums("colSums32x4", "4 vectors of 256 bits", 4, 32, narrow.register)
	colSums("colSums32x1wide", "1 vector of 512 bits", 1, 64, wide.register)
	colSums("colSums32x4wide", "4 vectors of 512 bits", 4, 64, wide.register)
}

func colSums(name, columns string, vectors, size int, register func() reg.VecVirtual) {
	p := begin(name, "func(dst *float32, a *float32, row uintptr, rows int)",
		"adds up the columns of "+columns+", row by row from +0; row is the stride in bytes, rows at least 1.", "dst", "a", "row", "rows")
	sum := make([]reg.VecVirtual, vectors)
	for v := range sum {
		sum[v] = register()
		VXORPS(sum[v], sum[v], sum[v])
	}
	Label("loop")
	for v := range sum {
		VADDPS(Mem{Base: p[1], Disp: size * v}, sum[v], sum[v])
	}
	ADDQ(p[2], p[1])
	DECQ(p[3])
	JNE(LabelRef("loop"))
	for v := range sum {
		VMOVUPS(sum[v], Mem{Base: p[0], Disp: size * v})
	}
	VZEROUPPER()
	RET()
}

// gather widens bytes; a byte is exact in float32.
func gather() {
	p := begin("widen32", "func(dst *float32, u *uint8, scale float32, shift float32, vectors int)",
		"sets dst to fma(u, scale, shift), for at least one vector of 8.", "dst", "u", "vectors")
	eachVector(p[2], func(w width) func() {
		scale, shift := w.register(), w.register()
		VBROADCASTSS(scalar("scale"), scale)
		VBROADCASTSS(scalar("shift"), shift)
		return func() {
			u := w.register()
			VPMOVZXBD(Mem{Base: p[1]}, u)
			VCVTDQ2PS(u, u)
			VFMADD213PS(shift, scale, u)
			VMOVUPS(u, Mem{Base: p[0]})
			w.advance(p[0])
			advance(int(w)/4, p[1])
		}
	})
}
