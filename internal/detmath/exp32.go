package detmath

import "math"

const (
	ln2Hi32   float32 = 0x1.62e4p-1
	ln2Lo32   float32 = 0x1.7f7d1cp-20
	log2e32   float32 = 0x1.715476p+0
	expMax32  float32 = 89   // clamped here, the result overflows to +Inf
	expMin32  float32 = -104 // clamped here, the result rounds to 0
	roundTo32 float32 = 0x1.8p23
)

// Exp32 returns eˣ in float32 arithmetic, with gradual underflow; NaN stays
// NaN. The vector code of the training step does these operations in this
// order, so any change here changes both.
func Exp32(x float32) float32 {
	if x > expMax32 {
		x = expMax32
	}
	if x < expMin32 {
		x = expMin32
	}
	if x != x {
		return x // before the conversion to an integer below
	}
	k := (float32(x*log2e32) + roundTo32) - roundTo32
	r := (x - float32(k*ln2Hi32)) - float32(k*ln2Lo32)
	q := float32(1.0 / 720.0)
	q = float32(q + float32(r*float32(1.0/5040.0)))
	q = float32(float32(q*r) + float32(1.0/120.0))
	q = float32(float32(q*r) + float32(1.0/24.0))
	q = float32(float32(q*r) + float32(1.0/6.0))
	q = float32(float32(q*r) + 0.5)
	y := 1 + (r + float32(float32(q*r)*r))
	n := int32(k)
	h := n >> 1
	return float32(float32(y*pow2of32(h)) * pow2of32(n-h))
}

// pow2of32 returns 2ⁿ for −126 ≤ n ≤ 127.
func pow2of32(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }
