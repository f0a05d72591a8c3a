package curvature

import (
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Null counts the reasons for zero eigenvalues.
type Null struct {
	DeadUnits      []int // of each hidden layer: never active over the data
	DeadObjects    int   // a hidden layer is all zero: H_i = 0
	Rescaling      int   // Σ_{p<L} n_p: zero for G, and for H where the gradient is zero; 0 where units cannot be rescaled
	SoftmaxShift   int   // n_{L−1}, and 1 for biases: zero for G and H wherever θ lies; 0 for other losses
	ConstantInputs int   // inputs with one value over all objects
	Guaranteed     int   // zero for G and H wherever θ lies: softmax shift and constant inputs
}

// Null counts them over all objects of the point.
func (pt *Point) Null() Null {
	n := pt.Network
	layers := n.Layers()
	null := Null{DeadUnits: make([]int, layers-1)}
	if !n.Loss.Separable() {
		null.SoftmaxShift = columns(n, layers-1)
	}
	dead := make([]bool, pt.Data.Objects)
	for p := 1; p < layers; p++ {
		width := n.Widths[p]
		if n.Activation.Homogeneous() {
			null.Rescaling += width
		}
		if n.Activation != mlp.ReLU {
			continue // no unit is dead
		}
		used := make([]bool, width)
		for i := range pt.Data.Objects {
			alive := false
			for u, x := range pt.x[p][i*width : (i+1)*width] {
				if x > 0 {
					used[u], alive = true, true
				}
			}
			dead[i] = dead[i] || !alive && !n.AnyBiased()
		}
		for _, u := range used {
			if !u {
				null.DeadUnits[p-1]++
			}
		}
	}
	for _, d := range dead {
		if d {
			null.DeadObjects++
		}
	}
	null.ConstantInputs = len(constantInputs(pt.Data))
	null.Guaranteed = null.SoftmaxShift
	// With one matrix, shifts along the inputs are among the softmax shifts. The
	// bias is one more constant input.
	if constant := null.ConstantInputs + columns(n, 0) - n.Widths[0]; (layers > 1 || n.Loss.Separable()) && constant > 1 {
		null.Guaranteed += (constant - 1) * n.Widths[1]
	}
	return null
}

// constantInputs lists the inputs with one value over all objects.
func constantInputs(d *mlp.Data) []int {
	constant := make([]bool, d.Width)
	for j := range constant {
		constant[j] = true
	}
	first, x := make([]float64, d.Width), make([]float64, d.Width)
	d.Row(0, first)
	for i := 1; i < d.Objects; i++ {
		if d.Bytes != nil {
			for j, u := range d.Bytes[i*d.Width : (i+1)*d.Width] {
				if u != d.Bytes[j] {
					constant[j] = false
				}
			}
			continue
		}
		d.Row(i, x)
		for j := range x {
			if x[j] != first[j] {
				constant[j] = false
			}
		}
	}
	var list []int
	for j, c := range constant {
		if c {
			list = append(list, j)
		}
	}
	return list
}

// NullDirections returns up to most orthonormal directions v with Gv = 0, known
// without a search: shifts of all logits by one unit of the last hidden layer,
// changes of a unit's weights of two constant inputs that cancel, rescalings of a
// hidden unit: the loss and the activation decide which of them there are. G has no negative
// eigenvalue, so they are its bottom end.
func (pt *Point) NullDirections(most int) [][]float64 {
	n := pt.Network
	layers, dim := n.Layers(), n.Parameters()
	var list [][]float64
	add := func(fill func(v []float64)) bool {
		if len(list) >= most {
			return false
		}
		v := make([]float64, dim)
		fill(v)
		if kernel.Normalise64(v) == 0 {
			return true
		}
		for range 2 {
			for _, u := range list {
				kernel.Axpy64(v, -kernel.Dot64(u, v), u)
			}
		}
		if kernel.Normalise64(v) > 1e-6 {
			list = append(list, v)
		}
		return true
	}
	if !n.Loss.Separable() {
		for u := range columns(n, layers-1) {
			if !add(func(v []float64) {
				for c := range n.Classes() {
					v[entry(n, layers-1, c, u)] = 1
				}
			}) {
				return list
			}
		}
		if layers == 1 {
			return list
		}
	}
	constant := constantInputs(pt.Data)
	if n.Biased(0) {
		constant = append(constant, n.Widths[0])
	}
	first := make([]float64, columns(n, 0))
	pt.layerInputs(first, 0, 0)
	for at := 1; at < len(constant); at++ {
		j, l := constant[at-1], constant[at]
		for u := range n.Widths[1] {
			if !add(func(v []float64) {
				v[entry(n, 0, u, j)], v[entry(n, 0, u, l)] = first[l], -first[j]
			}) {
				return list
			}
		}
	}
	if !n.Activation.Homogeneous() {
		return list
	}
	for p := range layers - 1 {
		in, out, next := n.Widths[p], n.Widths[p+1], n.Widths[p+2]
		for u := range out {
			if !add(func(v []float64) {
				copy(v[n.Offset(p)+u*in:][:in], n.Weights[p][u*in:])
				if n.Biased(p) {
					n.BiasOf(v, p)[u] = n.Biases[p][u]
				}
				for w := range next {
					v[n.Offset(p+1)+w*out+u] = -n.Weights[p+1][w*out+u]
				}
			}) {
				return list
			}
		}
	}
	return list
}

// entry is where a vector of all parameters has the weight of input j of unit u in
// layer p, counted from 0; the input after the last one is the bias.
func entry(n *mlp.Network, p, u, j int) int {
	in := n.Widths[p]
	if j == in {
		return n.Offset(p) + in*n.Widths[p+1] + u
	}
	return n.Offset(p) + u*in + j
}
