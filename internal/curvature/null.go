package curvature

import (
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// Null counts the reasons for zero eigenvalues.
type Null struct {
	DeadUnits      []int // of each hidden layer: never active over the data
	DeadObjects    int   // a hidden layer is all zero: H_i = 0
	Rescaling      int   // Σ_{p<L} n_p: zero for G, and for H where the gradient is zero
	SoftmaxShift   int   // n_{L−1}: zero for G and H wherever θ lies
	ConstantInputs int   // inputs with one value over all objects
	Guaranteed     int   // zero for G and H wherever θ lies: softmax shift and constant inputs
}

// Null counts them over all objects of the point.
func (pt *Point) Null() Null {
	n := pt.Network
	layers := n.Layers()
	null := Null{DeadUnits: make([]int, layers-1), SoftmaxShift: n.Widths[layers-1]}
	dead := make([]bool, pt.Data.Objects)
	for p := 1; p < layers; p++ {
		width := n.Widths[p]
		null.Rescaling += width
		used := make([]bool, width)
		for i := range pt.Data.Objects {
			alive := false
			for u, x := range pt.x[p][i*width : (i+1)*width] {
				if x > 0 {
					used[u], alive = true, true
				}
			}
			dead[i] = dead[i] || !alive
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
	// With one matrix, shifts along the inputs are among the softmax shifts.
	if layers > 1 && null.ConstantInputs > 1 {
		null.Guaranteed += (null.ConstantInputs - 1) * n.Widths[1]
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
// hidden unit. G has no negative eigenvalue, so they are its bottom end.
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
	for u := range n.Widths[layers-1] {
		if !add(func(v []float64) {
			for c := range n.Classes() {
				v[n.Offset(layers-1)+c*n.Widths[layers-1]+u] = 1
			}
		}) {
			return list
		}
	}
	if layers == 1 {
		return list
	}
	constant := constantInputs(pt.Data)
	first := make([]float64, pt.Data.Width)
	pt.Data.Row(0, first)
	for at := 1; at < len(constant); at++ {
		j, l := constant[at-1], constant[at]
		for u := range n.Widths[1] {
			if !add(func(v []float64) {
				v[u*n.Widths[0]+j], v[u*n.Widths[0]+l] = first[l], -first[j]
			}) {
				return list
			}
		}
	}
	for p := range layers - 1 {
		in, out, next := n.Widths[p], n.Widths[p+1], n.Widths[p+2]
		for u := range out {
			if !add(func(v []float64) {
				copy(v[n.Offset(p)+u*in:][:in], n.Weights[p][u*in:])
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
