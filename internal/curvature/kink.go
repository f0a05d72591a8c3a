package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Kink says where and how near the nearest change of a ReLU is, to first
// order: the smallest |z|/‖∂z/∂θ‖ over hidden units.
type Kink struct {
	Margin float64 // distance in θ; +Inf where no unit can flip
	Object int
	Layer  int // 1 for the first hidden layer
	Unit   int
}

// KinkMargin searches the hidden units of the first objects objects. Inside
// that distance, to first order, the loss of these objects is smooth. A unit
// whose z does not depend on θ at all, behind a dead layer, cannot flip.
func (pt *Point) KinkMargin(ctx context.Context, objects int) (Kink, error) {
	objects = min(objects, pt.Data.Objects)
	list := parts(0, objects)
	found := make([]Kink, len(list))
	err := eachPart(ctx, pt.Workers, list, func(at int, part span) error {
		best := Kink{Margin: math.Inf(1)}
		for i := part.lo; i < part.hi; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if k := pt.kinkOf(i); k.Margin < best.Margin {
				best = k
			}
		}
		found[at] = best
		return nil
	})
	best := Kink{Margin: math.Inf(1)}
	for _, k := range found {
		if k.Margin < best.Margin {
			best = k
		}
	}
	return best, err
}

// kinkOf goes through the layers of one object with ‖∂z_p/∂θ‖² of unit u
// equal to Σ_{q≤p} ‖x_q‖² ‖row u of ∂z_p/∂z_q‖², ∂z_p/∂z_p = 1.
func (pt *Point) kinkOf(i int) Kink {
	n := pt.Network
	best := Kink{Margin: math.Inf(1), Object: i}
	x := make([]float64, n.Widths[0])
	pt.Data.Row(i, x)
	var behind [][]float64 // ∂z_p/∂z_q for q = 1 … p, each n_p×n_q
	var norms []float64    // ‖x_q‖²
	for p := 1; p < n.Layers(); p++ {
		in, out := n.Widths[p-1], n.Widths[p]
		w := n.Weights[p-1]
		z := make([]float64, out)
		kernel.MulNN64(z, w, x, out, 1, in, false)
		for q := range behind {
			// D_{p−1} ∂z_{p−1}/∂z_q, then W_p times it
			width := len(behind[q]) / in
			for u := range in {
				if !(x[u] > 0) {
					clear(behind[q][u*width : (u+1)*width])
				}
			}
			next := make([]float64, out*width)
			kernel.MulNN64(next, w, behind[q], out, width, in, false)
			behind[q] = next
		}
		one := make([]float64, out*out)
		for u := range out {
			one[u*out+u] = 1
		}
		behind, norms = append(behind, one), append(norms, kernel.Dot64(x, x))
		for u := range out {
			square := 0.0
			for q, b := range behind {
				width := len(b) / out
				square += float64(norms[q] * kernel.Dot64(b[u*width:(u+1)*width], b[u*width:(u+1)*width]))
			}
			if square > 0 {
				if margin := math.Abs(z[u]) / math.Sqrt(square); margin < best.Margin {
					best.Margin, best.Layer, best.Unit = margin, p, u
				}
			}
		}
		kernel.ReLU64(z, z)
		x = z
	}
	return best
}
