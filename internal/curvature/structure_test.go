package curvature

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// TestGram: the Gram matrix of the factors has G's non-zero spectrum.
func TestGram(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		gram, err := pt.Gram(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		size := pt.Data.Objects * pt.Network.Classes()
		got, _, err := eigen.Symmetric(gram, size, false, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := eigen.Symmetric(flatten(g.GGN), pt.Network.Parameters(), false, 1)
		if err != nil {
			t.Fatal(err)
		}
		for len(got) < len(want) {
			got = append([]float64{0}, got...)
		}
		for len(want) < len(got) {
			want = append([]float64{0}, want...)
		}
		agree(t, name+": spectrum of G", got, want, 1e-12)
	}
}

// TestClassMeans: with one object of each class the means are the factors
// themselves, so they explain all of G.
func TestClassMeans(t *testing.T) {
	_, all := readGolden(t, "small")
	classes := all.Network.Classes()
	var values []float64
	var labels []int
	seen := make([]bool, classes)
	x := make([]float64, all.Data.Width)
	for i, y := range all.Data.Labels {
		if !seen[y] {
			seen[y] = true
			all.Data.Row(i, x)
			values, labels = append(values, x...), append(labels, y)
		}
	}
	data, err := mlp.NewData(values, all.Data.Width, labels)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), all.Network, data, 2)
	if err != nil {
		t.Fatal(err)
	}
	means, err := pt.ClassMeans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	op, err := pt.Operator(GaussNewton, nil)
	if err != nil {
		t.Fatal(err)
	}
	exact, rows, err := eigen.Symmetric(denseMatrix(t, op, 16), op.Dim(), true, 1)
	if err != nil {
		t.Fatal(err)
	}
	top := len(exact) - 1
	for i := range 4 {
		agree(t, "predicted outlier", means.Values[i:i+1], exact[top-i:top-i+1], 1e-11)
		share, cosine := means.Explain(exact[top-i], rows[top-i])
		agree(t, "share and cosine", []float64{share, cosine}, []float64{1, 1}, 1e-11)
	}
	if share, cosine := means.Explain(exact[top], rows[0]); share > 1e-12 || cosine > 1e-5 {
		t.Errorf("a null vector of G is explained: share %g, cosine %g", share, cosine)
	}

	// All objects: never more than everything, and M ≤ G.
	means, err = all.ClassMeans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if op, err = all.Operator(GaussNewton, nil); err != nil {
		t.Fatal(err)
	}
	exact, rows, err = eigen.Symmetric(denseMatrix(t, op, 16), op.Dim(), true, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := top; i > top-8; i-- {
		share, cosine := means.Explain(exact[i], rows[i])
		if !(share > 0 && share < 1+1e-12 && cosine > 0 && cosine <= 1) {
			t.Errorf("eigenvalue %v: share %v, cosine %v", exact[i], share, cosine)
		}
		if means.Values[top-i] > exact[i]*(1+1e-12) {
			t.Errorf("predicted outlier %v above the eigenvalue %v", means.Values[top-i], exact[i])
		}
	}
}

// TestBlockNorm against the blocks of the dense matrices.
func TestBlockNorm(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		_, pt := readGolden(t, name)
		n := pt.Network
		for _, term := range []Term{Hessian, GaussNewton, HTerm} {
			op, err := pt.Operator(term, nil)
			if err != nil {
				t.Fatal(err)
			}
			dim := op.Dim()
			dense := denseMatrix(t, op, 16)
			ends, err := op.Ends(t.Context(), Ends{Top: 6, Bottom: 4, Tolerance: 1e-9}, nil)
			if err != nil {
				t.Fatal(err)
			}
			eigenpairs := append(ends.Top, ends.Bottom...)
			for _, pair := range LayerPairs(n.Layers()) {
				p, q := pair[0], pair[1]
				rows, columns := len(n.Weights[q]), len(n.Weights[p])
				block := make([]float64, 0, rows*columns)
				for i := range rows {
					block = append(block, dense[(n.Offset(q)+i)*dim+n.Offset(p):][:columns]...)
				}
				want, err := eigen.SpectralNorm(block, rows, columns)
				if err != nil {
					t.Fatal(err)
				}
				got, residual, err := op.BlockNorm(t.Context(), eigenpairs, p, q, 400)
				if err != nil {
					t.Fatal(err)
				}
				if got > want*(1+1e-12)+1e-14 || got < want*(1-1e-3)-1e-14 {
					t.Errorf("%s: ‖%v_%d%d‖ is %v, exact %v (residual %g)", name, term, q+1, p+1, got, want, residual)
				}
			}
		}
	}
}

