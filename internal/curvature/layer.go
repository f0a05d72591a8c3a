package curvature

import (
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// A layer is [W b] applied to [x; 1]. Biases are kept apart from the matrices, so
// that these keep the shapes that the kernels are fastest with: a product of many
// objects begins with the bias in each row in place of zero.

// biasOf returns the biases of layer p, counted from 0, nil where it has none.
func biasOf(n *mlp.Network, p int) []float64 {
	if !n.Biased(p) {
		return nil
	}
	return n.Biases[p]
}

// columns is the length of [x_p; 1], or of x_p where layer p, counted from 0, has
// no biases.
func columns(n *mlp.Network, p int) int {
	if n.Biased(p) {
		return n.Widths[p] + 1
	}
	return n.Widths[p]
}

// setBias sets each row of z to the bias, and reports whether there is one: then
// a product has to be added.
func setBias(z, bias []float64) bool {
	if len(bias) == 0 {
		return false
	}
	for at := 0; at < len(z); at += len(bias) {
		copy(z[at:at+len(bias)], bias)
	}
	return true
}

// addBias adds the bias, where there is one, to each row of z.
func addBias(z, bias []float64) {
	if len(bias) == 0 {
		return
	}
	for at := 0; at < len(z); at += len(bias) {
		kernel.Axpy64(z[at:at+len(bias)], 1, bias)
	}
}

// ones are as many as a part has objects.
var ones = func() (list [partObjects]float64) {
	for i := range list {
		list[i] = 1
	}
	return list
}()

// addRows sets sum to the sum of the rows of d, of which there are at most
// partObjects, or adds them.
func addRows(sum, d []float64, add bool) {
	if len(sum) == 0 {
		return
	}
	m := len(d) / len(sum)
	kernel.MulNN64(sum, ones[:m], d, 1, len(sum), m, add)
}

// activate sets z_p of the objects from lo on, rows of layer p, to x_{p+1}, and
// keeps σ′(z_p) and σ″(z_p).
func (pt *Point) activate(z []float64, p, lo int) {
	activation := pt.Network.Activation
	switch activation {
	case mlp.ReLU:
		kernel.ReLU64(z, z)
	case mlp.Identity:
	default:
		from := lo * pt.Network.Widths[p]
		slope := pt.slope[p][from : from+len(z)]
		if pt.bend[p] == nil {
			for i, v := range z {
				z[i], slope[i], _ = activation.At(v)
			}
			return
		}
		bend := pt.bend[p][from : from+len(z)]
		for i, v := range z {
			z[i], slope[i], bend[i] = activation.At(v)
		}
	}
}

// values sets z to the activations of z.
func values(a mlp.Activation, z []float64) {
	switch a {
	case mlp.ReLU:
		kernel.ReLU64(z, z)
	case mlp.Identity:
	default:
		for i, v := range z {
			z[i], _, _ = a.At(v)
		}
	}
}

// chain multiplies rows of layer p, of the objects from lo on, by σ′(z_p).
func (pt *Point) chain(rows []float64, p, lo int) {
	from := lo * pt.Network.Widths[p]
	switch {
	case pt.slope[p] != nil:
		multiply(rows, pt.slope[p][from:from+len(rows)])
	case pt.Network.Activation == mlp.ReLU:
		kernel.MaskReLU64(rows, pt.x[p][from:from+len(rows)])
	}
}

// multiply sets a to the products of the elements.
func multiply(a, b []float64) {
	b = b[:len(a)]
	for i, x := range b {
		a[i] *= x
	}
}

// addProducts adds the products of the elements of a and b to sum.
func addProducts(sum, a, b []float64) {
	a, b = a[:len(sum)], b[:len(sum)]
	for i := range sum {
		sum[i] += float64(a[i] * b[i])
	}
}
