package curvature

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// golden are networks whose curvature was computed densely with another
// framework in float64.
type golden struct {
	Name             string        `json:"name"`
	Shapes           [][2]int      `json:"layer_shapes"`
	Weights          [][][]float64 `json:"weights"`
	Inputs           [][]float64   `json:"inputs"`
	Labels           []int         `json:"labels"`
	Losses           []float64     `json:"per_object_loss"`
	MeanLoss         float64       `json:"mean_loss"`
	Gradient         []float64     `json:"gradient"`
	Hessian          [][]float64   `json:"hessian"`
	GGN              [][]float64   `json:"ggn"`
	TraceHessian     float64       `json:"trace_hessian"`
	ObjectNorm       []float64     `json:"per_object_hessian_norm"`
	ObjectGGNNorm    []float64     `json:"per_object_ggn_norm"`
	IncrementNorm    []float64     `json:"hessian_increment_norm"`
	AbsLossIncrement []float64     `json:"abs_loss_increment"`
}

func flatten(rows [][]float64) []float64 {
	var flat []float64
	for _, r := range rows {
		flat = append(flat, r...)
	}
	return flat
}

func readGolden(t *testing.T, name string) (golden, *Point) {
	t.Helper()
	text, err := os.ReadFile("testdata/curvature_" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	widths, weights := []int{g.Shapes[0][1]}, [][]float64{}
	for p, shape := range g.Shapes {
		widths = append(widths, shape[0])
		weights = append(weights, flatten(g.Weights[p]))
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		t.Fatal(err)
	}
	data, err := mlp.NewData(flatten(g.Inputs), widths[0], g.Labels)
	if err != nil {
		t.Fatal(err)
	}
	point, err := NewPoint(t.Context(), network, data, 2)
	if err != nil {
		t.Fatal(err)
	}
	return g, point
}

// agree compares relative to the largest entry of want.
func agree(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*largest) {
			t.Fatalf("%s: entry %d is %v, want %v (largest %v)", what, i, got[i], want[i], largest)
		}
	}
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
