package curvature

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// partObjects is how many objects a part holds. Sums over objects are formed
// part by part and the parts are added in order, so that workers share the
// parts and not a bit depends on their number.
const partObjects = 625

// Point is a network evaluated on a set of objects: everything that products
// with H, G and R need again and again, computed once.
type Point struct {
	Network *mlp.Network
	Data    *mlp.Data
	Workers int

	// Losses are ℓ_i, one per object.
	Losses []float64

	inputs *inputs     // Data in products
	x      [][]float64 // x[p], p = 1 … L−1: objects×n_p, the outputs of hidden layer p
	delta  [][]float64 // delta[p], p = 1 … L: objects×n_p, ∂ℓ_i/∂z_p
	slope  [][]float64 // slope[p], as x[p]: σ′(z_p); nil where x[p] tells it (ReLU, identity)
	bend   [][]float64 // bend[p], as x[p]: W_{p+1}ᵀδ_{p+1} ∘ σ″(z_p); nil where σ″ = 0
	prob   []float64   // objects×K: the numbers of A_i, see [mlp.Loss]; for the softmax its probabilities
	argmax []int

	once  sync.Once
	small *reduced
}

// Open reads a network and the first k objects of its data from a stage's
// inputs, as [mlp.Decode] does, and evaluates the network on them; k = 0 means
// all objects. Its error names the input at fault.
func Open(ctx context.Context, inputs map[string][]byte, workers, k int) (*Point, error) {
	network, data, err := mlp.Decode(inputs, k)
	if err != nil {
		return nil, err
	}
	return NewPoint(ctx, network, data, workers)
}

