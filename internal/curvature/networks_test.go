package curvature

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// spectrumOf forms the matrix of a term, in single directions and in blocks, and
// returns it with its eigenvalues.
func spectrumOf(t *testing.T, pt *Point, term Term) (matrix, values []float64) {
	t.Helper()
	op, err := pt.Operator(term, nil)
	if err != nil {
		t.Fatal(err)
	}
	matrix = denseMatrix(t, op, 1)
	for i, x := range denseMatrix(t, op, 7) {
		if math.Float64bits(x) != math.Float64bits(matrix[i]) {
			t.Fatalf("%v in blocks of 7: entry %d is %v, alone %v", term, i, x, matrix[i])
		}
	}
	values, _, err = eigen.Symmetric(append([]float64(nil), matrix...), op.Dim(), false, 1)
	if err != nil {
		t.Fatal(err)
	}
	return matrix, values
}

func sum(values []float64) (total float64) {
	for _, x := range values {
		total += x
	}
	return total
}

// TestNetworks compares everything about the mean loss with the golden networks of
// each activation and loss, with and without biases.
func TestNetworks(t *testing.T) {
	curvaturetest.EachNetwork(t, func(t *testing.T, g curvaturetest.GoldenNetwork, n *mlp.Network, d *mlp.Data) {
		pt := point(t, n, d)
		agree(t, "losses", pt.Losses, g.Losses, 1e-12)
		agree(t, "mean loss", []float64{pt.MeanLoss(d.Objects)}, []float64{g.MeanLoss}, 1e-13)
		gradient, err := pt.Gradient(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, "gradient", gradient, g.Gradient, 1e-11)
		h, values := spectrumOf(t, pt, Hessian)
		agree(t, "eigenvalues of H", values, g.H, 1e-12)
		gn, values := spectrumOf(t, pt, GaussNewton)
		agree(t, "eigenvalues of G", values, g.G, 1e-12)
		r, _ := spectrumOf(t, pt, HTerm)
		kernel.Axpy64(gn, 1, r)
		agree(t, "G + R", gn, h, 1e-12)

		diagonal, err := pt.Diagonal(t.Context(), Hessian)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, "diagonal of H", diagonal, g.DiagonalH, 1e-12)
		if diagonal, err = pt.Diagonal(t.Context(), GaussNewton); err != nil {
			t.Fatal(err)
		}
		agree(t, "diagonal of G", diagonal, g.DiagonalG, 1e-12)
		ofG, err := pt.LayerTraces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ofR, err := pt.HTermTraces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for p := range n.Layers() {
			want := sum(g.DiagonalH[n.Offset(p):n.Offset(p+1)])
			if got := ofG[p] + ofR[p]; math.Abs(got-want) > 1e-11*g.Norm() {
				t.Errorf("trace of layer %d is %v, want %v", p, got, want)
			}
		}
		op, err := pt.Operator(HTerm, nil)
		if err != nil {
			t.Fatal(err)
		}
		estimates, variance, err := op.EstimateTraces(t.Context(), 200, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Five standard errors; the exact trace of zero has none.
		if off := math.Abs(sum(estimates) - sum(ofR)); off > 5*math.Sqrt(variance)+1e-12*g.Norm() {
			t.Errorf("the trace of R is %v, estimated as %v ± %v", sum(ofR), sum(estimates), math.Sqrt(variance))
		}
		gram, err := pt.Gram(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		values, _, err = eigen.Symmetric(gram, d.Objects*n.Classes(), false, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			if got, want := values[len(values)-1-i], g.G[len(g.G)-1-i]; math.Abs(got-want) > 1e-11*g.Norm() {
				t.Errorf("value %d of the Gram matrix is %v, want %v", i, got, want)
			}
		}
		if op, err = pt.Operator(GaussNewton, nil); err != nil {
			t.Fatal(err)
		}
		vectors := pt.NullDirections(1000)
		if len(vectors) < pt.Null().Guaranteed {
			t.Errorf("%d null directions, %d are guaranteed", len(vectors), pt.Null().Guaranteed)
		}
		for i, v := range vectors {
			image := make([]float64, op.Dim())
			if err := op.Apply(t.Context(), image, v, 1); err != nil {
				t.Fatal(err)
			}
			if norm := kernel.Norm64(image); norm > 1e-12*g.Norm() {
				t.Errorf("null direction %d has an image of length %v", i, norm)
			}
		}
		alongDirections(t, pt, h)
	})
}

// alongDirections compares forms, projections and losses in a plane with the
// matrix of H and with differences.
func alongDirections(t *testing.T, pt *Point, h []float64) {
	t.Helper()
	const m = 3
	dim, k := pt.Network.Parameters(), pt.Data.Objects
	u := randomDirections(rand.New(rand.NewPCG(3, 4)), m, dim)
	half, want := make([]float64, dim*m), make([]float64, m*m)
	kernel.MulNT64(half, h, u, dim, m, dim, false)
	kernel.MulNN64(want, u, half, m, m, dim, false)
	projected, err := pt.Project(t.Context(), u, m)
	if err != nil {
		t.Fatal(err)
	}
	mean := make([]float64, m*m)
	for i, x := range projected.B {
		mean[i%(m*m)] += x / float64(k)
	}
	agree(t, "mean of B", mean, want, 1e-11)
	forms, err := pt.Forms(t.Context(), u, m)
	if err != nil {
		t.Fatal(err)
	}
	for d := range m {
		agree(t, "bending along a direction", []float64{sum(forms[d].Hessian) / float64(k)}, []float64{want[d*m+d]}, 1e-11)
		slopes := make([]float64, k)
		for i := range slopes {
			slopes[i] = projected.C[i*m+d]
		}
		agree(t, "slopes along a direction", forms[d].Gradient, slopes, 1e-11)
	}
	plane, err := pt.Plane(t.Context(), u[:dim])
	if err != nil {
		t.Fatal(err)
	}
	at := func(x float64) []float64 {
		losses, err := plane.Losses(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return losses
	}
	agree(t, "losses in a plane", at(0), pt.Losses, 1e-12)
	const step = 1e-6
	up, down := at(step), at(-step)
	slopes := make([]float64, k)
	for i := range slopes {
		slopes[i] = (up[i] - down[i]) / (2 * step)
	}
	agree(t, "differences of losses", slopes, forms[0].Gradient, 1e-5)
}
