package detmath

import "math"

// Log returns the natural logarithm. Log(+Inf) = +Inf, Log(±0) = −Inf,
// Log(x < 0) = NaN, Log(NaN) = NaN.
func Log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f, k := reduce(x)
	return logSeries(f, k, 0)
}

// Log1p returns log(1+x), accurate for small x. Log1p(+Inf) = +Inf,
// Log1p(±0) = ±0, Log1p(−1) = −Inf, Log1p(x < −1) = NaN, Log1p(NaN) = NaN.
func Log1p(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < -1:
		return math.NaN()
	case x == -1:
		return math.Inf(-1)
	case math.Abs(x) < 0x1p-54:
		return x
	case x > math.Sqrt2/2-1 && x < math.Sqrt2-1:
		return logSeries(x, 0, 0) // no reduction: 1+x must not be rounded
	}
	u := 1 + x
	// What the sum lost, u + c = 1 + x; relative to u it is the correction
	// of the logarithm to first order.
	var c float64
	if x > 1 {
		c = 1 - (u - x)
	} else {
		c = x - (u - 1)
	}
	f, k := reduce(u)
	return logSeries(f, k, c/u)
}

// reduce returns f and k with x = 2ᵏ(1+f) and √½ ≤ 1+f < √2, exactly, for
// finite x > 0.
func reduce(x float64) (f, k float64) {
	bits := math.Float64bits(x)
	var e int64
	if bits < 1<<52 {
		bits = math.Float64bits(float64(x * 0x1p54))
		e = -54
	}
	const sqrtHalf = 0x3fe6a09e667f3bcd // bits of √½
	bits -= sqrtHalf
	e += int64(bits) >> 52
	bits = bits&(1<<52-1) + sqrtHalf
	return math.Float64frombits(bits) - 1, float64(e)
}

// logSeries is k·ln 2 + log(1+f) + c. With s = f/(2+f), log(1+f) =
// 2 artanh s = f − f²/2 + s(f²/2 + R), where R = Σ 2/(2j+1) s²ʲ; the Taylor
// series to j = 11 leaves out less than 2⁻⁶⁰.
func logSeries(f, k, c float64) float64 {
	s := f / (2 + f)
	z := float64(s * s)
	w := float64(z * z)
	odd := float64(z * (2.0/3 + float64(w*(2.0/7+float64(w*(2.0/11+float64(w*(2.0/15+float64(w*(2.0/19+float64(w*(2.0/23))))))))))))
	even := float64(w * (2.0/5 + float64(w*(2.0/9+float64(w*(2.0/13+float64(w*(2.0/17+float64(w*(2.0/21))))))))))
	half := float64(float64(0.5*f) * f)
	small := float64(s*(half+(odd+even))) + (float64(k*ln2Lo) + c)
	return float64(k*ln2Hi) - ((half - small) - f)
}
