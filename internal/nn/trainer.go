package nn

import (
	"fmt"
	"math"
)

// Trainer holds a network in training: weights, gradient, Adam's moments and
// all the room that a step needs, so that a step allocates nothing. It computes
// on one core; the networks of a grid train side by side.
//
// Activations lie with a column an object, so that the lanes of the vector code
// are objects and a layer of four neurons costs no more per weight than one of
// sixty-four. Only the first matrix, whose products read the data a row an
// object, is held transposed.
type Trainer[T Float] struct {
	widths Widths
	batch  int // most objects a step
	labels []uint8
	first  firstLayer[T]
	adam   adamState

	// All matrices in one slice each, so that Adam is one pass. w[p] and g[p]
	// are parts of them: w[0] is n_0×n_1, the others n_{p+1}×n_p.
	weights, moment1, moment2, gradient []T
	w, g                                [][]T

	x           [][]T // x[p], n_p×batch: layer p behind its ReLU; the last are the logits
	delta       [2][]T
	rowMajor    []T // first layer, batch×n_1
	batchLabels []uint8
}

// NewTrainer prepares the training of a network from the given initial weights
// (out×in each) on the objects of in, with steps of at most batch objects.
func NewTrainer(w Widths, weights [][]float32, in Inputs, labels []uint8, batch int, a Adam) (*Trainer[float32], error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	if in.Width != w.Inputs() {
		return nil, fmt.Errorf("network with widths %v: objects have %d values", []int(w), in.Width)
	}
	batch = min(batch, in.Objects)
	return newTrainer(w, weights, newFirstLayer(in, batch, w[1]), in.Objects, labels, batch, a)
}

func newTrainer[T Float](w Widths, weights [][]T, first firstLayer[T], objects int, labels []uint8, batch int, a Adam) (*Trainer[T], error) {
	if err := checkWeights(w, weights); err != nil {
		return nil, err
	}
	if batch < 1 || objects < 1 || len(labels) < objects {
		return nil, fmt.Errorf("training on %d objects with %d labels in batches of %d", objects, len(labels), batch)
	}
	n := w.Parameters()
	t := &Trainer[T]{
		widths: w, batch: batch, labels: labels, first: first, adam: newAdamState(a),
		weights: make([]T, n), moment1: make([]T, n), moment2: make([]T, n), gradient: make([]T, n),
		x:           make([][]T, len(w)),
		delta:       [2][]T{make([]T, w.widest()*batch), make([]T, w.widest()*batch)},
		rowMajor:    make([]T, w[1]*batch),
		batchLabels: make([]uint8, batch),
	}
	from := 0
	for p := range w.Matrices() {
		to := from + w[p]*w[p+1]
		t.w = append(t.w, t.weights[from:to])
		t.g = append(t.g, t.gradient[from:to])
		from = to
		t.x[p+1] = make([]T, w[p+1]*batch)
		if p == 0 {
			transpose(t.w[p], weights[p], w[1], w[0])
		} else {
			copy(t.w[p], weights[p])
		}
	}
	return t, nil
}

// Step takes one step of Adam on the mean cross-entropy of the objects in rows
// and returns the sum of their losses before the step.
func (t *Trainer[T]) Step(rows []int32) float64 {
	loss := t.backward(rows)
	update(&t.adam, t.weights, t.moment1, t.moment2, t.gradient)
	return loss
}

// backward computes the gradient of the mean loss of the objects in rows and
// returns the sum of their losses.
func (t *Trainer[T]) backward(rows []int32) float64 {
	n, last := len(rows), t.widths.Matrices()
	for i, r := range rows {
		t.batchLabels[i] = t.labels[r]
	}
	h := t.widths[1]
	row := t.rowMajor[:n*h]
	t.first.forward(row, rows, t.w[0], h)
	transpose(t.x[1][:h*n], row, n, h)
	for p := 1; p < last; p++ {
		in, out := t.widths[p], t.widths[p+1]
		x := t.x[p][:in*n]
		relu(x)
		mulNN(t.x[p+1][:out*n], t.w[p], x, out, n, in)
	}

	k := t.widths.Classes()
	delta := t.x[last][:k*n]
	loss := crossEntropy(delta, t.batchLabels, k, n, 1/float64(n))
	for p := last - 1; p >= 1; p-- {
		in, out := t.widths[p], t.widths[p+1]
		x := t.x[p][:in*n]
		mulNT(t.g[p], delta, x, out, in, n)
		below := t.delta[p&1][:in*n]
		mulTN(below, t.w[p], delta, in, n, out)
		maskReLU(below, x)
		delta = below
	}
	transpose(row, delta, h, n)
	t.first.gradient(t.g[0], rows, row, h)
	return loss
}

// Weights returns the current weights, each matrix out×in.
func (t *Trainer[T]) Weights() [][]T {
	out := make([][]T, len(t.w))
	for p, w := range t.w {
		out[p] = make([]T, len(w))
		if p == 0 {
			transpose(out[p], w, t.widths[0], t.widths[1])
		} else {
			copy(out[p], w)
		}
	}
	return out
}

// Finite says whether every weight is a finite number.
func (t *Trainer[T]) Finite() bool {
	for _, v := range t.weights {
		// v − v is 0 for every finite number, NaN otherwise.
		if d := float64(v) - float64(v); math.IsNaN(d) {
			return false
		}
	}
	return true
}
