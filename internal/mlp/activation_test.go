package mlp

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestActivations: names go both ways, values are what their definitions say, and
// the derivatives those of the values.
func TestActivations(t *testing.T) {
	at := map[Activation]func(z float64) float64{
		ReLU: func(z float64) float64 { return max(z, 0) }, LeakyReLU: func(z float64) float64 { return max(z, 0.01*z) },
		Tanh: math.Tanh, Sigmoid: func(z float64) float64 { return 1 / (1 + math.Exp(-z)) },
		GELU: func(z float64) float64 { return z * math.Erfc(-z/math.Sqrt2) / 2 },
		GELUTanh: func(z float64) float64 {
			return z / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(z+0.044715*z*z*z)))
		},
		SiLU: func(z float64) float64 { return z / (1 + math.Exp(-z)) },
		SELU: func(z float64) float64 {
			const scale, alpha = 1.0507009873554805, 1.6732632423543772
			if z > 0 {
				return scale * z
			}
			return scale * alpha * math.Expm1(z)
		},
		ELU: func(z float64) float64 {
			if z > 0 {
				return z
			}
			return math.Expm1(z)
		},
		Softplus: func(z float64) float64 { return math.Log1p(math.Exp(z)) }, Identity: func(z float64) float64 { return z },
	}
	for i, name := range ActivationNames() {
		a, err := ParseActivation(name)
		if err != nil || a != Activation(i) || a.String() != name {
			t.Fatalf("%s is activation %d, %v", name, a, err)
		}
		for _, z := range []float64{-30, -8.3, -2.1, -0.7, -1e-3, 1e-3, 0.4, 1.9, 7, 25} {
			value, first, second := a.At(z)
			if want := at[a](z); math.Abs(value-want) > 1e-14*(1+math.Abs(want)) {
				t.Errorf("%s of %v is %v, want %v", name, z, value, want)
			}
			const step = 1e-4
			left, slopeLeft, _ := a.At(z - step)
			right, slopeRight, _ := a.At(z + step)
			if d := (right - left) / (2 * step); math.Abs(first-d) > 1e-7 {
				t.Errorf("%s: the derivative at %v is %v, the difference %v", name, z, first, d)
			}
			if d := (slopeRight - slopeLeft) / (2 * step); math.Abs(second-d) > 1e-7 {
				t.Errorf("%s: the second derivative at %v is %v, the difference %v", name, z, second, d)
			}
			if a.PiecewiseLinear() && second != 0 {
				t.Errorf("%s: the second derivative at %v is %v", name, z, second)
			}
		}
	}
}

// TestLosses: the gradient is that of the value, A that of the gradient, for each
// loss, and large outputs lose no digits.
func TestLosses(t *testing.T) {
	z, targets := []float64{0.3, -1.2, 2.5}, []float64{0.2, 1, 0.7}
	for _, l := range []Loss{{}, {Smoothing: 0.1}, {Kind: MSE}, {Kind: BCE}} {
		r, a := make([]float64, 3), make([]float64, 3)
		loss, top := l.At(z, 1, targets, r, a)
		if top != 2 || l.Value(z, 1, targets) != loss {
			t.Errorf("%+v: output %d is the largest, value %v and %v", l, top, l.Value(z, 1, targets), loss)
		}
		for c := range z {
			const step = 1e-5
			moved := func(by float64) (float64, []float64) {
				w, r := append([]float64(nil), z...), make([]float64, 3)
				w[c] += by
				value, _ := l.At(w, 1, targets, r, make([]float64, 3))
				return value, r
			}
			up, upR := moved(step)
			down, downR := moved(-step)
			if d := (up - down) / (2 * step); math.Abs(d-r[c]) > 1e-9 {
				t.Errorf("%+v: derivative %d is %v, the difference %v", l, c, r[c], d)
			}
			for e := range z {
				want := 0.0
				if c == e {
					want = a[c]
				}
				if !l.Separable() {
					want -= a[c] * a[e]
				}
				if d := (upR[e] - downR[e]) / (2 * step); math.Abs(d-want) > 1e-9 {
					t.Errorf("%+v: A[%d, %d] is %v, the difference %v", l, c, e, want, d)
				}
			}
		}
	}
	r, a := make([]float64, 1), make([]float64, 1)
	loss, _ := Loss{Kind: BCE}.At([]float64{-800}, 0, []float64{1}, r, a)
	if diff := cmp.Diff([]float64{800, -1, 0}, []float64{loss, r[0], a[0]}); diff != "" {
		t.Errorf("a confident mistake (-want +got):\n%s", diff)
	}
	if loss, _ = (Loss{Kind: BCE}).At([]float64{40}, 0, []float64{1}, r, a); math.Abs(loss-math.Exp(-40)) > 1e-30 || math.Abs(r[0]+math.Exp(-40)) > 1e-30 {
		t.Errorf("a confident output: loss %v, derivative %v, want ±e^-40", loss, r[0])
	}
}
