package curvature

import (
	"fmt"
	"math"
)

// Network is the weights of a bias-free ReLU network.
type Network struct {
	// Widths are n_0 … n_L: the size of the input, of each hidden layer and
	// of the output.
	Widths []int
	// Weights are W_1 … W_L, each n_p×n_{p−1}, row-major.
	Weights [][]float64
}

// NewNetwork checks that the matrices fit one another and are finite.
func NewNetwork(widths []int, weights [][]float64) (*Network, error) {
	if len(widths) != len(weights)+1 || len(weights) == 0 {
		return nil, fmt.Errorf("network of %d widths and %d matrices: want one width more, and a matrix", len(widths), len(weights))
	}
	for p, w := range weights {
		if widths[p] < 1 || widths[p+1] < 1 || len(w) != widths[p]*widths[p+1] {
			return nil, fmt.Errorf("matrix %d has %d entries, want %d×%d", p, len(w), widths[p+1], widths[p])
		}
		for i, x := range w {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("matrix %d, entry (%d, %d) is %v", p, i/widths[p], i%widths[p], x)
			}
		}
	}
	return &Network{Widths: widths, Weights: weights}, nil
}

// Layers is L, the number of weight matrices.
func (n *Network) Layers() int { return len(n.Weights) }

// Inputs and Classes are n_0 and n_L.
func (n *Network) Inputs() int  { return n.Widths[0] }
func (n *Network) Classes() int { return n.Widths[len(n.Widths)-1] }

// Parameters is the number of weights.
func (n *Network) Parameters() int {
	total := 0
	for _, w := range n.Weights {
		total += len(w)
	}
	return total
}

// Offset is where the entries of matrix p (0 … L−1) begin in a direction.
func (n *Network) Offset(p int) int {
	total := 0
	for _, w := range n.Weights[:p] {
		total += len(w)
	}
	return total
}

// Flat returns θ, all weights as one direction.
func (n *Network) Flat() []float64 {
	flat := make([]float64, 0, n.Parameters())
	for _, w := range n.Weights {
		flat = append(flat, w...)
	}
	return flat
}
