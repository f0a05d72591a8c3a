// Package mlp holds what everything about the paper's network shares: the
// network itself, fully connected, without biases, with ReLU between its weight
// matrices and softmax cross-entropy on top; the labelled data; and how both are
// read from a stage's inputs.
//
// Two numbers count layers, and every name keeps them apart. The paper's code
// calls num_layers the hidden h×h layers between the first and the last; its
// theory calls L the weight matrices: L = num_layers + 2.
//
// Notation: x_1 = x is the input, z_p = W_p x_p, x_{p+1} = max(z_p, 0), and z_L
// are the logits. Weight matrices are out×in, row-major. All other matrices
// have one row per object.
package mlp

import (
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
)

// Widths are n_0 … n_L: the size of the input, of each hidden layer and of the
// output. Weight matrix p, counted from 0, is Widths[p+1]×Widths[p].
type Widths []int

// PaperWidths returns the widths of the paper's network: numLayers+2 weight
// matrices, numLayers+1 hidden layers of equal size.
func PaperWidths(inputs, hiddenSize, numLayers, classes int) Widths {
	w := Widths{inputs}
	for range numLayers + 1 {
		w = append(w, hiddenSize)
	}
	return append(w, classes)
}

// Layers is L, the number of weight matrices.
func (w Widths) Layers() int { return len(w) - 1 }

// Inputs is n_0.
func (w Widths) Inputs() int { return w[0] }

// Classes is n_L.
func (w Widths) Classes() int { return w[len(w)-1] }

// Parameters is the number of weights.
func (w Widths) Parameters() int { return w.Offset(w.Layers()) }

// Offset is where the entries of matrix p, counted from 0, begin in a vector of
// all weights, matrix after matrix.
func (w Widths) Offset(p int) int {
	total := 0
	for q := range p {
		total += w[q] * w[q+1]
	}
	return total
}

// Validate reports what is wrong with w, if anything.
func (w Widths) Validate() error {
	if len(w) < 2 {
		return fmt.Errorf("network with widths %v: want at least inputs and classes", []int(w))
	}
	for p, v := range w {
		if v < 1 || v > math.MaxInt32 {
			return fmt.Errorf("network with widths %v: width %d is %d, want at least 1", []int(w), p, v)
		}
	}
	if c := w.Classes(); c < 2 {
		return fmt.Errorf("network with widths %v: %d classes, want at least 2", []int(w), c)
	}
	return nil
}

// Network is a network with its weights: Weights[p] is W_{p+1}, row-major.
type Network struct {
	Widths
	Weights [][]float64
}

// NewNetwork checks that the matrices fit the widths and are finite.
func NewNetwork(widths []int, weights [][]float64) (*Network, error) {
	w := Widths(widths)
	if err := w.Validate(); err != nil {
		return nil, err
	}
	if err := CheckWeights(w, weights); err != nil {
		return nil, err
	}
	for p, m := range weights {
		for i, x := range m {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("matrix %d, row %d, column %d is %v: weights must be finite", p, i/w[p], i%w[p], x)
			}
		}
	}
	return &Network{Widths: w, Weights: weights}, nil
}

// CheckWeights reports which of the matrices does not fit w.
func CheckWeights[T float32 | float64](w Widths, weights [][]T) error {
	if len(weights) != w.Layers() {
		return fmt.Errorf("network with widths %v: %d weight matrices, want %d", []int(w), len(weights), w.Layers())
	}
	for p, m := range weights {
		if len(m) != w[p]*w[p+1] {
			return fmt.Errorf("network with widths %v: weight matrix %d has %d elements, want %d×%d", []int(w), p, len(m), w[p+1], w[p])
		}
	}
	return nil
}

// Flat returns θ, all weights as one vector.
func (n *Network) Flat() []float64 {
	flat := make([]float64, 0, n.Parameters())
	for _, w := range n.Weights {
		flat = append(flat, w...)
	}
	return flat
}

// Loss returns the cross-entropy of logits z for class y in nats, the most
// likely class top (the lowest one of a tie), and others = Σ_{c≠top}
// exp(z_c − z_top), so that the most likely class has probability
// 1/(1 + others). The loss is (z_top − z_y) + log1p(others): it is exact to the
// last bits however confident the network is, because the small sum is never
// added to 1, and nothing overflows.
func Loss(z []float64, y int) (loss float64, top int, others float64) {
	for c := range z {
		if z[c] > z[top] {
			top = c
		}
	}
	for c := range z {
		if c != top {
			others += detmath.Exp(z[c] - z[top])
		}
	}
	return detmath.Log1p(others) + (z[top] - z[y]), top, others
}
