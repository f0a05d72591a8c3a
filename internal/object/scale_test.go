package object

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// network returns a network whose matrices are random ones times 2^k, the same for
// every k, and one object.
func network(t *testing.T, layers, k int) (*mlp.Network, *mlp.Data) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	n := &mlp.Network{Widths: []int{6}}
	for p := range layers {
		out := 5
		if p == layers-1 {
			out = 3
		}
		w := make([]float64, out*n.Widths[p])
		for i := range w {
			w[i] = math.Ldexp(math.Abs(r.NormFloat64()), k) // no unit is dead
		}
		n.Widths, n.Weights = append(n.Widths, out), append(n.Weights, w)
	}
	x := make([]float64, 6)
	for i := range x {
		x[i] = math.Abs(r.NormFloat64())
	}
	d, err := mlp.NewData(x, 6, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	return n, d
}

func homogeneous(t *testing.T, layers, k int) *Curvature {
	t.Helper()
	n, d := network(t, layers, k)
	return New(point(t, n, d), 0)
}

// TestTinyWeights: where the logits are too small to matter, H is R, and R is
// homogeneous of degree L − 2 in the weights.
func TestTinyWeights(t *testing.T) {
	for _, layers := range []int{2, 3, 8} {
		var want []float64
		for _, k := range []int{-20, -60, -110} {
			o := homogeneous(t, layers, k)
			least, largest, err := o.Hessian(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			frobenius, err := o.Frobenius()
			if err != nil {
				t.Fatal(err)
			}
			bound, err := o.HessianBound()
			if err != nil {
				t.Fatal(err)
			}
			got := []float64{least, largest, frobenius, bound}
			for i := range got {
				got[i] = math.Ldexp(got[i], -k*(layers-2))
			}
			if want == nil {
				want = got
			}
			for i := range got {
				if !(math.Abs(got[i]-want[i]) <= 1e-8*math.Abs(want[i])) || want[i] == 0 {
					t.Errorf("%d layers times 2^%d: λ_min, λ_max, ‖H‖_F and its bound are %v, want %v", layers, k, got, want)
					break
				}
			}
			if bound := max(-least, largest); bound > frobenius {
				t.Errorf("%d layers times 2^%d: ‖H‖₂ = %v exceeds ‖H‖_F = %v", layers, k, bound, frobenius)
			}
		}
	}
}

// TestHugeWeights: where the softmax is saturated G is zero, though J Jᵀ
// overflows; where the curvature itself overflows, the error says so.
func TestHugeWeights(t *testing.T) {
	o := homogeneous(t, 2, 330)
	values, err := o.GaussNewton()
	if err != nil || kernel.MaxAbs64(values) != 0 || o.Trace() != 0 {
		t.Errorf("G has the eigenvalues %v, %v, trace %v", values, err, o.Trace())
	}
	if _, largest, err := o.Hessian(t.Context()); err != nil || !(largest > 0) {
		t.Errorf("λ_max is %v, %v", largest, err)
	}
	bounds, err := o.Bounds(Constants{Layers: 2, LargestX: 3, LargestW: 0x1p332, Largest: 0x1p331, Width: 5, LayerNorm: []float64{0x1p332, 0x1p332}})
	if err != nil {
		t.Error(err)
	}
	for i, b := range bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) {
			t.Errorf("%s is %v", BoundNames[i], b)
		}
	}

	n, d := network(t, 5, 300)
	if _, err := curvature.NewPoint(t.Context(), n, d, 1); !errors.Is(err, eigen.ErrOverflow) {
		t.Errorf("5 layers times 2^300: error %v, want an overflow", err)
	}
}
