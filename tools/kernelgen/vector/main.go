// Command vector writes the element-wise AVX2+FMA kernels of internal/kernel:
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
	broadcast, compare, fma231, fma213 func(...Op)
}

var elements = []element{
	{32, VMOVUPS, VXORPS, VADDPS, VMULPS, VANDPS, VBROADCASTSS, VCMPPS, VFMADD231PS, VFMADD213PS},
	{64, VMOVUPD, VXORPD, VADDPD, VMULPD, VANDPD, VBROADCASTSD, VCMPPD, VFMADD231PD, VFMADD213PD},
}

// greater is the ordered, quiet comparison a > b.
const greater = 0x1e

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
	columnSums()
	gather()
	adam()
	softmax()
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

// end closes the loop labelled loop that counts n down, and the function.
func end(n reg.GPVirtual) {
	DECQ(n)
	JNE(LabelRef("loop"))
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

func advance(by int, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		ADDQ(Imm(uint64(by)), p)
	}
}

func relu(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("relu%d", e.bits), fmt.Sprintf("func(dst *%s, z *%s, vectors int)", t, t),
		"sets dst to z where z > 0 and to +0 elsewhere, for at least one vector.", "dst", "z", "vectors")
	zero := YMM()
	e.zero(zero, zero, zero)
	Label("loop")
	z, mask := YMM(), YMM()
	e.load(Mem{Base: p[1]}, z)
	e.compare(Imm(greater), zero, z, mask)
	e.and(mask, z, z)
	e.load(z, Mem{Base: p[0]})
	advance(32, p[0], p[1])
	end(p[2])
}

func maskReLU(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("maskReLU%d", e.bits), fmt.Sprintf("func(delta *%s, x *%s, vectors int)", t, t),
		"sets delta to +0 unless x > 0, for at least one vector.", "delta", "x", "vectors")
	zero := YMM()
	e.zero(zero, zero, zero)
	Label("loop")
	x := YMM()
	e.load(Mem{Base: p[1]}, x)
	e.compare(Imm(greater), zero, x, x)
	e.and(Mem{Base: p[0]}, x, x)
	e.load(x, Mem{Base: p[0]})
	advance(32, p[0], p[1])
	end(p[2])
}

func axpy(e element) {
	t := fmt.Sprintf("float%d", e.bits)
	p := begin(fmt.Sprintf("axpy%d", e.bits), fmt.Sprintf("func(y *%s, alpha %s, x *%s, vectors int)", t, t, t),
		"is y = fma(alpha, x, y), for at least one vector.", "y", "x", "vectors")
	alpha := YMM()
	e.broadcast(scalar("alpha"), alpha)
	Label("loop")
	y := YMM()
	e.load(Mem{Base: p[0]}, y)
	e.fma231(Mem{Base: p[1]}, alpha, y)
	e.load(y, Mem{Base: p[0]})
	advance(32, p[0], p[1])
	end(p[2])
}

// axpy4 takes four vectors in one pass over y.
func axpy4() {
	p := begin("axpy4x64", "func(y *float64, alpha *[4]float64, x0 *float64, x1 *float64, x2 *float64, x3 *float64, vectors int)",
		"is y = fma(alpha[q], xq, y) for q = 0…3 in turn, for at least one vector.", "y", "alpha", "x0", "x1", "x2", "x3", "vectors")
	alpha := make([]reg.VecVirtual, 4)
	for q := range alpha {
		alpha[q] = YMM()
		VBROADCASTSD(Mem{Base: p[1], Disp: 8 * q}, alpha[q])
	}
	Label("loop")
	y := YMM()
	VMOVUPD(Mem{Base: p[0]}, y)
	for q := range alpha {
		VFMADD231PD(Mem{Base: p[2+q]}, alpha[q], y)
	}
	VMOVUPD(y, Mem{Base: p[0]})
	advance(32, p[0], p[2], p[3], p[4], p[5])
	end(p[6])
}

// dot leaves the virtual lanes (two vectors) to the caller, who adds the tail
// and the tree.
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
	alpha := YMM()
	VBROADCASTSD(scalar("alpha"), alpha)
	Label("loop")
	x := YMM()
	VMULPD(Mem{Base: p[0]}, alpha, x)
	VMOVUPD(x, Mem{Base: p[0]})
	advance(32, p[0])
	end(p[1])
}

// columnSums adds rows, half a vector of columns at a time, one or four.
func columnSums() {
	for _, vectors := range []int{0, 1, 4} {
		name, doc := fmt.Sprintf("colSums32x%d", vectors), fmt.Sprintf("%d vectors", vectors)
		register := func() reg.VecVirtual { return YMM() }
		if vectors == 0 {
			name, doc = "colSums32half", "half a vector"
			register = func() reg.VecVirtual { return XMM() }
		}
		p := begin(name, "func(dst *float32, a *float32, row uintptr, rows int)",
			"adds up the columns of "+doc+", row by row from +0; row is the stride in bytes, rows at least 1.", "dst", "a", "row", "rows")
		sum := make([]reg.VecVirtual, max(vectors, 1))
		for v := range sum {
			sum[v] = register()
			VXORPS(sum[v], sum[v], sum[v])
		}
		Label("loop")
		for v := range sum {
			VADDPS(Mem{Base: p[1], Disp: 32 * v}, sum[v], sum[v])
		}
		ADDQ(p[2], p[1])
		DECQ(p[3])
		JNE(LabelRef("loop"))
		for v := range sum {
			VMOVUPS(sum[v], Mem{Base: p[0], Disp: 32 * v})
		}
		VZEROUPPER()
		RET()
	}
}

// gather widens bytes; a byte is exact in float32.
func gather() {
	p := begin("widen32", "func(dst *float32, u *uint8, scale float32, shift float32, vectors int)",
		"sets dst to fma(u, scale, shift), for at least one vector of 8.", "dst", "u", "vectors")
	scale, shift := YMM(), YMM()
	VBROADCASTSS(scalar("scale"), scale)
	VBROADCASTSS(scalar("shift"), shift)
	Label("loop")
	u := YMM()
	VPMOVZXBD(Mem{Base: p[1]}, u)
	VCVTDQ2PS(u, u)
	VFMADD213PS(shift, scale, u)
	VMOVUPS(u, Mem{Base: p[0]})
	advance(32, p[0])
	advance(8, p[1])
	end(p[2])
}