// TestNullDirections: G times a null direction is rounding, and the directions
// are orthonormal.
func TestNullDirections(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		_, pt := readGolden(t, name)
		null := pt.Null()
		vectors := pt.NullDirections(1000)
		if len(vectors) == 0 || len(vectors) > null.Guaranteed+null.Rescaling {
			t.Fatalf("%s: %d null directions, want some, at most %d", name, len(vectors), null.Guaranteed+null.Rescaling)
		}
		op, err := pt.Operator(GaussNewton, nil)
		if err != nil {
			t.Fatal(err)
		}
		top, err := op.Norm(t.Context(), 1e-6, 1)
		if err != nil {
			t.Fatal(err)
		}
		pairs, err := eigen.Certify(t.Context(), op, vectors, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pairs {
			if p.Residual > 1e-13*top.Value || math.Abs(p.Value) > 1e-13*top.Value {
				t.Errorf("%s: null direction %d: %g ± %g of %g", name, i, p.Value, p.Residual, top.Value)
			}
			for j := range i {
				if d := kernel.Dot64(vectors[i], vectors[j]); math.Abs(d) > 1e-14 {
					t.Errorf("%s: null directions %d and %d: inner product %g", name, i, j, d)
				}
			}
		}
	}
}

// TestNull: a unit without a way in is dead, a unit of zero inputs too, and
// constant inputs are counted.
func TestNull(t *testing.T) {
	network, err := mlp.NewNetwork([]int{3, 2, 2}, [][]float64{{1, 0, 0, -1, -1, 0}, {1, 1, -1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := mlp.NewPixels([]uint8{255, 200, 7, 0, 255, 7, 0, 130, 7}, 3, []int{0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := pt.Null()
	// unit 1 sees −x_1−x_2 > 0 only for object 2; unit 0 only object 0
	if got.DeadUnits[0] != 0 || got.DeadObjects != 1 || got.ConstantInputs != 1 || got.Rescaling != 2 || got.SoftmaxShift != 2 || got.Guaranteed != 2 {
		t.Errorf("%+v", got)
	}
}

// TestNearestKink: a step of the margin's length along ∂z/∂θ closes in on the
// kink, and half a step in any direction changes no activation.
func TestNearestKink(t *testing.T) {
	network, err := mlp.NewNetwork([]int{2, 1, 2}, [][]float64{{3, 4}, {1, -1}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := mlp.NewData([]float64{1, 0, 0.5, 0.1, 3, -2.2}, 2, []int{0, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	k, err := pt.NearestKink(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	// one hidden layer: ∂z/∂θ is x, so the margin is |w·x|/‖x‖, smallest for object 2
	want := math.Abs(3*3-4*2.2) / math.Sqrt(9+2.2*2.2)
	if k.Object != 2 || k.Layer != 1 || k.Unit != 0 || math.Abs(k.Margin-want) > 1e-14 {
		t.Errorf("%+v, want object 2, margin %v", k, want)
	}
	if k, err = pt.NearestKink(t.Context(), 2); err != nil || k.Object == 2 {
		t.Errorf("object 2 was not to be searched: %+v, %v", k, err)
	}
}

// TestKinkGradient compares ‖∂z/∂θ‖ of a deep unit with finite differences.
func TestKinkGradient(t *testing.T) {
	_, pt := readGolden(t, "deep")
	k, err := pt.NearestKink(t.Context(), pt.Data.Objects)
	if err != nil {
		t.Fatal(err)
	}
	n := pt.Network
	z := func(theta []float64) float64 {
		x := make([]float64, n.Widths[0])
		pt.Data.Row(k.Object, x)
		for p := range k.Layer {
			next := make([]float64, n.Widths[p+1])
			kernel.MulNN64(next, theta[n.Offset(p):][:len(n.Weights[p])], x, n.Widths[p+1], 1, n.Widths[p], false)
			if p+1 == k.Layer {
				return next[k.Unit]
			}
			kernel.ReLU64(next, next)
			x = next
		}
		return math.NaN()
	}
	theta := n.Flat()
	square := 0.0
	for i := range theta {
		const step = 1e-6
		kept := theta[i]
		theta[i] = kept + step
		up := z(theta)
		theta[i] = kept - step
		down := z(theta)
		theta[i] = kept
		square += (up - down) / (2 * step) * (up - down) / (2 * step)
	}
	if want := math.Abs(z(theta)) / math.Sqrt(square); math.Abs(k.Margin-want) > 1e-5*want {
		t.Errorf("margin %v, by finite differences %v", k.Margin, want)
	}
}
