package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// adam follows kernel.Adam32 operation by operation.
func adam() {
	p := begin("adam32", "func(w *float32, m *float32, v *float32, grad *float32, s *[6]float32, vectors int)",
		"is one step of Adam32, for at least one vector.", "w", "m", "v", "grad", "s", "vectors")
	e := elements[0]
	eachVector(p[5], func(w width) func() {
		// The fields of Adam in order.
		field := make([]reg.VecVirtual, 6)
		for i := range field {
			field[i] = w.register()
			VBROADCASTSS(Mem{Base: p[4], Disp: 4 * i}, field[i])
		}
		oneMinusBeta1, beta2, oneMinusBeta2, step, correction, eps := field[0], field[1], field[2], field[3], field[4], field[5]
		magnitude, minGradient, minMoment1, minMoment2 := w.register(), w.register(), w.register(), w.register()
		VBROADCASTSS(integer("adamMagnitude", 0x7fffffff), magnitude)
		VBROADCASTSS(constant("adamMinGradient", 0x1p-50), minGradient)
		VBROADCASTSS(constant("adamMinMoment1", 0x1p-56), minMoment1)
		VBROADCASTSS(constant("adamMinMoment2", 0x1p-120), minMoment2)
		return func() {
			g, m, v, d, q := w.register(), w.register(), w.register(), w.register(), w.register()
			// zeroBelow makes x +0 where its magnitude is below least.
			zeroBelow := func(x, least reg.VecVirtual) {
				VANDPS(magnitude, x, q)
				w.keep(e, x, w.compare(e, notLess, q, least), x)
			}
			VMOVUPS(Mem{Base: p[3]}, g)
			VMOVUPS(Mem{Base: p[1]}, m)
			zeroBelow(g, minGradient)
			VSUBPS(m, g, d) // g − m
			VMULPS(oneMinusBeta1, d, d)
			VADDPS(d, m, m)
			zeroBelow(m, minMoment1)
			VMOVUPS(m, Mem{Base: p[1]})
			VMULPS(Mem{Base: p[2]}, beta2, v)
			VMULPS(oneMinusBeta2, g, q)
			VMULPS(g, q, q)
			VADDPS(q, v, v)
			w.keep(e, v, w.compare(e, notLess, v, minMoment2), v)
			VMOVUPS(v, Mem{Base: p[2]})
			VSQRTPS(v, v)
			VMULPS(correction, v, v)
			VADDPS(eps, v, v)
			VMULPS(step, m, m)
			VDIVPS(v, m, m)
			weight := w.register()
			VMOVUPS(Mem{Base: p[0]}, weight)
			VSUBPS(m, weight, weight)
			VMOVUPS(weight, Mem{Base: p[0]})
			w.advance(p[0], p[1], p[2], p[3])
		}
	})
}

// constants are those in the read-only data by name; both widths read the same.
var constants = map[string]Mem{}

// constant places a float32 in the read-only data.
func constant(name string, value float32) Mem { return integer(name, math.Float32bits(value)) }

func integer(name string, value uint32) Mem {
	if _, ok := constants[name]; !ok {
		constants[name] = ConstData(name, U32(value))
	}
	return constants[name]
}

// exp emits detmath.Exp32 of x in place, operation by operation. The clamps
// keep NaN: the instruction returns its second source where one is NaN.
func (w width) exp(x reg.VecVirtual) {
	c, k, r, q := w.register(), w.register(), w.register(), w.register()
	VBROADCASTSS(constant("expMax", 89), c)
	VMINPS(x, c, x)
	VBROADCASTSS(constant("expMin", -104), c)
	VMAXPS(x, c, x)
	VBROADCASTSS(constant("expLog2e", 0x1.715476p+0), c)
	VMULPS(c, x, k)
	VBROADCASTSS(constant("expRound", 0x1.8p23), c)
	VADDPS(c, k, k)
	VSUBPS(c, k, k)
	VBROADCASTSS(constant("expLn2Hi", 0x1.62e4p-1), c)
	VMULPS(c, k, q)
	VSUBPS(q, x, r)
	VBROADCASTSS(constant("expLn2Lo", 0x1.7f7d1cp-20), c)
	VMULPS(c, k, q)
	VSUBPS(q, r, r)
	VBROADCASTSS(constant("exp7", 1.0/5040.0), c)
	VMULPS(c, r, q)
	VBROADCASTSS(constant("exp6", 1.0/720.0), c)
	VADDPS(c, q, q)
	for _, t := range []struct {
		name  string
		value float32
	}{{"exp5", 1.0 / 120.0}, {"exp4", 1.0 / 24.0}, {"exp3", 1.0 / 6.0}, {"exp2", 0.5}} {
		VMULPS(r, q, q)
		VBROADCASTSS(constant(t.name, t.value), c)
		VADDPS(c, q, q)
	}
	VMULPS(r, q, q)
	VMULPS(r, q, q)
	VADDPS(q, r, r)
	VBROADCASTSS(constant("expOne", 1), c)
	VADDPS(r, c, r) // y
	// Two powers of two, n/2 and n − n/2.
	n, h := w.register(), w.register()
	VCVTPS2DQ(k, n)
	VPSRAD(Imm(1), n, h)
	VPSUBD(h, n, n)
	VPBROADCASTD(integer("expBias", 127), c)
	VPADDD(c, h, h)
	VPADDD(c, n, n)
	VPSLLD(Imm(23), h, h)
	VPSLLD(Imm(23), n, n)
	VMULPS(h, r, r)
	VMULPS(n, r, x)
}

