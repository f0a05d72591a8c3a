// Package detmath holds exponential, logarithm and the functions made of them
// that networks need, with the same bits on every platform, compiler level and build mode.
//
// Go's math.Exp, Log, Log1p and Pow are not such functions: they have
// assembly on some targets, use fused instructions where the CPU has them,
// and are fused by the compiler on others. Here every product that is added
// to something is rounded explicitly (the conversion forbids fusing), no
// fused operation is used at all, and the polynomials are the plain Taylor
// series with correctly rounded coefficients, long enough that truncation is
// far below the rounding error. Errors of exponential and logarithm stay below
// 1 ulp in float64 and below 1.5 ulp in float32, those of the others below 4 ulp,
// checked against math/big in the tests.
package detmath

import "math"

// ln 2 in two parts: the high one has 21 trailing zero bits, so that k·ln2Hi
// is exact for every exponent k.
const (
	ln2Hi   = 0x1.62e42feep-1
	ln2Lo   = 0x1.a39ef35793c76p-33
	log2e   = 0x1.71547652b82fep+0
	expMax  = 0x1.62e42fefa39efp+9  // above: +Inf
	expMin  = -0x1.74910d52d3052p+9 // below: less than half the least subnormal
	roundTo = 0x1.8p52              // adding and subtracting rounds to an integer
)

// Exp returns eˣ, with gradual underflow. Exp(+Inf) = +Inf, Exp(−Inf) = 0,
// Exp(NaN) = NaN.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > expMax:
		return math.Inf(1)
	case x < expMin:
		return 0
	}
	// Cody–Waite reduction: x = k·ln 2 + r, |r| ≤ ½ ln 2, r = hi − lo.
	k := (float64(x*log2e) + roundTo) - roundTo
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	rest := (hi - r) - lo
	y := 1 + (r + (rest + expTail(r)))
	// Two factors, since 2ᵏ itself may be subnormal or overflow.
	n := int64(k)
	h := n >> 1
	return float64(float64(y*pow2(h)) * pow2(n-h))
}

// expTail is eʳ − 1 − r by its Taylor series to r¹³, |r| ≤ ½ ln 2: the first
// term left out is below 2⁻⁵⁷.
func expTail(r float64) float64 {
	r2 := float64(r * r)
	r4 := float64(r2 * r2)
	r8 := float64(r4 * r4)
	a := (1.0/2 + float64(r*(1.0/6))) + float64(r2*(1.0/24+float64(r*(1.0/120))))
	b := (1.0/720 + float64(r*(1.0/5040))) + float64(r2*(1.0/40320+float64(r*(1.0/362880))))
	c := (1.0/3628800 + float64(r*(1.0/39916800))) + float64(r2*(1.0/479001600+float64(r*(1.0/6227020800))))
	return float64(r2 * ((a + float64(r4*b)) + float64(r8*c)))
}

// pow2 returns 2ⁿ for −1022 ≤ n ≤ 1023.
func pow2(n int64) float64 { return math.Float64frombits(uint64(n+1023) << 52) }
