package kernel

import "math"

// Squares and products of a few numbers within these bounds neither overflow
// nor lose bits to underflow.
const (
	minEntry, maxEntry   = 0x1p-400, 0x1p400
	minSquare, maxSquare = 0x1p-800, 0x1p1000
)

// InRange64 reports whether a sum of squares is one that over- and underflow
// have not touched. Zero is not in range, since it may come from underflow.
func InRange64(square float64) bool { return square >= minSquare && square <= maxSquare }

// MaxAbs64 is the largest |x[i]|, 0 for none, and NaN if there is one.
func MaxAbs64(x []float64) float64 {
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	return largest
}

// Balance64 returns the power of two that brings a largest |x[i]| of that size
// near 1, or 1 where none is needed: for sizes from 2⁻⁴⁰⁰ to 2⁴⁰⁰, and for zero,
// infinity and NaN, which no factor mends. Multiplying by it and dividing again
// changes no bit, except of entries that are smaller by 2⁵⁰⁰.
func Balance64(largest float64) float64 {
	if largest == 0 || largest >= minEntry && largest <= maxEntry || math.IsInf(largest, 0) || math.IsNaN(largest) {
		return 1
	}
	_, e := math.Frexp(largest)
	return math.Ldexp(1, min(max(-e, -1000), 1000))
}

// Norm64 returns ‖x‖₂, whatever the size of the entries.
func Norm64(x []float64) float64 {
	square := Dot64(x, x)
	if InRange64(square) {
		return math.Sqrt(square)
	}
	c := Balance64(MaxAbs64(x))
	if c == 1 {
		return math.Sqrt(square)
	}
	y := append([]float64(nil), x...)
	Scale64(y, c)
	return math.Sqrt(Dot64(y, y)) / c
}

// Normalise64 scales x to unit length and returns the length it had; zero stays
// zero.
func Normalise64(x []float64) float64 {
	norm := Norm64(x)
	if norm == 0 {
		return 0
	}
	if norm < minEntry || norm > maxEntry {
		Scale64(x, Balance64(MaxAbs64(x)))
		Scale64(x, 1/Norm64(x))
		return norm
	}
	Scale64(x, 1/norm)
	return norm
}
