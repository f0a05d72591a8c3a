// Package mlp holds what everything about a fully connected network shares: the
// network itself, with one activation between its layers and a loss on top; the
// data; and how both are read from a stage's inputs. The paper's network has no
// biases, ReLU, and softmax cross-entropy.
//
// Two numbers count layers, and every name keeps them apart. The paper's code
// calls num_layers the hidden h×h layers between the first and the last; its
// theory calls L the weight matrices: L = num_layers + 2.
//
// Notation: x_1 = x is the input, z_p = W_p x_p + b_p, x_{p+1} is the activation
// of z_p, and z_L are the outputs, which are logits under cross-entropy. Weight
// matrices are out×in, row-major. All other matrices have one row per object.
package mlp

import (
	"fmt"
	"math"
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

// Validate reports what is wrong with w as the widths of a network that tells
// classes apart, if anything.
func (w Widths) Validate() error {
	if err := w.check(); err != nil {
		return err
	}
	if c := w.Classes(); c < 2 {
		return fmt.Errorf("network with widths %v: %d classes, want at least 2", []int(w), c)
	}
	return nil
}

func (w Widths) check() error {
	if len(w) < 2 {
		return fmt.Errorf("network with widths %v: want at least inputs and classes", []int(w))
	}
	for p, v := range w {
		if v < 1 || v > math.MaxInt32 {
			return fmt.Errorf("network with widths %v: width %d is %d, want at least 1", []int(w), p, v)
		}
	}
	return nil
}

// Network is a network with its weights: Weights[p] is W_{p+1}, row-major.
//
// A vector of all parameters has them layer by layer, each matrix row by row and
// then its biases: the order of PyTorch's parameters.
type Network struct {
	Widths
	Weights [][]float64
	// Biases[p] is b_{p+1}, nil where the layer has none; Biases is nil where no
	// layer has any.
	Biases     [][]float64
	Activation Activation
	Loss       Loss
}

// NewNetwork returns the paper's network, without biases, with ReLU and
// cross-entropy, after it checked that the matrices fit the widths and are finite.
func NewNetwork(widths []int, weights [][]float64) (*Network, error) {
	n := &Network{Widths: widths, Weights: weights}
	return n, n.Check()
}

// Check reports what is wrong with the network, if anything: parameters that do
// not fit the widths or are not finite, or a loss that the outputs do not fit.
func (n *Network) Check() error {
	if err := n.Widths.check(); err != nil {
		return err
	}
	if err := n.Loss.Validate(n.Classes()); err != nil {
		return fmt.Errorf("network with widths %v: %w", []int(n.Widths), err)
	}
	if err := CheckWeights(n.Widths, n.Weights); err != nil {
		return err
	}
	for p, m := range n.Weights {
		for i, x := range m {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("matrix %d, row %d, column %d is %v: weights must be finite", p, i/n.Widths[p], i%n.Widths[p], x)
			}
		}
	}
	if err := CheckBiases(n.Widths, n.Biases); err != nil {
		return err
	}
	for p, b := range n.Biases {
		for u, x := range b {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("bias %d of layer %d is %v: biases must be finite", u, p, x)
			}
		}
	}
	return nil
}

// Biased reports whether the layer of matrix p, from 0, has biases.
func (n *Network) Biased(p int) bool { return n.Biases != nil && n.Biases[p] != nil }

// AnyBiased reports whether any layer has biases.
func (n *Network) AnyBiased() bool {
	for p := range n.Biases {
		if n.Biased(p) {
			return true
		}
	}
	return false
}

// Paper reports whether this is the paper's kind of network: no biases, ReLU,
// and cross-entropy with the classes as they are.
func (n *Network) Paper() bool {
	return !n.AnyBiased() && n.Activation == ReLU && n.Loss == Loss{}
}

// Parameters is the number of weights and biases.
func (n *Network) Parameters() int { return n.Offset(n.Layers()) }

// Offset is where the parameters of layer p, counted from 0, begin in a vector of
// all of them: the matrix, then the biases.
func (n *Network) Offset(p int) int {
	total := n.Widths.Offset(p)
	for q := range p {
		if n.Biased(q) {
			total += n.Widths[q+1]
		}
	}
	return total
}

// MatrixOf returns the part of a vector of all parameters that belongs to matrix
// p, counted from 0.
func (n *Network) MatrixOf(v []float64, p int) []float64 {
	from := n.Offset(p)
	return v[from : from+n.Widths[p]*n.Widths[p+1]]
}

// BiasOf returns the part of a vector of all parameters that belongs to the
// biases of layer p, counted from 0; it is empty where there are none.
func (n *Network) BiasOf(v []float64, p int) []float64 {
	return v[n.Offset(p)+n.Widths[p]*n.Widths[p+1] : n.Offset(p+1)]
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

// CheckBiases reports which of the biases do not fit w; nil are no biases, of all
// layers or of one.
func CheckBiases[T float32 | float64](w Widths, biases [][]T) error {
	if biases == nil {
		return nil
	}
	if len(biases) != w.Layers() {
		return fmt.Errorf("network with widths %v: biases of %d layers, want %d", []int(w), len(biases), w.Layers())
	}
	for p, b := range biases {
		if b != nil && len(b) != w[p+1] {
			return fmt.Errorf("network with widths %v: %d biases in layer %d, want %d", []int(w), len(b), p, w[p+1])
		}
	}
	return nil
}

// Flat returns θ, all parameters as one vector.
func (n *Network) Flat() []float64 {
	flat := make([]float64, 0, n.Parameters())
	for p, w := range n.Weights {
		flat = append(flat, w...)
		if n.Biased(p) {
			flat = append(flat, n.Biases[p]...)
		}
	}
	return flat
}

// With returns the network with other parameters, which are in the order of Flat.
func (n *Network) With(flat []float32) (*Network, error) {
	if len(flat) != n.Parameters() {
		return nil, fmt.Errorf("network with widths %v: %d parameters, want %d", []int(n.Widths), len(flat), n.Parameters())
	}
	take := func(count int) []float64 {
		part := make([]float64, count)
		for i, x := range flat[:count] {
			part[i] = float64(x)
		}
		flat = flat[count:]
		return part
	}
	other := &Network{Widths: n.Widths, Activation: n.Activation, Loss: n.Loss}
	if n.Biases != nil {
		other.Biases = make([][]float64, n.Layers())
	}
	for p, w := range n.Weights {
		other.Weights = append(other.Weights, take(len(w)))
		if n.Biased(p) {
			other.Biases[p] = take(n.Widths[p+1])
		}
	}
	return other, other.Check()
}
