package curvature

import (
	"errors"
	"math"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// pixelPoint is a small network over images of which a share of the pixels is
// not black.
func pixelPoint(t *testing.T, filled float64, objects, workers int) *Point {
	t.Helper()
	s := rng.New(3, "curvature", "pixels", 0)
	const width, classes = 30, 4
	bytes, labels := make([]uint8, objects*width), make([]int, objects)
	for i := range bytes {
		if s.Float64() < filled {
			bytes[i] = uint8(1 + s.IntN(255))
		}
	}
	for i := range labels {
		labels[i] = s.IntN(classes)
	}
	data, err := mlp.NewPixels(bytes, width, labels)
	if err != nil {
		t.Fatal(err)
	}
	widths := []int{width, 9, 5, classes}
	var weights [][]float64
	for p := range widths[1:] {
		w := make([]float64, widths[p]*widths[p+1])
		for i := range w {
			w[i] = 0.4 * s.Normal()
		}
		weights = append(weights, w)
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	pt, err := NewPoint(t.Context(), network, data, workers)
	if err != nil {
		t.Fatal(err)
	}
	return pt
}

// TestSparsePixels compares the products that skip black pixels with those of
// the same values taken as they are, over whole and cut parts.
func TestSparsePixels(t *testing.T) {
	for _, c := range []struct {
		filled float64
		sparse bool
	}{{0.2, true}, {0.7, false}} {
		pt := pixelPoint(t, c.filled, 1500, 2)
		if pt.inputs.sparse != c.sparse {
			t.Fatalf("%v of the pixels filled: sparse is %v", c.filled, pt.inputs.sparse)
		}
		values := make([]float64, 0, 1500*30)
		x := make([]float64, 30)
		for i := range 1500 {
			pt.Data.Row(i, x)
			values = append(values, x...)
		}
		data, err := mlp.NewData(values, 30, pt.Data.Labels)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := NewPoint(t.Context(), pt.Network, data, 2)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, "losses", pt.Losses, plain.Losses, 1e-12)
		cut := make([]float64, 1400)
		for i := 130; i < 1400; i++ {
			cut[i] = float64(i%5) - 1
		}
		for _, coefficients := range [][]float64{nil, Prefix(700, 1500), cut} {
			want, err := plain.Gradient(t.Context(), coefficients)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pt.Gradient(t.Context(), coefficients)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "gradient", got, want, 1e-12)
			for _, term := range []Term{Hessian, GaussNewton, HTerm} {
				a, err := pt.Operator(term, coefficients)
				if err != nil {
					t.Fatal(err)
				}
				b, err := plain.Operator(term, coefficients)
				if err != nil {
					t.Fatal(err)
				}
				const block = 4
				var src []float64
				for d := range block {
					src = append(src, randomVector(a.Dim(), d)...)
				}
				x, y := make([]float64, len(src)), make([]float64, len(src))
				if err := errors.Join(a.Apply(t.Context(), x, src, block), b.Apply(t.Context(), y, src, block)); err != nil {
					t.Fatal(err)
				}
				agree(t, term.String(), x, y, 1e-12)
			}
		}
	}
}

// TestWorkersReachNoBit: products, forms and traces with one worker and with
// five.
func TestWorkersReachNoBit(t *testing.T) {
	for _, filled := range []float64{0.2, 0.7} {
		var want []float64
		for _, workers := range []int{1, 5} {
			pt := pixelPoint(t, filled, 2100, workers)
			dim := pt.Network.Parameters()
			directions := append(randomVector(dim, 0), randomVector(dim, 1)...)
			got := append([]float64(nil), pt.Losses...)
			for _, term := range []Term{Hessian, GaussNewton, HTerm} {
				op, err := pt.Operator(term, nil)
				if err != nil {
					t.Fatal(err)
				}
				dst := make([]float64, 2*dim)
				if err := op.Apply(t.Context(), dst, directions, 2); err != nil {
					t.Fatal(err)
				}
				got = append(got, dst...)
			}
			gradient, err := pt.Gradient(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			traces, err := pt.LayerTraces(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			forms, err := pt.Forms(t.Context(), directions, 2)
			if err != nil {
				t.Fatal(err)
			}
			means, err := pt.ClassMeans(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(append(append(append(got, gradient...), traces...), forms[1].Hessian...), means.Values...)
			if want == nil {
				want = got
			}
			for i := range want {
				if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
					t.Fatalf("%d workers: number %d is %v, with one worker %v", workers, i, got[i], want[i])
				}
			}
		}
	}
}

// TestSubsetsMultiplyAlike: a subset is multiplied as the data that it was taken
// from, however black it is alone.
func TestSubsetsMultiplyAlike(t *testing.T) {
	const objects, width = 30, 20
	pixels, labels := make([]uint8, objects*width), make([]int, objects)
	for i := range pixels {
		if i%3 == 0 || i < len(pixels)/2 {
			pixels[i] = uint8(1 + i%251)
		}
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
	alone, err := mlp.NewPixels(few.Bytes, width, few.Labels)
	if err != nil {
		t.Fatal(err)
	}
	if !newInputs(alone).sparse || newInputs(all).sparse || newInputs(few).sparse {
		t.Fatal("the subset is as black as the whole")
	}
}
