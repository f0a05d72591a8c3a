package curvature

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

func goldenSpectrum(t *testing.T) (curvaturetest.Spectrum, *Point) {
	t.Helper()
	g, network, data := curvaturetest.ReadSpectrum(t)
	return g, point(t, network, data)
}

// TestGoldenSpectrum: Lanczos has to find the ends.
func TestGoldenSpectrum(t *testing.T) {
	g, pt := goldenSpectrum(t)
	n := pt.Network.Parameters()
	agree(t, "mean loss", []float64{pt.MeanLoss(10_000)}, []float64{g.MeanLoss}, 1e-12)
	gradient, err := pt.Gradient(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	norm := 0.0
	for _, x := range gradient {
		norm += x * x
	}
	agree(t, "gradient norm", []float64{math.Sqrt(norm)}, []float64{g.Gradient}, 1e-11)
	traces, err := pt.LayerTraces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "trace by batch", []float64{kernel.Sum64(traces)}, []float64{g.Trace}, 1e-12)

	r := rand.New(rand.NewPCG(1, 1))
	normals := func(int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		return v
	}
	for term, want := range map[Term][]float64{Hessian: g.H, GaussNewton: g.G} {
		op, err := pt.Operator(term, nil)
		if err != nil {
			t.Fatal(err)
		}
		bottom := 20
		if term == GaussNewton {
			bottom = 0 // its null space is known
		}
		result, err := eigen.Lanczos(t.Context(), op, eigen.Search{
			Top: 20, Bottom: bottom, Tolerance: 1e-10, Floor: 1e-13, Workers: 2, Start: normals(0), Restart: normals, Rounding: 1e-13,
		})
		if err != nil {
			t.Fatal(err)
		}
		if !result.Converged {
			t.Fatalf("%v: not converged after %d products", term, result.Products)
		}
		t.Logf("%v: %d products, largest residual %.2g, block %.2g", term, result.Products, result.Top[19].Residual, result.Block)
		for i, p := range result.Top {
			exact := want[n-1-i]
			if math.Abs(p.Value-exact) > 1e-9*math.Abs(exact) {
				t.Errorf("%v: top %d is %v, want %v", term, i, p.Value, exact)
			}
			if math.Abs(p.Value-exact) > p.Residual+result.Rounding+1e-12*want[n-1] {
				t.Errorf("%v: top %d is %v ± %g, exact %v: the certificate does not hold", term, i, p.Value, p.Residual, exact)
			}
		}
		for i, p := range result.Bottom {
			if math.Abs(p.Value-want[i]) > 1e-9*math.Abs(want[i]) {
				t.Errorf("%v: bottom %d is %v, want %v", term, i, p.Value, want[i])
			}
		}
		if term == GaussNewton {
			pairs, err := eigen.Certify(t.Context(), op, pt.NullDirections(20), 2)
			if err != nil || len(pairs) != 20 {
				t.Fatalf("%d null directions, %v: want 20", len(pairs), err)
			}
			for i, p := range pairs {
				if math.Abs(p.Value-want[i]) > 1e-12*want[n-1] || p.Residual > 1e-12*want[n-1] {
					t.Errorf("G: bottom %d is %v ± %g, want %v", i, p.Value, p.Residual, want[i])
				}
			}
		}
	}
}

// TestDenseLeavesOutZeros: the matrix has the bits of the products with all unit
// directions, although those of a dead unit are left out.
func TestDenseLeavesOutZeros(t *testing.T) {
	inputs := curvaturetest.Inputs(t, 40, 9, 5, 4, 3)
	network, data, err := mlp.Decode(inputs, 0)
	if err != nil {
		t.Fatal(err)
	}
	for j := range 9 { // unit 1 of the first hidden layer is never active
		network.Weights[0][9+j] = -1
	}
	pt, err := NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, term := range []Term{Hessian, GaussNewton, HTerm} {
		op, err := pt.Operator(term, nil)
		if err != nil {
			t.Fatal(err)
		}
		products := 0
		matrix, err := op.Dense(t.Context(), func(_, total int) { products = total })
		if err != nil {
			t.Fatal(err)
		}
		want := denseMatrix(t, op, 1)
		eigen.Symmetrise(want, op.Dim())
		if !slices.Equal(matrix, want) {
			t.Errorf("%v: the matrix differs from that of all products", term)
		}
		// The nine weights of one unit, and the four behind it.
		if most := op.Dim() - 9 - 4; products > most {
			t.Errorf("%v: %d products for %d weights, want at most %d", term, products, op.Dim(), most)
		}
	}
}
