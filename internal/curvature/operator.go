package curvature

import (
	"context"
	"fmt"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// Term is one of the second-order operators.
type Term int

const (
	Hessian     Term = iota // H = G + R
	GaussNewton             // G = Σ c_i J_iᵀ A_i J_i
	HTerm                   // R = H − G
)

// String names the operator as formulas do.
func (t Term) String() string { return [...]string{"H", "G", "R"}[t] }

// ParseTerm is the inverse of String.
func ParseTerm(s string) (Term, error) {
	for _, t := range []Term{Hessian, GaussNewton, HTerm} {
		if t.String() == s {
			return t, nil
		}
	}
	return 0, fmt.Errorf("operator %q: want H, G or R", s)
}

// blockWidth bounds the columns of a stacked product, block × n_1.
const blockWidth = 512

// Operator is Σ c_i H_i, or its G- or H-term, as products with directions. It
// implements eigen.Operator.
type Operator struct {
	all      *reduced // maps directions of the network to those of pt
	pt       *Point   // without dead units
	term     Term
	c        []float64
	parts    []span
	pixels   []*sparsePart
	weightsT [][]float64 // [p]: W_{p+1} transposed, n_p×n_{p+1}, p ≥ 1
	scaled   [][]float64 // [p]: c_i δ_p,i for p = 2 … L, rows of all parts from parts[0].lo
	bend     [][]float64 // [p]: c_i times the point's, the same rows; nil where σ″ = 0
	scratch  sync.Pool   // *scratch
	sums     sync.Pool   // []float64
}

// Operator returns Σ c_i of the term over objects; coefficients nil is the
// mean over all objects. Coefficients of any sign are allowed: H_{k+1} − H^(k)
// is one operator.
func (pt *Point) Operator(term Term, coefficients []float64) (*Operator, error) {
	used, c, err := pt.used(coefficients)
	if err != nil {
		return nil, err
	}
	if used.lo == used.hi {
		return nil, fmt.Errorf("operator %v: all coefficients are zero", term)
	}
	all := pt.reduce()
	pt = all.point
	n := pt.Network
	op := &Operator{all: all, pt: pt, term: term, c: c, parts: parts(used.lo, used.hi), weightsT: make([][]float64, n.Layers())}
	op.pixels = make([]*sparsePart, len(op.parts))
	parallel.Each(pt.Workers, len(op.parts), func(at int) { op.pixels[at] = pt.inputs.sparsePart(op.parts[at]) })
	for p := 1; p < n.Layers(); p++ {
		op.weightsT[p] = make([]float64, len(n.Weights[p]))
		kernel.Transpose64(op.weightsT[p], n.Weights[p], n.Widths[p+1], n.Widths[p])
	}
	if term != GaussNewton {
		op.scaled = make([][]float64, n.Layers()+1)
		parallel.Each(pt.Workers, n.Layers()-1, func(at int) {
			p := at + 2
			op.scaled[p] = make([]float64, (used.hi-used.lo)*n.Widths[p])
			scaleRows(op.scaled[p], pt.delta[p][used.lo*n.Widths[p]:used.hi*n.Widths[p]], c[used.lo:used.hi])
		})
		if !n.Activation.PiecewiseLinear() {
			op.bend = make([][]float64, n.Layers())
			for p := 1; p < n.Layers(); p++ {
				op.bend[p] = make([]float64, (used.hi-used.lo)*n.Widths[p])
				scaleRows(op.bend[p], pt.bend[p][used.lo*n.Widths[p]:used.hi*n.Widths[p]], c[used.lo:used.hi])
			}
		}
	}
	return op, nil
}

// Dim is the number of parameters.
func (op *Operator) Dim() int { return op.all.full.Parameters() }

// Apply sets dst to the operator applied to each of the directions in src,
// both block×Dim.
func (op *Operator) Apply(ctx context.Context, dst, src []float64, block int) error {
	dim, most := op.Dim(), max(1, blockWidth/op.pt.Network.Widths[1])
	for from := 0; from < block; from += most {
		b := min(most, block-from)
		to, v := dst[from*dim:(from+b)*dim], op.all.gather(src[from*dim:(from+b)*dim], b)
		if op.pt.Network == op.all.full {
			if err := op.apply(ctx, to, v, b); err != nil {
				return err
			}
			continue
		}
		image := make([]float64, len(v))
		if err := op.apply(ctx, image, v, b); err != nil {
			return err
		}
		op.all.scatter(to, image, b)
	}
	return nil
}

// apply is Apply in the network without dead units.
func (op *Operator) apply(ctx context.Context, dst, src []float64, b int) error {
	dim := op.pt.Network.Parameters()
	v := newDirections(op.pt.Network, op.pt.inputs, src, b)
	sums := make([][]float64, len(op.parts))
	err := eachPart(ctx, op.pt.Workers, op.parts, func(at int, _ span) error {
		if kept, ok := op.sums.Get().([]float64); ok && len(kept) >= b*dim {
			sums[at] = kept[:b*dim]
		} else {
			sums[at] = make([]float64, b*dim)
		}
		op.part(sums[at], v, at)
		return nil
	})
	defer func() {
		for _, s := range sums {
			if s != nil {
				//lint:ignore SA6002 a slice header is small beside the sums
				op.sums.Put(s[:cap(s)])
			}
		}
	}()
	if err != nil {
		return err
	}
	// The sums hold the first layer of all directions side by side and
	// transposed, its biases, then the other layers, direction by direction.
	n := op.pt.Network
	in, out, rest := n.Widths[0], n.Widths[1], dim-n.Offset(1)
	addParts(op.pt.Workers, sums)
	for d := range b {
		to := dst[d*dim : (d+1)*dim]
		for u := range out {
			row := to[u*in : (u+1)*in]
			for j := range row {
				row[j] = sums[0][j*b*out+d*out+u]
			}
		}
		if n.Biased(0) {
			copy(n.BiasOf(to, 0), sums[0][b*in*out+d*out:])
		}
		copy(to[n.Offset(1):], sums[0][b*n.Offset(1)+d*rest:][:rest])
	}
	return nil
}

// directions are the matrices V_p of several directions, in the forms that
// products need.
type directions struct {
	count     int
	first     operand       // the first layer's, transposed, side by side: n_0×(b n_1)
	firstBias []float64     // its biases, side by side; nil where it has none
	v, vT     [][][]float64 // [d][p], p ≥ 1: V_p as given, and transposed
	bias      [][][]float64 // [d][p], p ≥ 1: the biases, empty where there are none
}

func newDirections(n *mlp.Network, in *inputs, src []float64, b int) *directions {
	dim := n.Parameters()
	width, out := n.Widths[0], n.Widths[1]
	dirs, first := &directions{count: b}, make([]float64, b*width*out)
	for i := range b {
		matrix := src[i*dim : i*dim+width*out]
		for u := range out {
			for j, x := range matrix[u*width : (u+1)*width] {
				first[j*b*out+i*out+u] = x
			}
		}
		own := src[i*dim : (i+1)*dim]
		dirs.firstBias = append(dirs.firstBias, n.BiasOf(own, 0)...)
		v, vT, bias := make([][]float64, n.Layers()), make([][]float64, n.Layers()), make([][]float64, n.Layers())
		for p := 1; p < n.Layers(); p++ {
			v[p], bias[p] = n.MatrixOf(own, p), n.BiasOf(own, p)
			vT[p] = make([]float64, len(v[p]))
			kernel.Transpose64(vT[p], v[p], n.Widths[p+1], n.Widths[p])
		}
		dirs.v, dirs.vT, dirs.bias = append(dirs.v, v), append(dirs.vT, vT), append(dirs.bias, bias)
	}
	dirs.first = in.operand(first, b*out)
	return dirs
}

// tileNumbers is how many float64 the derivatives of a tile's activations may
// fill: they stay in a core's second cache from the first layer to the last
// and back.
const tileNumbers = 36 << 10

// tileObjects is how many objects pass through all layers together.
func tileObjects(n *mlp.Network) int {
	wide := 0
	for _, w := range n.Widths[1:] {
		wide += w
	}
	return min(max(tileNumbers/wide/12*12, 24), partObjects) // kernels take 12 rows at a time
}

// scratch is the memory that the product of one part needs.
type scratch struct {
	stacked []float64   // tile×(b n_1)
	rx      [][]float64 // [p]: tile×n_p, the derivative of x_{p+1}, finally of the logits
	rz      [][]float64 // [p]: tile×n_p, the derivative of z_p where σ″ is not 0
	rd      [2][]float64
	rd1     []float64 // part×(b n_1)
}

// derivative is where the first numbers of the derivative of z_p go: that of x_{p+1}
// takes their place where σ″ is 0.
func (r *scratch) derivative(p, numbers int) []float64 {
	if r.rz[p] != nil {
		return r.rz[p][:numbers]
	}
	return r.rx[p][:numbers]
}

// borrow returns scratch memory for b directions; op.scratch takes it back.
func (op *Operator) borrow(b int) *scratch {
	n := op.pt.Network
	r, _ := op.scratch.Get().(*scratch)
	if r == nil {
		r = &scratch{rx: make([][]float64, n.Layers()+1), rz: make([][]float64, n.Layers()+1)}
		tile, widest, largest := tileObjects(n), 0, 0
		for p := 1; p <= n.Layers(); p++ {
			r.rx[p] = make([]float64, tile*n.Widths[p])
			if op.bend != nil && p < n.Layers() {
				r.rz[p] = make([]float64, tile*n.Widths[p])
			}
			widest = max(widest, n.Widths[p])
			if p < n.Layers() {
				largest = max(largest, len(n.Weights[p]))
			}
		}
		r.rd = [2][]float64{make([]float64, tile*widest), make([]float64, tile*widest)}
	}
	if len(r.rd1) < partObjects*b*n.Widths[1] {
		r.rd1 = make([]float64, partObjects*b*n.Widths[1])
		r.stacked = make([]float64, tileObjects(n)*b*n.Widths[1])
	}
	return r
}

// part adds the products of one part's objects to sum: R-forward and
// R-backward propagation (Pearlmutter, 1994), one tile of objects after the
// other. Neither tiles nor blocks change a bit: all sums over objects run in
// the order of the objects.
func (op *Operator) part(sum []float64, v *directions, at int) {
	pt, n, part := op.pt, op.pt.Network, op.parts[at]
	r := op.borrow(v.count)
	defer op.scratch.Put(r)
	b, out, step := v.count, n.Widths[1], tileObjects(n)
	rest := n.Parameters() - n.Offset(1)
	for lo := part.lo; lo < part.hi; lo += step {
		hi := min(lo+step, part.hi)
		m := hi - lo
		rz := r.derivative(1, m*out)
		stacked := rz
		if b > 1 {
			stacked = r.stacked[:m*b*out]
		}
		pt.inputs.times(stacked, v.first, op.pixels[at], part, lo, hi, b*out)
		addBias(stacked, v.firstBias)
		for d := range b {
			if b > 1 {
				for i := range m {
					copy(rz[i*out:(i+1)*out], stacked[i*b*out+d*out:])
				}
			}
			first := op.tile(r, sum[b*n.Offset(1)+d*rest:][:rest], v, d, lo, hi, lo > part.lo)
			if b == 1 {
				copy(r.rd1[(lo-part.lo)*out:], first)
				continue
			}
			for i := range m {
				copy(r.rd1[((lo-part.lo+i)*b+d)*out:][:out], first[i*out:])
			}
		}
	}
	rd1 := r.rd1[:(part.hi-part.lo)*b*out]
	pt.inputs.transposedTimes(sum[:b*len(n.Weights[0])], rd1, op.pixels[at], part, b*out)
	addRows(sum[b*len(n.Weights[0]):b*n.Offset(1)], rd1, false)
}

// tile takes the objects lo … hi−1 in direction d from the derivative of z_1, which
// is in r.derivative(1), to the last layer and back. It sets sum, or adds to it, and
// returns the derivative of c_i δ_1.
func (op *Operator) tile(r *scratch, sum []float64, dirs *directions, d, lo, hi int, add bool) []float64 {
	pt, n, m := op.pt, op.pt.Network, hi-lo
	layers, v, vT := n.Layers(), dirs.v[d], dirs.vT[d]
	x := func(p int) []float64 { return pt.x[p][lo*n.Widths[p] : hi*n.Widths[p]] }
	slope := func(p int) []float64 { return pt.slope[p][lo*n.Widths[p] : hi*n.Widths[p]] }
	rx := func(p int) []float64 { return r.rx[p][:m*n.Widths[p]] }
	rd := func(p int) []float64 { return r.rd[p&1][:m*n.Widths[p]] }
	for p := 1; p < layers; p++ {
		in, out := n.Widths[p], n.Widths[p+1]
		if op.bend != nil {
			kernel.Mul64(rx(p), r.derivative(p, m*in), slope(p))
		} else {
			pt.chain(rx(p), p, lo)
		}
		next := r.derivative(p+1, m*out)
		kernel.MulNN64(next, x(p), vT[p], m, out, in, setBias(next, dirs.bias[d][p]))
		kernel.MulNN64(next, rx(p), op.weightsT[p], m, out, in, true)
	}
	op.output(rd(layers), rx(layers), lo, hi)
	for p := layers - 1; p >= 1; p-- {
		in, out := n.Widths[p], n.Widths[p+1]
		layer := sum[n.Offset(p)-n.Offset(1) : n.Offset(p+1)-n.Offset(1)]
		target := layer[:in*out]
		kernel.MulTN64(target, rd(p+1), x(p), out, in, m, add)
		addRows(layer[in*out:], rd(p+1), add)
		kernel.MulNN64(rd(p), rd(p+1), n.Weights[p], m, in, out, false)
		if op.term != GaussNewton {
			from := op.parts[0].lo
			delta := op.scaled[p+1][(lo-from)*out : (hi-from)*out]
			kernel.MulTN64(target, delta, rx(p), out, in, m, true)
			kernel.MulNN64(rd(p), delta, v[p], m, in, out, true)
		}
		if op.bend != nil {
			from := op.parts[0].lo
			kernel.SumProducts64(rd(p), rd(p), slope(p), op.bend[p][(lo-from)*in:], r.derivative(p, m*in))
		} else {
			pt.chain(rd(p), p, lo)
		}
	}
	return rd(1)
}

// output sets rd to c_i A_i times the derivatives of the logits, or to zero for
// the H-term. A is applied to logits shifted by that of the most likely class:
// unshifted, a gap of 40 leaves no correct digit.
func (op *Operator) output(rd, rz []float64, lo, hi int) {
	if op.term == HTerm {
		clear(rd)
		return
	}
	classes := op.pt.Network.Classes()
	for i := lo; i < hi; i++ {
		op.pt.lossProduct(rd[(i-lo)*classes:(i-lo+1)*classes], rz[(i-lo)*classes:(i-lo+1)*classes], i, op.c[i])
	}
}

// lossProduct sets q to c A_i s. For the softmax it shifts s by its entry of the
// most likely class, which does not change A s.
func (pt *Point) lossProduct(q, s []float64, i int, c float64) {
	prob := pt.prob[i*len(s) : (i+1)*len(s)]
	if pt.Network.Loss.Separable() {
		for j, a := range prob {
			q[j] = float64(float64(a*s[j]) * c)
		}
		return
	}
	shift, mean := s[pt.argmax[i]], 0.0
	for j, p := range prob {
		s[j] -= shift
		mean += float64(p * s[j])
	}
	for j, p := range prob {
		q[j] = float64(float64(p*(s[j]-mean)) * c)
	}
}
