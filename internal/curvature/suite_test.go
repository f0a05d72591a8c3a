package curvature

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

func randomDirections(r *rand.Rand, m, dim int) []float64 {
	v := make([]float64, m*dim)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// TestProject: the mean of B_i is UᵀHU of the golden dense H; C_i and B_i of
// each object are what Forms gives along the directions and their sums.
func TestProject(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		const m = 4
		dim, k := pt.Network.Parameters(), pt.Data.Objects
		u := randomDirections(rand.New(rand.NewPCG(1, 2)), m, dim)
		got, err := pt.Project(t.Context(), u, m)
		if err != nil {
			t.Fatal(err)
		}
		mean, want := make([]float64, m*m), make([]float64, m*m)
		for i, x := range got.B {
			mean[i%(m*m)] += x / float64(k)
		}
		h := flatten(g.Hessian)
		half := make([]float64, dim*m)
		kernel.MulNT64(half, h, u, dim, m, dim, false)
		kernel.MulNN64(want, u, half, m, m, dim, false)
		agree(t, name+": mean of B", mean, want, 1e-12)

		for d := range m {
			for e := d; e < m; e++ {
				v := append([]float64(nil), u[d*dim:(d+1)*dim]...)
				kernel.Axpy64(v, 1, u[e*dim:(e+1)*dim])
				forms, err := pt.Forms(t.Context(), v, 1)
				if err != nil {
					t.Fatal(err)
				}
				slope, bending := make([]float64, k), make([]float64, k)
				for i := range k {
					b := got.B[i*m*m:]
					slope[i] = got.C[i*m+d] + got.C[i*m+e]
					bending[i] = b[d*m+d] + b[e*m+e] + 2*b[d*m+e]
				}
				agree(t, name+": slopes", slope, forms[0].Gradient, 1e-12)
				agree(t, name+": bendings", bending, forms[0].Hessian, 1e-11)
			}
		}
	}
}

// TestRange against the dense spectrum of the golden increments.
func TestRange(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		for k := 1; k < len(g.Labels); k++ {
			got, err := pt.Range(t.Context(), Hessian, Increment(k), 1e-12, 3)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, name+": norm of the increment", []float64{got.Norm()}, []float64{g.IncrementNorm[k-1]}, 1e-9)
			op, err := pt.Operator(Hessian, Increment(k))
			if err != nil {
				t.Fatal(err)
			}
			values, _, err := eigen.Symmetric(denseMatrix(t, op, 32), op.Dim(), false, 1)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, name+": ends", []float64{got.Least, got.Largest}, []float64{values[0], values[len(values)-1]}, 1e-9)
		}
	}
}

// TestKinksAlong: with one hidden layer the first flip along a direction is exact:
// just before it no ReLU of the object has switched, just after it one has.
func TestKinksAlong(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	checked := 0
	for checked < 200 {
		pt := randomPoint(t, r)
		if pt.Network.Layers() != 2 {
			continue
		}
		v := randomDirections(r, 1, pt.Network.Parameters())
		kinks, err := pt.KinksAlong(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		plane, err := pt.Plane(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range kinks {
			changed := func(share float64) bool {
				for _, sign := range []float64{1, -1} {
					_, flipped, err := plane.Flips(t.Context(), sign*share*at)
					if err != nil {
						t.Fatal(err)
					}
					if flipped[i] {
						return true
					}
				}
				return false
			}
			if changed(0.999) || !changed(1.001) {
				t.Errorf("object %d flips before %v: %v; after it: %v", i, at, changed(0.999), changed(1.001))
			}
			if length := math.Sqrt(kernel.Dot64(v, v)); at*length < pt.KinkDistance(i)*(1-1e-9) {
				t.Errorf("object %d: %v along a direction is nearer than %v in any", i, at*length, pt.KinkDistance(i))
			}
			checked++
		}
		nearest, err := pt.NearestKink(t.Context(), pt.Data.Objects)
		if err != nil {
			t.Fatal(err)
		}
		if bound := pt.KinkUpperBound(); bound < nearest.Margin*(1-1e-9) {
			t.Errorf("upper bound %v of the distance to a kink is below the distance %v", bound, nearest.Margin)
		}
	}
}
