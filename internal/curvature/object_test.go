package curvature

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
)

// TestGoldenObjects compares the exact values of single objects with the
// golden files and with the dense matrices of their own operators.
func TestGoldenObjects(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		t.Run(name, func(t *testing.T) {
			g, pt := readGolden(t, name)
			n := len(g.Labels)
			norms, ggn := make([]float64, n), make([]float64, n)
			trace := 0.0
			for i := range n {
				o := pt.Object(i)
				values, err := o.GaussNewton()
				if err != nil {
					t.Fatal(err)
				}
				ggn[i] = values[len(values)-1]
				least, largest, err := o.Hessian(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				norms[i] = max(-least, largest)
				trace += o.Trace() / float64(n)

				c := make([]float64, n)
				c[i] = 1
				op, err := pt.Operator(Hessian, c)
				if err != nil {
					t.Fatal(err)
				}
				dense := denseMatrix(t, op, 16)
				frobenius := 0.0
				for _, x := range dense {
					frobenius += x * x
				}
				agree(t, "squared Frobenius norm", []float64{o.SquaredFrobenius(), 1}, []float64{frobenius, 1}, 1e-12)
				exact, _, err := eigen.Symmetric(dense, op.Dim(), false, 1)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, "ends of the spectrum", []float64{least, largest, 1e-9}, []float64{exact[0], exact[len(exact)-1], 1e-9}, 1e-10)
			}
			perObject(t, "‖H_i‖", norms, g.ObjectNorm)
			perObject(t, "‖G_i‖", ggn, g.ObjectGGNNorm)
			agree(t, "trace", []float64{trace}, []float64{g.TraceHessian}, 1e-12)
		})
	}
}

// perObject is the criterion: |Δ| ≤ 1e-9·max(|ref|, 1e-9·row maximum).
func perObject(t *testing.T, what string, got, want []float64) {
	t.Helper()
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i := range want {
		if limit := 1e-9 * max(math.Abs(want[i]), 1e-9*largest); !(math.Abs(got[i]-want[i]) <= limit) {
			t.Errorf("%s of object %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
