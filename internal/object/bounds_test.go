package object

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

func TestGoldenBounds(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		t.Run(name, func(t *testing.T) {
			_, pt := readGolden(t, name)
			text, err := os.ReadFile("../curvature/testdata/bounds_" + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Constants map[string]float64   `json:"constants"`
				PerObject map[string][]float64 `json:"per_object"`
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			c, err := NewConstants(pt)
			if err != nil {
				t.Fatal(err)
			}
			for name, got := range map[string]float64{"M_x": c.LargestX, "M_W": c.LargestW, "M": c.Largest, "h": float64(c.Width)} {
				curvaturetest.Agree(t, name, []float64{got}, []float64{want.Constants[name]}, 1e-13)
			}
			rows := make([][]float64, len(BoundNames))
			for i := range pt.Data.Objects {
				bounds, err := New(pt, i).Bounds(c)
				if err != nil {
					t.Fatal(err)
				}
				for b, x := range bounds {
					rows[b] = append(rows[b], x)
				}
			}
			for b, name := range BoundNames {
				if want.PerObject[name] == nil {
					t.Errorf("the golden file has no %s", name)
				}
				curvaturetest.PerObject(t, name, rows[b], want.PerObject[name])
			}
		})
	}
}

// chain lists which bound must not be below which.
var chain = [][2]string{
	{"B0", "B1"}, {"B0", "B2"}, {"B1", "B3"}, {"B2", "B3"}, {"B3", "B4"}, {"B4", "B5"}, {"B5", "B6"}, {"B6", "B7"}, {"B7", "B8"},
	{"alpha_plus_c", "H_uniform"}, {"B0_plus_C", "H_uniform"},
}

// TestChainHolds on the golden networks and on 1,000 random ones: the corrected
// bounds in their order, and ‖H_i‖ below those of the full Hessian.
func TestChainHolds(t *testing.T) {
	for _, name := range []string{"small", "deep"} {
		_, pt := readGolden(t, name)
		chainHolds(t, "golden "+name, pt)
	}
	r := rand.New(rand.NewPCG(11, 12))
	for trial := range 1000 {
		pt := randomPoint(t, r)
		chainHolds(t, fmt.Sprintf("network %d %v", trial, pt.Network.Widths), pt)
	}
}

func chainHolds(t *testing.T, network string, pt *curvature.Point) {
	t.Helper()
	below := func(x, y float64) bool { return x <= y*(1+1e-9)+1e-300 }
	c, err := NewConstants(pt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pt.Data.Objects {
		o := New(pt, i)
		bounds, err := o.Bounds(c)
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]float64{}
		for b, name := range BoundNames {
			at[name] = bounds[b]
		}
		for _, pair := range chain {
			if !below(at[pair[0]], at[pair[1]]) {
				t.Errorf("%s, object %d: %s = %v above %s = %v", network, i, pair[0], at[pair[0]], pair[1], at[pair[1]])
			}
		}
		least, largest, err := o.Hessian(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		norm := max(-least, largest)
		for _, name := range []string{"alpha_plus_c", "B0_plus_C", "H_uniform"} {
			if !below(norm, at[name]) {
				t.Errorf("%s, object %d: ‖H_i‖ = %v above %s = %v", network, i, norm, name, at[name])
			}
		}
	}
}

// TestPrintedTheoremFails: one weight matrix, small: ‖H_i‖ → ‖x‖²/K while
// Theorem 1 as printed goes to zero (T1).
func TestPrintedTheoremFails(t *testing.T) {
	network, err := mlp.NewNetwork([]int{3, 4}, [][]float64{make([]float64, 12)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range network.Weights[0] {
		network.Weights[0][i] = 1e-3 * float64(i%5-2)
	}
	data, err := mlp.NewData([]float64{1, -2, 2}, 3, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	pt := point(t, network, data)
	c, err := NewConstants(pt)
	if err != nil {
		t.Fatal(err)
	}
	bounds, err := New(pt, 0).Bounds(c)
	if err != nil {
		t.Fatal(err)
	}
	if exact, theorem := bounds[0], bounds[9]; !(exact > 100*theorem) || math.Abs(exact-9.0/4) > 0.1 {
		t.Errorf("‖G‖ = %v (want about ‖x‖²/K = 2.25), Theorem 1 as printed says at most %v", exact, theorem)
	}
}
