package nn

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Evaluation holds what a network makes of each object.
type Evaluation struct {
	Losses  []float64 // cross-entropy, nats
	Correct []bool    // the largest logit is the label's; the lowest class wins a tie
	Dead    []bool    // some hidden layer is all zero, so all logits are 0
}

// evalRows is how many objects are evaluated together. Objects do not meet in
// any sum, so it has no influence on the bits.
const evalRows = 96

// pixel64 is x = 2u/255 − 1 in float64, for evaluation and curvature.
var pixel64 = func() (t [256]float64) {
	for u := range t {
		t[u] = float64(2*u)/255 - 1
	}
	return t
}()

// Pixel returns the value in [−1, 1] that the network sees for the byte u.
func Pixel(u uint8) float64 { return pixel64[u] }

// Evaluate computes the network's losses in float64 on up to workers
// goroutines, whose number has no influence on the result.
func Evaluate(ctx context.Context, w Widths, weights [][]float64, in Inputs, labels []uint8, workers int) (*Evaluation, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	if err := checkWeights(w, weights); err != nil {
		return nil, err
	}
	if in.Width != w.Inputs() || len(labels) != in.Objects {
		return nil, fmt.Errorf("network with widths %v: %d objects of %d values and %d labels", []int(w), in.Objects, in.Width, len(labels))
	}
	e := &Evaluation{
		Losses:  make([]float64, in.Objects),
		Correct: make([]bool, in.Objects),
		Dead:    make([]bool, in.Objects),
	}
	first := make([]float64, len(weights[0]))
	kernel.Transpose64(first, weights[0], w[1], w[0])
	var next atomic.Int64
	var group sync.WaitGroup
	for range max(workers, 1) {
		group.Go(func() {
			f := newForward(w, weights, first, in.Bytes == nil)
			for ctx.Err() == nil {
				from := int(next.Add(1)-1) * evalRows
				if from >= in.Objects {
					return
				}
				to := min(from+evalRows, in.Objects)
				z := f.logits(in, from, to)
				f.losses(e, z, labels, from, to)
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for i, v := range e.Losses {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("object %d has loss %v: the logits overflow", i, v)
		}
	}
	return e, nil
}

// forward is the room for a forward pass of evalRows objects.
type forward struct {
	widths  Widths
	weights [][]float64
	first   []float64   // weights[0] transposed, n_0×n_1
	input   []float64   // features, objects × n_0
	x       [][]float64 // x[p], n_p × objects: a column an object; x[0] is the first layer, a row an object
}

func newForward(w Widths, weights [][]float64, first []float64, features bool) *forward {
	f := &forward{widths: w, weights: weights, first: first, x: make([][]float64, len(w))}
	if features {
		f.input = make([]float64, evalRows*w[0])
	}
	f.x[0] = make([]float64, evalRows*w[1])
	for p := 1; p < len(w); p++ {
		f.x[p] = make([]float64, evalRows*w[p])
	}
	return f
}

// logits returns the logits of objects from … to−1, classes × objects. The
// zeros of the pixels are not skipped: putting them into a sparse form costs
// what one pass over them saves.
func (f *forward) logits(in Inputs, from, to int) []float64 {
	w, n := f.widths, to-from
	if in.Bytes != nil {
		kernel.MulNN64U8(f.x[0], in.Bytes[from*w[0]:to*w[0]], w[0], &pixel64, f.first, n, w[1], w[0], false)
	} else {
		for i, v := range in.Floats[from*w[0] : to*w[0]] {
			f.input[i] = float64(v)
		}
		kernel.MulNN64(f.x[0], f.input, f.first, n, w[1], w[0], false)
	}
	kernel.Transpose64(f.x[1], f.x[0], n, w[1])
	for p := 1; p < w.Matrices(); p++ {
		x := f.x[p][:w[p]*n]
		kernel.ReLU64(x, x)
		kernel.MulNN64(f.x[p+1], f.weights[p], x, w[p+1], n, w[p], false)
	}
	return f.x[len(w)-1][:w.Classes()*n]
}

// losses fills e for objects from … to−1 from their logits z.
func (f *forward) losses(e *Evaluation, z []float64, labels []uint8, from, to int) {
	w, n := f.widths, to-from
	for i := range n {
		best := 0
		for c := 1; c < w.Classes(); c++ {
			if z[c*n+i] > z[best*n+i] {
				best = c
			}
		}
		top, y := z[best*n+i], int(labels[from+i])
		// loss = log Σ_c exp(z_c − z_y) = (top − z_y) + log1p(Σ_{c≠best} exp(z_c − top)):
		// exact to the last bits however confident the network is, for the
		// small sum never meets a 1, and nothing overflows.
		rest := 0.0
		for c := range w.Classes() {
			if c != best {
				rest += detmath.Exp(z[c*n+i] - top)
			}
		}
		e.Losses[from+i] = (top - z[y*n+i]) + detmath.Log1p(rest)
		e.Correct[from+i] = best == y
		e.Dead[from+i] = f.dead(i, n)
	}
}

// dead says whether a hidden layer of object i is all zero. Such a layer makes
// the ones behind it zero too, so the last one tells.
func (f *forward) dead(i, n int) bool {
	last := f.widths.Matrices() - 1
	if last == 0 {
		return false
	}
	for c := range f.widths[last] {
		if f.x[last][c*n+i] != 0 {
			return false
		}
	}
	return true
}
