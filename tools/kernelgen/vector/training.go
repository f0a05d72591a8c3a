package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// notLess is the unordered, quiet comparison !(a < b): true for NaN.
const notLess = 0x15

// adam follows kernel.Adam32 operation by operation.
func adam() {
	p := begin("adam32", "func(w *float32, m *float32, v *float32, grad *float32, s *[6]float32, vectors int)",
		"is one step of Adam32, for at least one vector.", "w", "m", "v", "grad", "s", "vectors")
	// The fields of Adam in order.
	field := make([]reg.VecVirtual, 6)
	for i := range field {
		field[i] = YMM()
		VBROADCASTSS(Mem{Base: p[4], Disp: 4 * i}, field[i])
	}
	oneMinusBeta1, beta2, oneMinusBeta2, step, correction, eps := field[0], field[1], field[2], field[3], field[4], field[5]
	magnitude, minGradient, minMoment1, minMoment2 := YMM(), YMM(), YMM(), YMM()
	VBROADCASTSS(integer("adamMagnitude", 0x7fffffff), magnitude)
	VBROADCASTSS(constant("adamMinGradient", 0x1p-50), minGradient)
	VBROADCASTSS(constant("adamMinMoment1", 0x1p-56), minMoment1)
	VBROADCASTSS(constant("adamMinMoment2", 0x1p-120), minMoment2)
	Label("loop")
	g, m, v, d, q := YMM(), YMM(), YMM(), YMM(), YMM()
	// zeroBelow makes x +0 where its magnitude is below least.
	zeroBelow := func(x, least reg.VecVirtual) {
		VANDPS(magnitude, x, q)
		VCMPPS(Imm(notLess), least, q, q)
		VANDPS(q, x, x)
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
	VCMPPS(Imm(notLess), minMoment2, v, q)
	VANDPS(q, v, v)
	VMOVUPS(v, Mem{Base: p[2]})
	VSQRTPS(v, v)
	VMULPS(correction, v, v)
	VADDPS(eps, v, v)
	VMULPS(step, m, m)
	VDIVPS(v, m, m)
	w := YMM()
	VMOVUPS(Mem{Base: p[0]}, w)
	VSUBPS(m, w, w)
	VMOVUPS(w, Mem{Base: p[0]})
	advance(32, p[0], p[1], p[2], p[3])
	end(p[5])
}

// constant places a float32 in the read-only data.
func constant(name string, value float32) Mem {
	return ConstData(name, U32(math.Float32bits(value)))
}

func integer(name string, value uint32) Mem { return ConstData(name, U32(value)) }

// exp emits detmath.Exp32 of x in place, operation by operation. The clamps
// keep NaN: the instruction returns its second source where one is NaN.
func exp(x reg.VecVirtual) {
	c, k, r, q := YMM(), YMM(), YMM(), YMM()
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
	n, h := YMM(), YMM()
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

// softmax follows kernel.SoftmaxCrossEntropy32 for eight objects.
func softmax() {
	p := begin("softmax32", "func(delta *float32, z *float32, row uintptr, labels *uint8, classes int, scale float32, sum *[8]float32, own *[8]float32)",
		"does the columns of 8 objects of SoftmaxCrossEntropy32; row is the stride in bytes.", "delta", "z", "row", "labels", "sum", "own")
	delta, z, row, labels := p[0], p[1], p[2], p[3]
	n, q := GP64(), GP64()
	label := YMM()
	VPMOVZXBD(Mem{Base: labels}, label)

	top, v := YMM(), YMM()
	MOVQ(z, q)
	Load(Param("classes"), n)
	VMOVUPS(Mem{Base: q}, top)
	Label("max")
	VMOVUPS(Mem{Base: q}, v)
	VMAXPS(top, v, top) // v > top ? v : top
	ADDQ(row, q)
	DECQ(n)
	JNE(LabelRef("max"))

	sum, own, class, mask, one := YMM(), YMM(), YMM(), YMM(), YMM()
	VXORPS(sum, sum, sum)
	VXORPS(own, own, own)
	VPXOR(class, class, class)
	VPBROADCASTD(integer("classStep", 1), one)
	MOVQ(delta, q)
	Load(Param("classes"), n)
	Label("exp")
	x := YMM()
	VMOVUPS(Mem{Base: z}, x)
	VSUBPS(top, x, x)
	VPCMPEQD(label, class, mask)
	VBLENDVPS(mask, x, own, own)
	// The logits below the bound are replaced by 0, and their exponential too.
	VBROADCASTSS(constant("softmaxMin", -40), mask)
	VCMPPS(Imm(notLess), mask, x, mask)
	VANDPS(mask, x, x)
	exp(x)
	VANDPS(mask, x, x)
	VMOVUPS(x, Mem{Base: q})
	VADDPS(x, sum, sum)
	VPADDD(one, class, class)
	ADDQ(row, z)
	ADDQ(row, q)
	DECQ(n)
	JNE(LabelRef("exp"))
	VMOVUPS(sum, Mem{Base: p[4]})
	VMOVUPS(own, Mem{Base: p[5]})

	scale, unit := YMM(), YMM()
	VBROADCASTSS(scalar("scale"), scale)
	VBROADCASTSS(constant("softmaxOne", 1), unit)
	VPXOR(class, class, class)
	Load(Param("classes"), n)
	Label("loop")
	y, hot := YMM(), YMM()
	VMOVUPS(Mem{Base: delta}, y)
	VDIVPS(sum, y, y)
	VPCMPEQD(label, class, hot)
	VANDPS(unit, hot, hot)
	VSUBPS(hot, y, y)
	VMULPS(scale, y, y)
	VMOVUPS(y, Mem{Base: delta})
	VPADDD(one, class, class)
	ADDQ(row, delta)
	end(n)
}
