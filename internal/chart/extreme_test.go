package chart

import (
	"math"
	"testing"
)

// TestDecadeOfExtremes: outside of the normal numbers there is a decade
// nevertheless, that of the nearest.
func TestDecadeOfExtremes(t *testing.T) {
	for v, want := range map[float64]int{
		0: -307, math.SmallestNonzeroFloat64: -307, -1: -307, 1e-307: -307, 9.99e-307: -307, 1e-306: -306,
		1: 0, 9.999999999999998: 0, 10: 1, math.MaxFloat64: 308, math.Inf(1): 308, math.Inf(-1): -307,
	} {
		if got := Decade(v); got != want {
			t.Errorf("Decade(%v) is %d, want %d", v, got, want)
		}
	}
}

// TestAxesOfExtremes: axes of no width, of nothing but zero and of infinite
// values have finite places in order, and a few ticks.
func TestAxesOfExtremes(t *testing.T) {
	inf := math.Inf(1)
	for name, a := range map[string]Axis{
		"linear 0 to 0": LinearAxis("", 0, 0), "linear 5 to 5": LinearAxis("", 5, 5), "linear 0 to ∞": LinearAxis("", 0, inf),
		"linear −∞ to ∞": LinearAxis("", -inf, inf), "linear 1e300": LinearAxis("", 1e300, 1e300), "linear 1e-320": LinearAxis("", 0, 1e-320),
		"linear largest": LinearAxis("", -math.MaxFloat64, math.MaxFloat64),
		"log 0 to 0":     LogAxis("", 0, 0), "log 0 to ∞": LogAxis("", 0, inf), "log ∞": LogAxis("", inf, inf), "log 1 to 1": LogAxis("", 1, 1),
	} {
		a.from, a.to = 10, 200
		low, high := a.At(a.Low), a.At(a.High)
		if !(low == 10 && math.Abs(high-200) < 1e-9) {
			t.Errorf("%s goes from %v at %v to %v at %v", name, a.Low, low, a.High, high)
		}
		ticks := a.Ticks()
		if len(ticks) < 2 || len(ticks) > 700 {
			t.Errorf("%s has %d ticks", name, len(ticks))
		}
		last := math.Inf(-1)
		for _, tick := range ticks {
			at := a.At(tick.Value)
			if !(at >= 10-1e-6 && at <= 200+1e-6 && at > last) {
				t.Errorf("%s: tick %v is at %v, the one before at %v", name, tick.Value, at, last)
			}
			last = at
		}
	}
}
