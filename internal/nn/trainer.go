package nn

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// Trainer holds a network in training: weights, gradient, the optimiser's moments and
// all the scratch memory of a step, so that a step allocates nothing. It
// computes on one core; the networks of a grid train side by side.
//
// Activations have one column per object, so that the lanes of the vector code
// are objects and a layer of four neurons costs no more per weight than one of
// sixty-four. Only the first matrix, whose products read the data one row per
// object, is held transposed.
type Trainer struct {
	widths mlp.Widths
	batch  int // most objects of a step
	labels []int
	first  firstLayer
	state  optimiserState

	// All parameters in one slice each, so that an update is one pass. w[p] and g[p]
	// are parts of them: w[0] is n_0×n_1, the others n_{p+1}×n_p; so are the biases
	// b[p] and their gradient gb[p], nil where the layer has none.
	weights, moment1, moment2, gradient []float32
	w, g, b, gb                         [][]float32

	x           [][]float32 // x[p], n_p×batch: layer p after its ReLU; the last are the logits
	delta       [2][]float32
	rowMajor    []float32 // first layer, batch×n_1
	ones        []float32 // batch of them
	batchLabels []uint8

	// AfterUpdate is called after each update of [Trainer.Train], which are counted
	// from 1, if it is set; an error ends the training.
	AfterUpdate func(update int) error
}

// maxClasses bounds the classes of a training: the kernels take labels as bytes.
const maxClasses = 256

// NewTrainer prepares the training of a network from the given initial weights
// (out×in each) and biases on the objects of d, with steps of at most batch objects.
// A layer whose biases are nil has none; biases may be nil for all layers. Features
// must be numbers that float32 holds exactly.
func NewTrainer(w mlp.Widths, weights, biases [][]float32, d *mlp.Data, batch int, o Optimiser) (*Trainer, error) {
	if err := checkWidths(w); err != nil {
		return nil, err
	}
	if d.Width != w.Inputs() {
		return nil, fmt.Errorf("network with widths %v: objects have %d values", []int(w), d.Width)
	}
	if err := d.CheckLabels(w.Classes()); err != nil {
		return nil, err
	}
	batch = min(batch, d.Objects)
	if batch < 1 {
		return nil, fmt.Errorf("training on %d objects in batches of %d", d.Objects, batch)
	}
	for i, v := range d.Values {
		if float64(float32(v)) != v {
			return nil, fmt.Errorf("object %d, value %d is %v: training takes features of float32", i/d.Width, i%d.Width, v)
		}
	}
	return newTrainer(w, weights, biases, newFirstLayer(d, batch, w[1]), d.Labels, batch, o)
}

// checkWidths reports whether a network of those widths can be trained.
func checkWidths(w mlp.Widths) error {
	if err := w.Validate(); err != nil {
		return err
	}
	if c := w.Classes(); c > maxClasses {
		return fmt.Errorf("network with widths %v: %d classes, want 2 to %d", []int(w), c, maxClasses)
	}
	parameters := int64(0)
	for p := range w.Layers() {
		if parameters += (int64(w[p]) + 1) * int64(w[p+1]); parameters > math.MaxInt32 {
			return fmt.Errorf("network with widths %v: more than 2^31 weights and biases", []int(w))
		}
	}
	return nil
}

