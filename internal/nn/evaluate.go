package nn

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// Evaluation holds what a network makes of each object.
type Evaluation struct {
	Losses  []float64 // cross-entropy, nats
	Correct []bool    // the largest logit is the label's; the lowest class wins a tie
	Dead    []bool    // some hidden layer of a network without biases is all zero, so all logits are 0
}

// MeanLoss returns the mean of the first n losses: the sum over n, corrected by the
// mean of what is left, so that equal losses have exactly that loss as their mean.
func (e *Evaluation) MeanLoss(n int) float64 {
	losses := e.Losses[:n]
	mean := kernel.Sum64(losses) / float64(n)
	rest := make([]float64, n)
	for i, l := range losses {
		rest[i] = l - mean
	}
	return mean + kernel.Sum64(rest)/float64(n)
}

// Accuracy returns the share of the first n objects that are classified correctly.
func (e *Evaluation) Accuracy(n int) float64 {
	correct := 0
	for _, c := range e.Correct[:n] {
		if c {
			correct++
		}
	}
	return float64(correct) / float64(n)
}

// evalRows is how many objects are evaluated together. No sum runs over
// objects, so it does not change a bit.
const evalRows = 96

// Evaluate computes the network's losses in float64 on at most workers
// goroutines, whose number does not change the result.
func Evaluate(ctx context.Context, n *mlp.Network, d *mlp.Data, workers int) (*Evaluation, error) {
	if d.Width != n.Inputs() {
		return nil, fmt.Errorf("network with widths %v: objects have %d values", []int(n.Widths), d.Width)
	}
	if err := d.CheckLabels(n.Classes()); err != nil {
		return nil, err
	}
	e := &Evaluation{
		Losses:  make([]float64, d.Objects),
		Correct: make([]bool, d.Objects),
		Dead:    make([]bool, d.Objects),
	}
	first := make([]float64, len(n.Weights[0]))
	kernel.Transpose64(first, n.Weights[0], n.Widths[1], n.Widths[0])
	scratch := sync.Pool{New: func() any { return newForward(n, first) }}
	err := parallel.Try(ctx, workers, (d.Objects+evalRows-1)/evalRows, func(i int) error {
		f := scratch.Get().(*forward)
		defer scratch.Put(f)
		from, to := i*evalRows, min((i+1)*evalRows, d.Objects)
		f.losses(e, f.logits(d, from, to), d.Labels, from, to)
		return nil
	})
	if err != nil {
		return nil, context.Cause(ctx)
	}
	for i, v := range e.Losses {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("object %d has loss %v: the logits overflow", i, v)
		}
	}
	return e, nil
}

// forward is the scratch memory for a forward pass of evalRows objects.
type forward struct {
	*mlp.Network
	biased bool        // any layer
	first  []float64   // Weights[0] transposed, n_0×n_1
	x      [][]float64 // x[p], n_p × objects: one column per object; x[0] is the first layer, one row per object
	column []float64   // the logits of one object
	table  *[256]float64
}

func newForward(n *mlp.Network, first []float64) *forward {
	f := &forward{Network: n, biased: n.AnyBiased(), first: first, x: make([][]float64, len(n.Widths)), column: make([]float64, n.Classes()), table: mlp.Pixels()}
	f.x[0] = make([]float64, evalRows*n.Widths[1])
	for p := 1; p < len(n.Widths); p++ {
		f.x[p] = make([]float64, evalRows*n.Widths[p])
	}
	return f
}

// logits returns the logits of objects from … to−1, classes × objects. The
// zeros of the pixels are not skipped: putting them into a sparse form costs
// what one pass over them saves.
func (f *forward) logits(d *mlp.Data, from, to int) []float64 {
	w, n := f.Widths, to-from
	biased := repeatRow(f.x[0][:n*w[1]], f.bias(0))
	if d.Bytes != nil {
		kernel.MulNN64U8(f.x[0], d.Bytes[from*w[0]:to*w[0]], w[0], f.table, f.first, n, w[1], w[0], biased)
	} else {
		kernel.MulNN64(f.x[0], d.Values[from*w[0]:to*w[0]], f.first, n, w[1], w[0], biased)
	}
	kernel.Transpose64(f.x[1], f.x[0], n, w[1])
	for p := 1; p < w.Layers(); p++ {
		x := f.x[p][:w[p]*n]
		kernel.ReLU64(x, x)
		z := f.x[p+1][:w[p+1]*n]
		kernel.MulNN64(z, f.Weights[p], x, w[p+1], n, w[p], fillRows(z, f.bias(p)))
	}
	return f.x[len(w)-1][:w.Classes()*n]
}

// bias returns the biases of layer p, counted from 0, nil for none.
func (f *forward) bias(p int) []float64 {
	if !f.Biased(p) {
		return nil
	}
	return f.Biases[p]
}

// losses fills e for objects from … to−1 from their logits z.
func (f *forward) losses(e *Evaluation, z []float64, labels []int, from, to int) {
	n := to - from
	for i := range n {
		for c := range f.column {
			f.column[c] = z[c*n+i]
		}
		y := labels[from+i]
		loss, top, _ := mlp.CrossEntropyLoss(f.column, y)
		e.Losses[from+i] = loss
		e.Correct[from+i] = top == y
		e.Dead[from+i] = !f.biased && f.dead(i, n)
	}
}

// dead reports whether a hidden layer of object i is all zero. Without biases such a
// layer makes all later ones zero, so it is enough to look at the last.
func (f *forward) dead(i, n int) bool {
	last := f.Layers() - 1
	if last == 0 {
		return false
	}
	for c := range f.Widths[last] {
		if f.x[last][c*n+i] != 0 {
			return false
		}
	}
	return true
}
