package detmath

import "math"

// Expm1 returns eˣ − 1, accurate for small x. Expm1(+Inf) = +Inf,
// Expm1(−Inf) = −1, Expm1(±0) = ±0, Expm1(NaN) = NaN.
func Expm1(x float64) float64 {
	switch {
	case x != x || math.Abs(x) < 0x1p-54:
		return x
	case x > 40:
		return Exp(x) - 1
	case x < -40:
		return -1
	case math.Abs(x) < math.Ln2/2:
		return x + expTail(x)
	}
	k := (float64(x*log2e) + roundTo) - roundTo
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	y := r + (((hi - r) - lo) + expTail(r)) // eʳ − 1
	p := pow2(int64(k))
	return float64(p*y) + (p - 1)
}

// Tanh returns the hyperbolic tangent. Tanh(±Inf) = ±1, Tanh(±0) = ±0,
// Tanh(NaN) = NaN.
func Tanh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x != x || a < 0x1p-28:
		return x
	case a > 22:
		return math.Copysign(1, x)
	}
	t := Expm1(float64(2 * a))
	y := 1 - 2/(t+2)
	if a < 0.5 {
		y = t / (t + 2)
	}
	return math.Copysign(y, x)
}

// Sigmoid returns 1/(1 + e⁻ˣ), accurate where it is small.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}
