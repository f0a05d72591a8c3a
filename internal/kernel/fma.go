package kernel

import "math"

// fma32 returns a·b + c rounded once to float32, the value that one hardware
// fused multiply-add gives. The product of two float32 is exact in float64;
// the sum is rounded to odd (TwoSum's error decides the last bit), after
// which the second rounding, to float32, cannot go wrong.
func fma32(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b))
	d := float64(c)
	s := p + d
	t := s - p
	e := (p - (s - t)) + (d - t)
	if e != 0 {
		bits := math.Float64bits(s)
		// A nudge of an infinite or NaN sum would make a number of it (and
		// e is NaN there, so this branch is reached).
		if bits&1 == 0 && bits&(0x7ff<<52) != 0x7ff<<52 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}

// fma64 is one fused multiply-add in float64, exact on every platform.
func fma64(a, b, c float64) float64 { return math.FMA(a, b, c) }