// equal returns the mask of the lanes where the integers a and b are equal, in
// the form of [width.compare].
func (w width) equal(a, b reg.VecVirtual) reg.Register {
	var mask reg.Register = YMM()
	if w == wide {
		mask = K()
	}
	VPCMPEQD(a, b, mask)
	return mask
}

// zeroInteger sets x to zeros.
func (w width) zeroInteger(x reg.VecVirtual) {
	if w == wide {
		VPXORD(x, x, x)
		return
	}
	VPXOR(x, x, x)
}

// softmax follows kernel.SoftmaxCrossEntropy32 for the objects of one vector.
func softmax(w width) {
	name, objects := "softmax32", int(w)/4
	if w == wide {
		name = "softmax32wide"
	}
	p := begin(name, fmt.Sprintf("func(delta *float32, z *float32, row uintptr, labels *uint8, classes int, scale float32, sum *[%d]float32, own *[%d]float32)", objects, objects),
		fmt.Sprintf("does the columns of %d objects of SoftmaxCrossEntropy32; row is the stride in bytes.", objects), "delta", "z", "row", "labels", "sum", "own")
	delta, z, row, labels := p[0], p[1], p[2], p[3]
	n, q := GP64(), GP64()
	label := w.register()
	VPMOVZXBD(Mem{Base: labels}, label)

	top, v := w.register(), w.register()
	MOVQ(z, q)
	Load(Param("classes"), n)
	VMOVUPS(Mem{Base: q}, top)
	Label("max")
	VMOVUPS(Mem{Base: q}, v)
	VMAXPS(top, v, top) // v > top ? v : top
	ADDQ(row, q)
	DECQ(n)
	JNE(LabelRef("max"))

	sum, own, class, one := w.register(), w.register(), w.register(), w.register()
	VXORPS(sum, sum, sum)
	VXORPS(own, own, own)
	w.zeroInteger(class)
	VPBROADCASTD(integer("classStep", 1), one)
	MOVQ(delta, q)
	Load(Param("classes"), n)
	Label("exp")
	x := w.register()
	VMOVUPS(Mem{Base: z}, x)
	VSUBPS(top, x, x)
	if mask := w.equal(label, class); w == wide {
		VBLENDMPS(x, own, mask, own) // x in the lanes of the mask
	} else {
		VBLENDVPS(mask, x, own, own)
	}
	// The logits below the bound are replaced by 0, and their exponential too.
	least := w.register()
	VBROADCASTSS(constant("softmaxMin", -40), least)
	kept := w.compare(elements[0], notLess, x, least)
	w.keep(elements[0], x, kept, x)
	w.exp(x)
	w.keep(elements[0], x, kept, x)
	VMOVUPS(x, Mem{Base: q})
	VADDPS(x, sum, sum)
	VPADDD(one, class, class)
	ADDQ(row, z)
	ADDQ(row, q)
	DECQ(n)
	JNE(LabelRef("exp"))
	VMOVUPS(sum, Mem{Base: p[4]})
	VMOVUPS(own, Mem{Base: p[5]})

	scale, unit := w.register(), w.register()
	VBROADCASTSS(scalar("scale"), scale)
	VBROADCASTSS(constant("softmaxOne", 1), unit)
	w.zeroInteger(class)
	Load(Param("classes"), n)
	Label("loop")
	y, hot := w.register(), w.register()
	VMOVUPS(Mem{Base: delta}, y)
	VDIVPS(sum, y, y)
	w.keep(elements[0], unit, w.equal(label, class), hot)
	VSUBPS(hot, y, y)
	VMULPS(scale, y, y)
	VMOVUPS(y, Mem{Base: delta})
	VPADDD(one, class, class)
	ADDQ(row, delta)
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
