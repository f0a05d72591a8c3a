package object

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

func point(t *testing.T, n *mlp.Network, d *mlp.Data) *curvature.Point {
	t.Helper()
	pt, err := curvature.NewPoint(t.Context(), n, d, 2)
	if err != nil {
		t.Fatal(err)
	}
	return pt
}

func readGolden(t *testing.T, name string) (curvaturetest.Golden, *curvature.Point) {
	t.Helper()
	g, network, data := curvaturetest.ReadGolden(t, name)
	return g, point(t, network, data)
}

func randomPoint(t *testing.T, r *rand.Rand) *curvature.Point {
	t.Helper()
	network, data := curvaturetest.Random(t, r)
	return point(t, network, data)
}

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
				o := New(pt, i)
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
				op, err := pt.Operator(curvature.Hessian, c)
				if err != nil {
					t.Fatal(err)
				}
				dense, err := op.Dense(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				frobenius := 0.0
				for _, x := range dense {
					frobenius += x * x
				}
				curvaturetest.Agree(t, "squared Frobenius norm", []float64{o.SquaredFrobenius(), 1}, []float64{frobenius, 1}, 1e-12)
				exact, _, err := eigen.Symmetric(dense, op.Dim(), false, 1)
				if err != nil {
					t.Fatal(err)
				}
				curvaturetest.Agree(t, "ends of the spectrum", []float64{least, largest, 1e-9}, []float64{exact[0], exact[len(exact)-1], 1e-9}, 1e-10)
			}
			curvaturetest.PerObject(t, "‖H_i‖", norms, g.ObjectNorm)
			curvaturetest.PerObject(t, "‖G_i‖", ggn, g.ObjectGGNNorm)
			curvaturetest.Agree(t, "trace", []float64{trace}, []float64{g.TraceHessian}, 1e-12)
		})
	}
}

// TestGoldenSpectrum is over the objects of a trained MNIST network.
func TestGoldenSpectrum(t *testing.T) {
	g, network, data := curvaturetest.ReadSpectrum(t)
	pt := point(t, network, data)
	var objects []float64
	trace := 0.0
	for i := range 10_000 {
		o := New(pt, i)
		trace += o.Trace() / 10_000
		if i < len(g.Objects) {
			values, err := o.GaussNewton()
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, values[len(values)-1])
		}
	}
	curvaturetest.PerObject(t, "‖G_i‖", objects, g.Objects)
	curvaturetest.Agree(t, "trace by objects", []float64{trace}, []float64{g.Trace}, 1e-12)
}

// compute keeps no part.
func compute(_ string, f func() ([]byte, error)) ([]byte, error) { return f() }

// TestSizes against the gradient of one object, B0, and the bound C, which the
// cheap bound of the H-term must not be below.
func TestSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		pt := randomPoint(t, r)
		c, err := NewConstants(pt)
		if err != nil {
			t.Fatal(err)
		}
		norms, err := NewSizes(t.Context(), pt, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewBounds(t.Context(), pt, compute, Spread(pt.Data.Objects, 0), c, nil)
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

// TestSubsetOfBlackPixels: single objects have the same bits in a subset, most of
// whose pixels are black, as in all of the data, most of whose are not.
func TestSubsetOfBlackPixels(t *testing.T) {
	const objects, width = 30, 20
	pixels, labels := make([]uint8, objects*width), make([]int, objects)
	for i := range pixels {
		if i%3 == 0 || i < len(pixels)/2 {
			pixels[i] = uint8(1 + i%251)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	weights := [][]float64{make([]float64, 3*width), make([]float64, 6)}
	for _, w := range weights {
		for i := range w {
			w[i] = r.NormFloat64()
		}
	}
	network, err := mlp.NewNetwork([]int{width, 3, 2}, weights)
	if err != nil {
		t.Fatal(err)
	}
	all, err := mlp.NewPixels(pixels, width, labels)
	if err != nil {
		t.Fatal(err)
	}
	list := []int{29, 20, 21, 16}
	few, err := all.Subset(list)
	if err != nil {
		t.Fatal(err)
	}
	whole, part := point(t, network, all), point(t, network, few)
	for j, i := range list {
		want, err := New(whole, i).Norms()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := New(part, j).Norms(); err != nil || got != want {
			t.Errorf("object %d: %+v (%v), want %+v", i, got, err, want)
		}
	}
}
