package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Plane evaluates losses at many points θ + Σ t_d v_d. The first layer is linear
// in the weights, so its products with the data are formed once.
type Plane struct {
	pt         *Point
	directions [][]float64
	base       []float64   // z_1, objects×n_1
	moves      [][]float64 // what each direction adds to it
}

// Plane prepares evaluations along any number of directions.
func (pt *Point) Plane(ctx context.Context, directions ...[]float64) (*Plane, error) {
	n, k := pt.Network, pt.Data.Objects
	out := n.Widths[1]
	pl := &Plane{pt: pt, directions: directions}
	products := make([][]float64, len(directions)+1)
	for d := range products {
		matrix, bias := n.Weights[0], biasOf(n, 0)
		if d > 0 {
			matrix, bias = n.MatrixOf(directions[d-1], 0), n.BiasOf(directions[d-1], 0)
		}
		first := make([]float64, len(matrix))
		kernel.Transpose64(first, matrix, out, n.Widths[0])
		operand := pt.inputs.operand(first, out)
		products[d] = make([]float64, k*out)
		err := eachPart(ctx, pt.Workers, parts(0, k), func(_ int, part span) error {
			rows := products[d][part.lo*out : part.hi*out]
			pt.inputs.times(rows, operand, pt.inputs.sparsePart(part), part, part.lo, part.hi, out)
			addBias(rows, bias)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	pl.base, pl.moves = products[0], products[1:]
	return pl, nil
}

// Losses returns ℓ_i of all objects at θ + Σ t_d v_d.
func (pl *Plane) Losses(ctx context.Context, t ...float64) ([]float64, error) {
	n, k := pl.pt.Network, pl.pt.Data.Objects
	weights, biases := pl.at(t)
	for p := 1; p < n.Layers(); p++ { // transposed
		w := weights[p]
		weights[p] = make([]float64, len(w))
		kernel.Transpose64(weights[p], w, n.Widths[p+1], n.Widths[p])
	}
	losses := make([]float64, k)
	err := eachPart(ctx, pl.pt.Workers, parts(0, k), func(_ int, part span) error {
		step := tileObjects(n)
		for lo := part.lo; lo < part.hi; lo += step {
			hi := min(lo+step, part.hi)
			m, out := hi-lo, n.Widths[1]
			z := append([]float64(nil), pl.base[lo*out:hi*out]...)
			for d, move := range pl.moves {
				kernel.Axpy64(z, t[d], move[lo*out:hi*out])
			}
			for p := 1; p < n.Layers(); p++ {
				values(n.Activation, z)
				next := make([]float64, m*n.Widths[p+1])
				kernel.MulNN64(next, z, weights[p], m, n.Widths[p+1], n.Widths[p], setBias(next, biases[p]))
				z = next
			}
			classes := n.Classes()
			for i := lo; i < hi; i++ {
				losses[i] = n.Loss.Value(z[(i-lo)*classes:(i-lo+1)*classes], pl.pt.Data.Labels[i], pl.pt.Data.Target(i))
			}
		}
		return nil
	})
	return losses, err
}

// at returns the matrices and the biases of θ + Σ t_d v_d from the second layer on.
func (pl *Plane) at(t []float64) (weights, biases [][]float64) {
	n := pl.pt.Network
	weights, biases = make([][]float64, n.Layers()), make([][]float64, n.Layers())
	for p := 1; p < n.Layers(); p++ {
		weights[p] = append([]float64(nil), n.Weights[p]...)
		biases[p] = append([]float64(nil), biasOf(n, p)...)
		for d, v := range pl.directions {
			kernel.Axpy64(weights[p], t[d], n.MatrixOf(v, p))
			kernel.Axpy64(biases[p], t[d], n.BiasOf(v, p))
		}
	}
	return weights, biases
}

// FilterNormalised scales a direction as Li et al. (2018) do: each unit's row
// to the length of the unit's weights in the network, and biases to zero.
func (pt *Point) FilterNormalised(v []float64) []float64 {
	n := pt.Network
	v = append([]float64(nil), v...)
	for p, w := range n.Weights {
		in := n.Widths[p]
		for u := range n.Widths[p+1] {
			row, own := n.MatrixOf(v, p)[u*in:][:in], w[u*in:(u+1)*in]
			if norm := kernel.Dot64(row, row); norm > 0 {
				scale := kernel.Norm64(own) / math.Sqrt(norm)
				if square := kernel.Dot64(own, own); kernel.InRange64(square) {
					scale = math.Sqrt(square / norm)
				}
				kernel.Scale64(row, scale)
			}
		}
		clear(n.BiasOf(v, p))
	}
	return v
}
