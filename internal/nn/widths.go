// Package nn holds the network of the paper: fully connected, no biases, ReLU
// between the weight matrices, softmax cross-entropy on top. It trains it
// (Trainer), evaluates it in float64 (Evaluate) and reads the data both need
// (Inputs).
//
// Two numbers count layers, and they are kept apart in every name. The paper's
// code calls num_layers the hidden h×h layers between the first and the last;
// its theory calls L the weight matrices: L = num_layers + 2.
//
// Notation (design of the curvature suite): x_1 = x is the input, z_p = W_p x_p,
// x_{p+1} = max(z_p, 0), and z_L are the logits. Weight matrices are out×in,
// row-major, at every boundary of this package; inside, the products want them
// transposed. Rows of all other matrices are objects.
package nn

import (
	"fmt"
	"math"
)

// Widths are the sizes n_0 … n_L of the network's layers: inputs, hidden
// layers, classes. Weight matrix p (from 0) is Widths[p+1]×Widths[p].
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

// Matrices returns the number L of weight matrices.
func (w Widths) Matrices() int { return len(w) - 1 }

// Inputs returns n_0.
func (w Widths) Inputs() int { return w[0] }

// Classes returns n_L.
func (w Widths) Classes() int { return w[len(w)-1] }

// Parameters returns the number of weights.
func (w Widths) Parameters() int {
	n := 0
	for p := range w.Matrices() {
		n += w[p] * w[p+1]
	}
	return n
}

// widest returns the largest width behind the input.
func (w Widths) widest() int {
	n := 0
	for _, v := range w[1:] {
		n = max(n, v)
	}
	return n
}

// maxClasses bounds the classes: labels are bytes.
const maxClasses = 256

// Validate says what is wrong with w, if anything.
func (w Widths) Validate() error {
	if len(w) < 2 {
		return fmt.Errorf("network with widths %v: want at least inputs and classes", []int(w))
	}
	parameters := int64(0)
	for p, v := range w {
		if v < 1 || v > math.MaxInt32 {
			return fmt.Errorf("network with widths %v: width %d is %d, want at least 1", []int(w), p, v)
		}
		if p > 0 {
			parameters += int64(w[p-1]) * int64(v)
		}
		if parameters > math.MaxInt32 {
			return fmt.Errorf("network with widths %v: more than 2^31 weights", []int(w))
		}
	}
	if c := w.Classes(); c < 2 || c > maxClasses {
		return fmt.Errorf("network with widths %v: %d classes, want 2 to %d", []int(w), c, maxClasses)
	}
	return nil
}

// checkWeights says which of the matrices does not fit w.
func checkWeights[T Float](w Widths, weights [][]T) error {
	if len(weights) != w.Matrices() {
		return fmt.Errorf("network with widths %v: %d weight matrices, want %d", []int(w), len(weights), w.Matrices())
	}
	for p, m := range weights {
		if len(m) != w[p]*w[p+1] {
			return fmt.Errorf("network with widths %v: weight matrix %d has %d elements, want %d×%d", []int(w), p, len(m), w[p+1], w[p])
		}
	}
	return nil
}
