package curvature

import (
	"testing"
)

// TestDeadUnits: leaving out units that are never active changes no product,
// gradient form or block norm, whether they fill whole registers or a whole
// layer is dead.
func TestDeadUnits(t *testing.T) {
	for name, dead := range map[string]map[int][]int{
		"some":  {1: {0, 2, 3, 5, 8}, 2: {1}},
		"many":  {1: {0, 1, 2, 3, 4, 5, 7, 8}},
		"layer": {2: {0, 1, 2, 3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			pt := pixelPoint(t, 0.2, 700, 2)
			n := pt.Network
			for p, units := range dead {
				for _, u := range units {
					for j := range n.Widths[p-1] {
						n.Weights[p-1][u*n.Widths[p-1]+j] = 0
					}
				}
			}
			small, err := NewPoint(t.Context(), n, pt.Data, 2)
			if err != nil {
				t.Fatal(err)
			}
			if small.reduce().point == small {
				t.Fatal("nothing was left out")
			}
			whole, err := NewPoint(t.Context(), n, pt.Data, 2)
			if err != nil {
				t.Fatal(err)
			}
			whole.once.Do(func() {
				whole.small = &reduced{point: whole, full: n, units: make([][]int, n.Layers()+1)}
			})
			for _, term := range []Term{Hessian, GaussNewton, HTerm} {
				a, err := small.Operator(term, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := whole.Operator(term, nil)
				if err != nil {
					t.Fatal(err)
				}
				agree(t, term.String(), denseMatrix(t, a, 7), denseMatrix(t, b, 40), 1e-13)
			}
			v := append(randomVector(n.Parameters(), 0), randomVector(n.Parameters(), 1)...)
			got, err := small.Forms(t.Context(), v, 2)
			if err != nil {
				t.Fatal(err)
			}
			want, err := whole.Forms(t.Context(), v, 2)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "vᵀH_i v", got[1].Hessian, want[1].Hessian, 1e-13)
			a, err := small.Project(t.Context(), v, 2)
			if err != nil {
				t.Fatal(err)
			}
			b, err := whole.Project(t.Context(), v, 2)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "Uᵀg_i", a.C, b.C, 1e-13)
			agree(t, "UᵀH_iU", a.B, b.B, 1e-13)
		})
	}
}