func newTrainer(w mlp.Widths, weights, biases [][]float32, first firstLayer, labels []int, batch int, o Optimiser) (*Trainer, error) {
	if err := mlp.CheckWeights(w, weights); err != nil {
		return nil, err
	}
	if err := mlp.CheckBiases(w, biases); err != nil {
		return nil, err
	}
	if biases == nil {
		biases = make([][]float32, w.Layers())
	}
	n, widest := w.Parameters(), 0
	for _, b := range biases {
		n += len(b)
	}
	for _, width := range w[1:] {
		widest = max(widest, width)
	}
	t := &Trainer{
		widths: w, batch: batch, labels: labels, first: first, state: o.newState(),
		weights: make([]float32, n), moment1: make([]float32, n), moment2: make([]float32, n), gradient: make([]float32, n),
		x:           make([][]float32, len(w)),
		delta:       [2][]float32{make([]float32, widest*batch), make([]float32, widest*batch)},
		rowMajor:    make([]float32, w[1]*batch),
		ones:        make([]float32, batch),
		batchLabels: make([]uint8, batch),
	}
	for i := range t.ones {
		t.ones[i] = 1
	}
	at := 0
	take := func(count int) (value, gradient []float32) {
		from := at
		at += count
		return t.weights[from:at], t.gradient[from:at]
	}
	t.w, t.g = make([][]float32, w.Layers()), make([][]float32, w.Layers())
	t.b, t.gb = make([][]float32, w.Layers()), make([][]float32, w.Layers())
	for p := range w.Layers() {
		t.w[p], t.g[p] = take(len(weights[p]))
		if biases[p] != nil {
			t.b[p], t.gb[p] = take(len(biases[p]))
			copy(t.b[p], biases[p])
		}
		t.x[p+1] = make([]float32, w[p+1]*batch)
		if p == 0 {
			kernel.Transpose32(t.w[p], weights[p], w[1], w[0])
		} else {
			copy(t.w[p], weights[p])
		}
	}
	return t, nil
}

// InitialWeights draws the weights as PyTorch's Linear does by default
// (kaiming_uniform with a = √5): uniform on [−1/√fan_in, 1/√fan_in). Matrix p
// is filled row by row from stream(p).
func InitialWeights(w mlp.Widths, stream func(matrix int) *rng.Stream) [][]float32 {
	weights := make([][]float32, w.Layers())
	for p := range weights {
		weights[p] = uniform(stream(p), w[p], w[p]*w[p+1])
	}
	return weights
}

// InitialBiases draws the biases of all layers, from the same distribution as
// [InitialWeights]; those of layer p from stream(p).
func InitialBiases(w mlp.Widths, stream func(layer int) *rng.Stream) [][]float32 {
	biases := make([][]float32, w.Layers())
	for p := range biases {
		biases[p] = uniform(stream(p), w[p], w[p+1])
	}
	return biases
}

// uniform draws count numbers from [−1/√fanIn, 1/√fanIn).
func uniform(s *rng.Stream, fanIn, count int) []float32 {
	bound := float32(1 / math.Sqrt(float64(fanIn)))
	list := make([]float32, count)
	for i := range list {
		// 2u−1 is exact: u is a multiple of 2⁻²⁴.
		list[i] = (float32(2*s.Float32()) - 1) * bound
	}
	return list
}

// step takes one step of the optimiser on the mean cross-entropy of the objects in rows
// and returns the sum of their losses before the step.
func (t *Trainer) step(rows []int32) float64 {
	loss := t.backward(rows)
	t.state.update(t.weights, t.moment1, t.moment2, t.gradient)
	return loss
}

