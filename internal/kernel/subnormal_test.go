package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func subnormal(x float32) bool { return x != 0 && -0x1p-126 < x && x < 0x1p-126 }

// adamStep is Adam32 of one weight, every operation rounded by itself, and returns
// the results of all of them; the last three are w, m and v.
func adamStep(w, m, v, g float32, s AdamStep) []float32 {
	if math.Abs(float64(g)) < 0x1p-50 {
		g = 0
	}
	difference := g - m
	change := float32(difference * s.OneMinusBeta1)
	m += change
	sum := m
	if math.Abs(float64(m)) < 0x1p-56 {
		m = 0
	}
	decayed := float32(v * s.Beta2)
	weighted := float32(g * s.OneMinusBeta2)
	square := float32(weighted * g)
	v = decayed + square
	if v < 0x1p-120 {
		v = 0
	}
	root := float32(math.Sqrt(float64(v)))
	corrected := float32(root * s.InvSqrtCorrection2)
	denominator := corrected + s.Eps
	numerator := float32(m * s.StepSize)
	quotient := numerator / denominator
	return []float32{difference, change, sum, decayed, weighted, square, root, corrected, denominator, numerator, quotient, w - quotient, m, v}
}

// TestAdamHasNoSubnormals: no operation of Adam32 gives a subnormal number,
// whatever gradients came before: of all sizes, close to the moment, or 0 for
// thousands of steps.
func TestAdamHasNoSubnormals(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	const lanes = 8 + 5 // a vector and a tail
	for _, s := range []AdamStep{
		{0.1, 0.999, 0.001, 0.001, 1.7, 1e-8},
		{0.1, 0.9, 0.1, 0.01, 1, 1e-8},  // v falls to 0 too
		{1, 0.75, 0.25, 0.001, 1, 1e-8}, // β₁ = 0
		{0.5, 0, 1, 0.001, 1, 1e-8},     // β₂ = 0
		{0x1p-24, 0.999, 0x1p-24, 0.001, 1, 1e-8},
	} {
		w, m, v, g := uniform[float32](rng, lanes), make([]float32, lanes), make([]float32, lanes), make([]float32, lanes)
		var kind [lanes]int
		vanished := 0
		for step := range 20_000 {
			for i := range g {
				if rng.IntN(600) == 0 {
					kind[i] = rng.IntN(4)
				}
				switch kind[i] {
				case 0:
					g[i] = 0
				case 1: // g − m cancels
					g[i] = m[i] * (1 + float32(rng.IntN(3)-1)*0x1p-23)
				case 2:
					g[i] = float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(155)-150))
				case 3:
					g[i] = float32(rng.NormFloat64())
				}
			}
			before := [3][]float32{append([]float32(nil), w...), append([]float32(nil), m...), append([]float32(nil), v...)}
			Adam32(w, m, v, g, s)
			for i := range g {
				all := adamStep(before[0][i], before[1][i], before[2][i], g[i], s)
				for o, x := range all {
					if subnormal(x) {
						t.Fatalf("%+v, step %d: operation %d on w, m, v, g = %x, %x, %x, %x gives %x", s, step, o, before[0][i], before[1][i], before[2][i], g[i], x)
					}
				}
				same32(t, "w, m, v", []float32{w[i], m[i], v[i]}, all[len(all)-3:])
				if m[i] == 0 && before[1][i] != 0 {
					vanished++
				}
			}
		}
		if s.OneMinusBeta1 >= 0.1 && vanished < 20 {
			t.Errorf("%+v: a first moment became 0 only %d times", s, vanished)
		}
	}
}

// TestAdamKeepsNaN: a NaN in the gradient is not taken for a small number; it
// must reach the weight, where the training finds it.
func TestAdamKeepsNaN(t *testing.T) {
	nan := float32(math.NaN())
	g := []float32{nan, -nan, 1, nan, 0, nan, -nan, 2, nan, 1, -nan}
	w, m, v := make([]float32, len(g)), make([]float32, len(g)), make([]float32, len(g))
	Adam32(w, m, v, g, AdamStep{0.1, 0.999, 0.001, 0.001, 1.7, 1e-8})
	for i := range g {
		if (g[i] != g[i]) != (w[i] != w[i]) {
			t.Errorf("gradient %v makes weight %d %v", g[i], i, w[i])
		}
	}
}

// TestSoftmaxHasNoSubnormals: neither the exponentials nor delta are subnormal
// for logits of any size, and a NaN stays one.
func TestSoftmaxHasNoSubnormals(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 2))
	const classes, n = 10, 8*20 + 3
	logits, delta, labels := make([]float32, classes*n), make([]float32, classes*n), make([]uint8, n)
	for i := range logits {
		logits[i] = float32(rng.Float64() * 150)
	}
	for i := range labels {
		labels[i] = uint8(rng.IntN(classes))
	}
	logits[3], logits[n-1] = float32(math.NaN()), float32(math.NaN())
	SoftmaxCrossEntropy32(delta, logits, labels, classes, n, 0x1p-20)
	zeros := 0
	for i := range n {
		for c := range classes {
			x := delta[c*n+i]
			if subnormal(x) || x != 0 && math.Abs(float64(x)) < 0x1p-90 {
				t.Fatalf("object %d, class %d: delta is %x", i, c, x)
			}
			if x == 0 {
				zeros++
			}
			if nan := i == 3 || i == n-1; nan != (x != x) {
				t.Errorf("object %d, class %d: delta is %v", i, c, x)
			}
		}
	}
	if zeros < n {
		t.Errorf("only %d of %d elements of delta are 0", zeros, len(delta))
	}
}
