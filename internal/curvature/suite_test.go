package curvature

import (
	"math"
	"math/rand/v2"
	"slices"
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

// TestNorms against the gradient of one object, B0, and the bound C, which the
// cheap bound of the H-term must not be below.
func TestNorms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		pt := randomPoint(t, r)
		c, err := pt.Constants()
		if err != nil {
			t.Fatal(err)
		}
		norms, err := pt.Norms(t.Context(), c, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := pt.ObjectBounds(t.Context(), Spread(pt.Data.Objects, 0), c, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pt.Data.Objects {
			one := make([]float64, i+1)
			one[i] = 1
			g, err := pt.Gradient(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			if want := math.Sqrt(kernel.Dot64(g, g)); math.Abs(norms.Gradient[i]-want) > 1e-12*want {
				t.Errorf("gradient of object %d has norm %v, want %v", i, norms.Gradient[i], want)
			}
			if norms.GaussNewton[i] != b.Row("B0")[i] {
				t.Errorf("object %d: ‖G‖ = %v, B0 = %v", i, norms.GaussNewton[i], b.Row("B0")[i])
			}
			if cross := b.Row("C")[i]; norms.HTerm[i] < cross*(1-1e-9) {
				t.Errorf("object %d: cheap bound of the H-term %v is below C = %v", i, norms.HTerm[i], cross)
			}
			if upper := norms.GaussNewton[i] + norms.HTerm[i]; b.Norm(i) > upper*(1+1e-9)+1e-300 {
				t.Errorf("object %d: ‖H‖ = %v above %v", i, b.Norm(i), upper)
			}
			if b.Dead[i] && b.Norm(i) != 0 {
				t.Errorf("dead object %d has ‖H‖ = %v", i, b.Norm(i))
			}
		}
	}
}

// TestExtent against the dense spectrum of the golden increments.
func TestExtent(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		for k := 1; k < len(g.Labels); k++ {
			got, err := pt.Extent(t.Context(), Hessian, Increment(k), 1e-12, 3)
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

// TestKinks: with one hidden layer the first flip along a direction is exact:
// just before it no ReLU of the object has changed, just behind it one has.
func TestKinks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	checked := 0
	for checked < 200 {
		pt := randomPoint(t, r)
		if pt.Network.Layers() != 2 {
			continue
		}
		v := randomDirections(r, 1, pt.Network.Parameters())
		kinks, err := pt.Kinks(t.Context(), v)
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
				t.Errorf("object %d flips before %v: %v; behind it: %v", i, at, changed(0.999), changed(1.001))
			}
			if length := math.Sqrt(kernel.Dot64(v, v)); at*length < pt.KinkOf(i)*(1-1e-9) {
				t.Errorf("object %d: %v along a direction is nearer than %v in any", i, at*length, pt.KinkOf(i))
			}
			checked++
		}
		nearest, err := pt.KinkMargin(t.Context(), pt.Data.Objects)
		if err != nil {
			t.Fatal(err)
		}
		if bound := pt.KinkBound(); bound < nearest.Margin*(1-1e-9) {
			t.Errorf("upper bound %v of the distance to a kink is below the distance %v", bound, nearest.Margin)
		}
	}
}

// TestLossForms: at R = 0 only losses count; every correction that takes a
// factor 2 away is below what it corrects, and the pointwise form is the
// smallest where its constants are.
func TestLossForms(t *testing.T) {
	f := LossFacts{
		K: 9, LossGap: 1, GradientGap: 3, MeanGradient: 1, HessianGap: 5, LargestLoss: 4, LargestGradient: 2,
		LargestG: 4, LargestR: 1, Theorem1: 100, Lemma1: 1000,
	}
	if got, want := f.Forms(0), []float64{0.8, 0.8, 0.8, 0.8, 0.4, 0.1}; !slices.Equal(got, want) {
		t.Errorf("at R = 0: %v, want %v", got, want)
	}
	// 2(4+1000·4)/10, 2(4+400)/10, (8+400)/10, (8+6+400)/10, (4+6+2·6)/10, (1+6+10)/10
	if got, want := f.Forms(2), []float64{800.8, 80.8, 40.8, 41.4, 2.2, 1.7}; !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
		t.Errorf("at R = 2: %v, want %v", got, want)
	}
}

func TestSpread(t *testing.T) {
	if got, want := Spread(10, 4), []int{0, 2, 5, 7}; !slices.Equal(got, want) {
		t.Errorf("4 of 10: %v, want %v", got, want)
	}
	if got := Spread(3, 5); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("5 of 3: %v", got)
	}
}