// backward computes the gradient of the mean loss of the objects in rows and
// returns the sum of their losses.
func (t *Trainer) backward(rows []int32) float64 {
	n, last := len(rows), t.widths.Layers()
	for i, r := range rows {
		t.batchLabels[i] = uint8(t.labels[r])
	}
	h := t.widths[1]
	row := t.rowMajor[:n*h]
	t.first.forward(row, rows, t.w[0], t.b[0], h)
	kernel.Transpose32(t.x[1][:h*n], row, n, h)
	for p := 1; p < last; p++ {
		in, out := t.widths[p], t.widths[p+1]
		x := t.x[p][:in*n]
		kernel.ReLU32(x, x)
		z := t.x[p+1][:out*n]
		kernel.MulNN32(z, t.w[p], x, out, n, in, fillRows(z, t.b[p]))
	}

	k := t.widths.Classes()
	delta := t.x[last][:k*n] // the logits, replaced by the gradient (P − y)/n
	loss := kernel.SoftmaxCrossEntropy32(delta, delta, t.batchLabels, k, n, float32(1/float64(n)))
	for p := last - 1; p >= 1; p-- {
		in, out := t.widths[p], t.widths[p+1]
		x := t.x[p][:in*n]
		kernel.MulNT32(t.g[p], delta, x, out, in, n, false)
		if t.gb[p] != nil {
			kernel.MulNN32(t.gb[p], delta, t.ones, out, 1, n, false)
		}
		below := t.delta[p&1][:in*n]
		kernel.MulTN32(below, t.w[p], delta, in, n, out, false)
		kernel.MaskReLU32(below, x)
		delta = below
	}
	kernel.Transpose32(row, delta, h, n)
	t.first.gradient(t.g[0], rows, row, h)
	if t.gb[0] != nil {
		kernel.ColSums32(t.gb[0], row, n, h, 1)
	}
	return loss
}

// fillRows sets each row of z to the bias of its unit, and reports whether there are
// biases: then a product is added to them.
func fillRows[T float32 | float64](z, bias []T) bool {
	if len(bias) == 0 {
		return false
	}
	objects := len(z) / len(bias)
	for u, b := range bias {
		row := z[u*objects : (u+1)*objects]
		filled := min(8, objects)
		for i := range row[:filled] {
			row[i] = b
		}
		for filled < objects { // copying doubles what is filled, faster than a loop
			filled += copy(row[filled:], row[:filled])
		}
	}
	return true
}

// repeatRow sets each row of z to the biases, one per column, and reports whether
// there are any.
func repeatRow[T float32 | float64](z, bias []T) bool {
	if len(bias) == 0 {
		return false
	}
	for at := 0; at < len(z); at += len(bias) {
		copy(z[at:at+len(bias)], bias)
	}
	return true
}

// Biases returns the current biases, nil where a layer has none; nil where no layer
// has any.
func (t *Trainer) Biases() [][]float32 {
	var out [][]float32
	for p, b := range t.b {
		if b != nil {
			if out == nil {
				out = make([][]float32, len(t.b))
			}
			out[p] = append([]float32(nil), b...)
		}
	}
	return out
}

// Flat returns all current parameters as one vector, in the order of [mlp.Network].
func (t *Trainer) Flat() []float32 {
	flat := make([]float32, 0, len(t.weights))
	for p, w := range t.Weights() {
		flat = append(append(flat, w...), t.b[p]...)
	}
	return flat
}

// Weights returns the current weights, each matrix out×in.
func (t *Trainer) Weights() [][]float32 {
	out := make([][]float32, len(t.w))
	for p, w := range t.w {
		out[p] = make([]float32, len(w))
		if p == 0 {
			kernel.Transpose32(out[p], w, t.widths[0], t.widths[1])
		} else {
			copy(out[p], w)
		}
	}
	return out
}

// finite reports whether every weight and bias is a finite number.
func (t *Trainer) finite() bool {
	for _, v := range t.weights {
		// v − v is 0 for every finite number, NaN otherwise.
		if v-v != 0 {
			return false
		}
	}
	return true
}

// ctxEvery is how many steps pass between two looks at the context.
const ctxEvery = 32

// Length is how long a training lasts: a number of epochs, or of steps where
// Steps is not 0. The last epoch of a number of steps may be cut short.
type Length struct{ Epochs, Steps int }

// EpochsOf returns the number of epochs that are begun, with so many steps in
// a whole one.
func (l Length) EpochsOf(stepsPerEpoch int) int {
	if l.Steps == 0 {
		return l.Epochs
	}
	return (l.Steps-1)/stepsPerEpoch + 1
}

// ErrEnough is what the function that [Trainer.Train] calls after an epoch returns to
// end the training there.
var ErrEnough = errors.New("the training has reached its goal")