// NewPoint evaluates the network on all objects.
func NewPoint(ctx context.Context, n *mlp.Network, d *mlp.Data, workers int) (*Point, error) {
	if d.Width != n.Inputs() {
		return nil, fmt.Errorf("inputs have %d values, the network's first matrix takes %d", d.Width, n.Inputs())
	}
	if err := d.CheckTargets(n.Loss, n.Classes()); err != nil {
		return nil, err
	}
	k, layers := d.Objects, n.Layers()
	pt := &Point{
		Network: n, Data: d, inputs: newInputs(d), Workers: max(workers, 1),
		Losses: make([]float64, k), x: make([][]float64, layers), delta: make([][]float64, layers+1),
		slope: make([][]float64, layers), bend: make([][]float64, layers),
		prob: make([]float64, k*n.Classes()), argmax: make([]int, k),
	}
	for p := 1; p <= layers; p++ {
		if p < layers {
			pt.x[p] = make([]float64, k*n.Widths[p])
			if n.Activation != mlp.ReLU && n.Activation != mlp.Identity {
				pt.slope[p] = make([]float64, k*n.Widths[p])
			}
			if !n.Activation.PiecewiseLinear() {
				pt.bend[p] = make([]float64, k*n.Widths[p])
			}
		}
		pt.delta[p] = make([]float64, k*n.Widths[p])
	}
	first := make([]float64, len(n.Weights[0])) // n_0×n_1
	kernel.Transpose64(first, n.Weights[0], n.Widths[1], n.Widths[0])
	operand := pt.inputs.operand(first, n.Widths[1])
	err := eachPart(ctx, pt.Workers, parts(0, k), func(_ int, part span) error {
		pt.evaluate(operand, part)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, loss := range pt.Losses {
		if math.IsInf(loss, 0) || math.IsNaN(loss) {
			return nil, fmt.Errorf("the loss of object %d is %v: %w", i, loss, eigen.ErrOverflow)
		}
	}
	return pt, nil
}

// evaluate fills the rows of one part.
func (pt *Point) evaluate(first operand, part span) {
	lo, hi := part.lo, part.hi
	n, m := pt.Network, hi-lo
	layers := n.Layers()
	rows := func(a []float64, p int) []float64 { return a[lo*n.Widths[p] : hi*n.Widths[p]] }
	logits := make([]float64, m*n.Classes())
	for p := range layers {
		z := logits
		if p+1 < layers {
			z = rows(pt.x[p+1], p+1)
		}
		if p == 0 {
			pt.inputs.times(z, first, pt.inputs.sparsePart(part), part, lo, hi, n.Widths[1])
			addBias(z, biasOf(n, 0))
		} else {
			kernel.MulNT64(z, rows(pt.x[p], p), n.Weights[p], m, n.Widths[p+1], n.Widths[p], setBias(z, biasOf(n, p)))
		}
		if p+1 < layers {
			pt.activate(z, p+1, lo)
		}
	}
	classes := n.Classes()
	for i := range m {
		at := lo + i
		z := logits[i*classes : (i+1)*classes]
		prob := pt.prob[at*classes : (at+1)*classes]
		delta := pt.delta[layers][at*classes : (at+1)*classes]
		pt.Losses[at], pt.argmax[at] = n.Loss.At(z, pt.Data.Labels[at], pt.Data.Target(at), delta, prob)
	}
	for p := layers - 1; p >= 1; p-- {
		delta := rows(pt.delta[p], p)
		kernel.MulNN64(delta, rows(pt.delta[p+1], p+1), n.Weights[p], m, n.Widths[p], n.Widths[p+1], false)
		if pt.bend[p] != nil {
			bend := rows(pt.bend[p], p)
			kernel.Mul64(bend, bend, delta)
		}
		pt.chain(delta, p, lo)
	}
}

// MeanLoss is the mean of the losses of the first k objects.
func (pt *Point) MeanLoss(k int) float64 { return kernel.Sum64(pt.Losses[:k]) / float64(k) }

// Accuracy is the share of objects whose largest output is that of their class. For
// losses with targets it is the share of outputs on the side of 0 on which their
// target is of ½.
func (pt *Point) Accuracy() float64 {
	n, right := pt.Network, 0
	if !n.Loss.Targets() {
		for i, y := range pt.Data.Labels {
			if pt.argmax[i] == y {
				right++
			}
		}
		return float64(right) / float64(pt.Data.Objects)
	}
	for i := range pt.Data.Objects {
		// σ(z) − t, of which the sign is not changed by the mean over outputs
		residual := pt.Delta(n.Layers(), i)
		for c, t := range pt.Data.Target(i) {
			if (float64(residual[c]*float64(n.Classes()))+t >= 0.5) == (t >= 0.5) {
				right++
			}
		}
	}
	return float64(right) / float64(len(pt.Data.Targets))
}

// Softmax returns P of object i, or what else its A is made of, see [mlp.Loss];
// it is shared with the point.
func (pt *Point) Softmax(i int) []float64 { return row(pt.prob, i, pt.Network.Classes()) }

// Activations returns the outputs of hidden layer p (1 … L−1) for object i,
// shared with the point.
func (pt *Point) Activations(p, i int) []float64 { return row(pt.x[p], i, pt.Network.Widths[p]) }

// Delta returns δ_p = ∂ℓ_i/∂z_p of object i, p = 1 … L, shared with the point.
func (pt *Point) Delta(p, i int) []float64 { return row(pt.delta[p], i, pt.Network.Widths[p]) }

// Slopes returns σ′(z_p) of hidden layer p (1 … L−1) for object i, shared with
// the point; nil where the activations say it: 1 for the identity, and for ReLU
// where the unit is active.
func (pt *Point) Slopes(p, i int) []float64 {
	if pt.slope[p] == nil {
		return nil
	}
	return row(pt.slope[p], i, pt.Network.Widths[p])
}

// Bends returns W_{p+1}ᵀδ_{p+1} ∘ σ″(z_p) of hidden layer p (1 … L−1) for object i,
// shared with the point; nil where σ″ = 0.
func (pt *Point) Bends(p, i int) []float64 {
	if pt.bend[p] == nil {
		return nil
	}
	return row(pt.bend[p], i, pt.Network.Widths[p])
}

// row returns row i of a matrix of that width.
func row(matrix []float64, i, width int) []float64 { return matrix[i*width : (i+1)*width] }

// Gradient returns Σ c_i ∇ℓ_i as a direction; coefficients nil is the mean.
func (pt *Point) Gradient(ctx context.Context, coefficients []float64) ([]float64, error) {
	n := pt.Network
	used, c, err := pt.used(coefficients)
	if err != nil {
		return nil, err
	}
	list := parts(used.lo, used.hi)
	sums := make([][]float64, len(list))
	err = eachPart(ctx, pt.Workers, list, func(at int, part span) error {
		m := part.hi - part.lo
		sum := make([]float64, n.Parameters())
		for p := range n.Layers() {
			d := make([]float64, m*n.Widths[p+1])
			scaleRows(d, pt.delta[p+1][part.lo*n.Widths[p+1]:part.hi*n.Widths[p+1]], c[part.lo:part.hi])
			out := sum[n.Offset(p) : n.Offset(p)+len(n.Weights[p])]
			if p == 0 {
				t := make([]float64, len(out))
				pt.inputs.transposedTimes(t, d, pt.inputs.sparsePart(part), part, n.Widths[1])
				kernel.Transpose64(out, t, n.Widths[0], n.Widths[1])
			} else {
				kernel.MulTN64(out, d, pt.x[p][part.lo*n.Widths[p]:part.hi*n.Widths[p]], n.Widths[p+1], n.Widths[p], m, false)
			}
			addRows(n.BiasOf(sum, p), d, false)
		}
		sums[at] = sum
		return nil
	})
	if err != nil {
		return nil, err
	}
	addParts(pt.Workers, sums)
	return sums[0], nil
}

// used returns the coefficients, where nil means the mean over all objects, and
// the range of objects from the first coefficient that is not zero to the last
// one given.
func (pt *Point) used(coefficients []float64) (span, []float64, error) {
	k := pt.Data.Objects
	if coefficients == nil {
		return span{0, k}, Prefix(k, k), nil
	}
	if len(coefficients) > k {
		return span{}, nil, fmt.Errorf("%d coefficients for %d objects", len(coefficients), k)
	}
	s := span{0, len(coefficients)}
	for s.lo < s.hi && coefficients[s.lo] == 0 {
		s.lo++
	}
	return s, coefficients, nil
}

// Prefix returns the coefficients of the mean over the first k of n objects.
func Prefix(k, n int) []float64 {
	c := make([]float64, min(k, n))
	for i := range c {
		c[i] = 1 / float64(k)
	}
	return c
}

// Increment returns the coefficients of H_{k+1} − H^(k): object k (counted
// from 0) less the mean of the first k.
func Increment(k int) []float64 {
	c := make([]float64, k+1)
	for i := range k {
		c[i] = -1 / float64(k)
	}
	c[k] = 1
	return c
}

// scaleRows sets row i of dst to c_i times row i of src.
func scaleRows(dst, src, c []float64) {
	width := len(src) / len(c)
	for i, f := range c {
		for j := i * width; j < (i+1)*width; j++ {
			dst[j] = float64(f * src[j])
		}
	}
}

// span is a range of objects.
type span struct{ lo, hi int }

// parts cuts a range of objects at the multiples of partObjects.
func parts(lo, hi int) []span {
	var list []span
	for lo < hi {
		next := min((lo/partObjects+1)*partObjects, hi)
		list = append(list, span{lo, next})
		lo = next
	}
	return list
}

// eachPart calls f for every part, workers at a time, and returns the first
// error in the order of the parts.
func eachPart(ctx context.Context, workers int, list []span, f func(at int, part span) error) error {
	return parallel.Try(ctx, workers, len(list), func(at int) error { return f(at, list[at]) })
}

// addParts adds the parts in order into the first. Workers share the entries.
func addParts(workers int, sums [][]float64) {
	const piece = 8192 // entries that stay in a cache while the parts are added
	n := len(sums[0])
	parallel.Each(workers, (n+piece-1)/piece, func(at int) {
		lo, hi := at*piece, min((at+1)*piece, n)
		for _, s := range sums[1:] {
			kernel.Axpy64(sums[0][lo:hi], 1, s[lo:hi])
		}
	})
}
