package curvature

import (
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

func randomVector(n, index int) []float64 {
	s := rng.New(5, "curvature", "test vector", uint64(index))
	v := make([]float64, n)
	for i := range v {
		v[i] = s.Normal()
	}
	return v
}

// single is the operator of one object.
func single(t *testing.T, pt *Point, term Term, i int) *Operator {
	t.Helper()
	c := make([]float64, i+1)
	c[i] = 1
	op, err := pt.Operator(term, c)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// TestForms compares the forward propagation with products of each object's
// own operator, which the golden files vouch for.
func TestForms(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		n, k := pt.Network.Parameters(), len(g.Labels)
		const block = 3
		var directions []float64
		for d := range block {
			directions = append(directions, randomVector(n, d)...)
		}
		forms, err := pt.Forms(t.Context(), directions, block)
		if err != nil {
			t.Fatal(err)
		}
		for d := range block {
			v := directions[d*n : (d+1)*n]
			want := Forms{make([]float64, k), make([]float64, k), make([]float64, k)}
			for i := range k {
				c := make([]float64, i+1)
				c[i] = 1
				gradient, err := pt.Gradient(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				want.Gradient[i] = kernel.Dot64(gradient, v)
				for _, term := range []struct {
					Term
					to []float64
				}{{Hessian, want.Hessian}, {GaussNewton, want.GaussNewton}} {
					image := make([]float64, n)
					if err := single(t, pt, term.Term, i).Apply(t.Context(), image, v, 1); err != nil {
						t.Fatal(err)
					}
					term.to[i] = kernel.Dot64(image, v)
				}
			}
			agree(t, name+": g_i·v", forms[d].Gradient, want.Gradient, 1e-12)
			agree(t, name+": vᵀG_i v", forms[d].GaussNewton, want.GaussNewton, 1e-12)
			agree(t, name+": vᵀH_i v", forms[d].Hessian, want.Hessian, 1e-12)
		}
	}
}

// TestLayerTraces against the diagonals of the golden matrices.
func TestLayerTraces(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		n := pt.Network
		var diagonal []float64
		for i, row := range g.Hessian {
			diagonal = append(diagonal, row[i])
		}
		traces, err := pt.LayerTraces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for p := range n.Layers() {
			agree(t, name+": layer trace", traces[p:p+1], []float64{kernel.Sum64(diagonal[n.Offset(p):][:len(n.Weights[p])])}, 1e-12)
		}
		agree(t, name+": trace", []float64{kernel.Sum64(traces)}, []float64{g.TraceHessian}, 1e-12)
	}
}

// TestPlane compares losses along two directions with new points there.
func TestPlane(t *testing.T) {
	_, pt := readGolden(t, "deep")
	u, v := randomVector(pt.Network.Parameters(), 7), pt.FilterNormalised(randomVector(pt.Network.Parameters(), 8))
	plane, err := pt.Plane(t.Context(), u, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]float64{{0, 0}, {0.1, 0}, {-0.05, 0.3}} {
		got, err := plane.Losses(t.Context(), at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		flat := pt.Network.Flat()
		kernel.Axpy64(flat, at[0], u)
		kernel.Axpy64(flat, at[1], v)
		var weights [][]float64
		for p, w := range pt.Network.Weights {
			weights = append(weights, flat[pt.Network.Offset(p):][:len(w)])
		}
		moved, err := mlp.NewNetwork(pt.Network.Widths, weights)
		if err != nil {
			t.Fatal(err)
		}
		there, err := NewPoint(t.Context(), moved, pt.Data, 1)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, "losses", got, there.Losses, 1e-12)
	}
	theta := pt.Network.Flat()
	if got, want := kernel.Dot64(v, v), kernel.Dot64(theta, theta); math.Abs(got-want) > 1e-12*want {
		t.Errorf("a filter-normalised direction has squared length %v, the weights %v", got, want)
	}
}
