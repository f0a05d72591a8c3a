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
	repeat(z, bias)
	return true
}

// repeated is how many numbers of equal rows are handled at a time: at the paper's
// widths a call for each row would cost more than the row, and so many stay in the
// first cache.
const repeated = 512

// repeat sets each row of z to the row given.
func repeat(z, row []float64) {
	done := copy(z, row)
	for done < len(z) {
		done += copy(z[done:], z[:min(done, max(repeated/len(row), 1)*len(row))])
	}
}

// addBias adds the bias, where there is one, to each row of z.
func addBias(z, bias []float64) {
	if len(bias) == 0 {
		return
	}
	var list [repeated]float64
	rows := bias
	if n := repeated / len(bias) * len(bias); n > 0 {
		rows = list[:n]
		repeat(rows, bias)
	}
	for at := 0; at < len(z); at += len(rows) {
		some := z[at:min(at+len(rows), len(z))]
		kernel.Axpy64(some, 1, rows[:len(some)])
	}
}

// ones and minusOnes are as many as a part has objects: a product with them adds up
// the rows of a matrix.
var ones, minusOnes = func() (plus, minus [partObjects]float64) {
	for i := range plus {
		plus[i], minus[i] = 1, -1
	}
	return plus, minus
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
		kernel.Mul64(rows, rows, pt.slope[p][from:from+len(rows)])
	case pt.Network.Activation == mlp.ReLU:
		kernel.MaskReLU64(rows, pt.x[p][from:from+len(rows)])
	}
}