// Train runs epochs over objects 0 … objects−1, each in a new random order
// drawn from order(epoch), in steps of the trainer's batch; the last step of an
// epoch takes what is left. It returns the mean loss of each epoch, every
// object's taken just before the step that used it, over the objects that were
// used. done is called after each epoch with its mean loss; if it returns
// [ErrEnough], the training ends there, and with any other error it fails. If check
// is set, the weights are examined after each step, otherwise after each epoch; a
// weight that is infinite or NaN is a *DivergedError.
func (t *Trainer) Train(ctx context.Context, objects int, length Length, order func(epoch int) *rng.Stream, check bool, done func(epoch int, loss float64) error) ([]float64, error) {
	perEpoch := (objects-1)/t.batch + 1
	history := make([]float64, length.EpochsOf(perEpoch))
	rows := make([]int32, objects)
	for epoch := range history {
		rng.Permutation(order(epoch), rows)
		end := objects
		if length.Steps > 0 {
			end = min(objects, (length.Steps-epoch*perEpoch)*t.batch)
		}
		total, step := 0.0, 0
		for from := 0; from < end; from += t.batch {
			if step%ctxEvery == 0 && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			total += t.step(rows[from:min(from+t.batch, objects)])
			step++
			if check && !t.finite() {
				return nil, &DivergedError{Epoch: epoch + 1, Step: step}
			}
			if t.AfterUpdate != nil {
				if err := t.AfterUpdate(epoch*perEpoch + step); err != nil {
					return nil, err
				}
			}
		}
		if !t.finite() {
			return nil, &DivergedError{Epoch: epoch + 1}
		}
		history[epoch] = total / float64(end)
		if err := done(epoch+1, history[epoch]); errors.Is(err, ErrEnough) {
			return history[:epoch+1], nil
		} else if err != nil {
			return nil, err
		}
	}
	return history, nil
}

// Network returns the network of the current weights, in float64.
func (t *Trainer) Network() (*mlp.Network, error) {
	n := &mlp.Network{Widths: t.widths, Biases: widen(t.Biases()), Weights: widen(t.Weights())}
	return n, n.Check()
}

// widen converts a list of slices; nil stays nil.
func widen(list [][]float32) [][]float64 {
	if list == nil {
		return nil
	}
	out := make([][]float64, len(list))
	for p, x := range list {
		if x == nil {
			continue
		}
		out[p] = make([]float64, len(x))
		for i, v := range x {
			out[p][i] = float64(v)
		}
	}
	return out
}

// GradientNorm returns the Euclidean norm of the gradient of the mean loss over
// objects 0 … objects−1 at the current weights. The gradient of each batch, in
// their natural order, is that of a step in float32; the batches are added in
// float64. The error of rounding is some 1e-8 of the mean norm of the gradients of
// single objects.
func (t *Trainer) GradientNorm(ctx context.Context, objects int) (float64, error) {
	sum, rows := make([]float64, len(t.gradient)), make([]int32, 0, t.batch)
	for from := 0; from < objects; from += t.batch {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		rows = rows[:0]
		for i := from; i < min(from+t.batch, objects); i++ {
			rows = append(rows, int32(i))
		}
		t.backward(rows)
		share := float64(len(rows)) / float64(objects)
		for i, g := range t.gradient {
			sum[i] += float64(share * float64(g))
		}
	}
	return kernel.Norm64(sum), nil
}

// DivergedError says where a weight became infinite or NaN. Epoch and Step
// count from 1; Step is 0 where only the epoch is known.
type DivergedError struct{ Epoch, Step int }

func (e *DivergedError) Error() string {
	where := fmt.Sprintf("epoch %d", e.Epoch)
	if e.Step > 0 {
		where += fmt.Sprintf(", step %d", e.Step)
	}
	return "training diverged in " + where + ": a weight is infinite or NaN; lower the learning rate"
}
