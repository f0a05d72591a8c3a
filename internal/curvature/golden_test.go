package curvature

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// agree and flatten are used by nearly every test.
var (
	agree   = curvaturetest.Agree
	flatten = curvaturetest.Flatten
)

func point(t testing.TB, n *mlp.Network, d *mlp.Data) *Point {
	t.Helper()
	pt, err := NewPoint(t.Context(), n, d, 2)
	if err != nil {
		t.Fatal(err)
	}
	return pt
}

func readGolden(t *testing.T, name string) (curvaturetest.Golden, *Point) {
	t.Helper()
	g, network, data := curvaturetest.ReadGolden(t, name)
	return g, point(t, network, data)
}

func randomPoint(t *testing.T, r *rand.Rand) *Point {
	t.Helper()
	network, data := curvaturetest.Random(t, r)
	return point(t, network, data)
}

// denseMatrix applies an operator to all unit vectors, in blocks.
func denseMatrix(t *testing.T, op *Operator, block int) []float64 {
	t.Helper()
	n := op.Dim()
	m := make([]float64, n*n)
	for from := 0; from < n; from += block {
		b := min(block, n-from)
		src := make([]float64, b*n)
		for d := range b {
			src[d*n+from+d] = 1
		}
		if err := op.Apply(t.Context(), m[from*n:(from+b)*n], src, b); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestGoldenDense(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		t.Run(name, func(t *testing.T) {
			g, pt := readGolden(t, name)
			agree(t, "losses", pt.Losses, g.Losses, 1e-12)
			agree(t, "mean loss", []float64{pt.MeanLoss(len(g.Labels))}, []float64{g.MeanLoss}, 1e-14)
			gradient, err := pt.Gradient(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "gradient", gradient, g.Gradient, 1e-12)
			want := map[Term][]float64{Hessian: flatten(g.Hessian), GaussNewton: flatten(g.GGN)}
			want[HTerm] = make([]float64, len(want[Hessian]))
			for i := range want[HTerm] {
				want[HTerm][i] = want[Hessian][i] - want[GaussNewton][i]
			}
			for term, matrix := range want {
				op, err := pt.Operator(term, nil)
				if err != nil {
					t.Fatal(err)
				}
				single := denseMatrix(t, op, 1)
				agree(t, term.String(), single, matrix, 1e-12)
				for _, block := range []int{3, 200} {
					for i, x := range denseMatrix(t, op, block) {
						if math.Float64bits(x) != math.Float64bits(single[i]) {
							t.Fatalf("%v in blocks of %d: entry %d is %v, alone %v", term, block, i, x, single[i])
						}
					}
				}
			}
		})
	}
}

// TestGoldenIncrements: ‖H_{k+1} − H^(k)‖₂ for every k of the difference
// operator, densely.
func TestGoldenIncrements(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		g, pt := readGolden(t, name)
		for k := 1; k < len(g.Labels); k++ {
			c := append(Prefix(k, k), 0)
			for i := range k {
				c[i] = -c[i]
			}
			c[k] = 1
			op, err := pt.Operator(Hessian, c)
			if err != nil {
				t.Fatal(err)
			}
			values, _, err := eigen.Symmetric(denseMatrix(t, op, 32), op.Dim(), false, 1)
			if err != nil {
				t.Fatal(err)
			}
			norm := max(-values[0], values[len(values)-1])
			agree(t, fmt.Sprintf("%s: increment of H at k = %d", name, k), []float64{norm}, []float64{g.IncrementNorm[k-1]}, 1e-9)
			loss := math.Abs(pt.Losses[k]-pt.MeanLoss(k)) / float64(k+1)
			agree(t, fmt.Sprintf("%s: increment of the loss at k = %d", name, k), []float64{loss}, []float64{g.AbsLossIncrement[k-1]}, 1e-9)
		}
	}
}
