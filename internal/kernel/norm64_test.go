package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestNorm64: the norm of a vector times 2^k is that of the vector times 2^k, bit
// by bit, also where squares over- or underflow; of ordinary entries it is the
// root of Dot64.
func TestNorm64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 40; n++ {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		want := math.Sqrt(Dot64(x, x))
		for _, k := range []int{0, -300, -500, -600, -900, 450, 600, 1000} {
			y := make([]float64, n)
			for i := range y {
				y[i] = math.Ldexp(x[i], k)
			}
			if got := Norm64(y); got != math.Ldexp(want, k) {
				t.Errorf("‖x·2^%d‖ = %v, want %v", k, got, math.Ldexp(want, k))
			}
			if length := Normalise64(y); length != math.Ldexp(want, k) || math.Abs(Norm64(y)-1) > 1e-15 {
				t.Errorf("normalised, x·2^%d has length %v, and had %v", k, Norm64(y), length)
			}
		}
	}
	tiny := []float64{0x1p-1074, 0, -0x1p-1074}
	if Normalise64(tiny); math.Abs(Norm64(tiny)-1) > 1e-15 {
		t.Errorf("the smallest numbers, normalised: %v", tiny)
	}
	for _, x := range [][]float64{nil, {0, 0}} {
		if Norm64(x) != 0 || Normalise64(x) != 0 {
			t.Errorf("‖%v‖ = %v", x, Norm64(x))
		}
	}
	if got := Norm64([]float64{1, math.Inf(-1)}); !math.IsInf(got, 1) {
		t.Errorf("the norm of an infinite vector is %v", got)
	}
	if got := Norm64([]float64{1, math.NaN()}); !math.IsNaN(got) {
		t.Errorf("the norm of NaN is %v", got)
	}
}
