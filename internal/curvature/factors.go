package curvature

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// factor holds what one output c contributes to G over a part of the objects:
// row i of layers[p] is ∂/∂z_p of column c of B_i, where A_i = B_i B_iᵀ: for the
// softmax √P_c(e_c − P_i), otherwise √a_c e_c. So G_i = Σ_c f_c f_cᵀ with f_c the
// matrices layers[p]_i [x_p; 1]ᵀ, without the 1 where there are no biases.
// p = 1 … L.
type factor struct {
	class  int
	layers [][]float64
}

// eachFactor calls f with the factors of a part, class by class. The matrices
// are valid only until f returns.
func (pt *Point) eachFactor(part span, f func(factor)) {
	n, m := pt.Network, part.hi-part.lo
	layers, classes := n.Layers(), n.Classes()
	d := factor{layers: make([][]float64, layers+1)}
	for p := 1; p <= layers; p++ {
		d.layers[p] = make([]float64, m*n.Widths[p])
	}
	separable := n.Loss.Separable()
	complement := make([]float64, m*classes) // 1 − P_c
	for i := range m {
		if separable {
			break
		}
		prob := pt.prob[(part.lo+i)*classes : (part.lo+i+1)*classes]
		for c := range classes {
			for e, p := range prob {
				if e != c {
					complement[i*classes+c] += p
				}
			}
		}
	}
	for d.class = range classes {
		for i := range m {
			prob := pt.prob[(part.lo+i)*classes : (part.lo+i+1)*classes]
			row := d.layers[layers][i*classes : (i+1)*classes]
			root := math.Sqrt(prob[d.class])
			if separable {
				clear(row)
				row[d.class] = root
				continue
			}
			for e, p := range prob {
				row[e] = -float64(p * root)
			}
			row[d.class] = float64(root * complement[i*classes+d.class])
		}
		for p := layers - 1; p >= 1; p-- {
			kernel.MulNN64(d.layers[p], d.layers[p+1], n.Weights[p], m, n.Widths[p], n.Widths[p+1], false)
			pt.chain(d.layers[p], p, part.lo)
		}
		f(d)
	}
}

// layerInputs writes the inputs of layer p (0 … L−1) for object i to x: those of
// its matrix, then 1 where x has room for it, see columns.
func (pt *Point) layerInputs(x []float64, p, i int) {
	width := pt.Network.Widths[p]
	if len(x) > width {
		x[width] = 1
	}
	if p == 0 {
		pt.Data.Row(i, x[:width])
		return
	}
	copy(x, pt.x[p][i*width:(i+1)*width])
}

// LayerTraces returns the exact traces of the diagonal blocks G_pp of the mean
// over all objects, p = 1 … L from index 0; their sum is the trace of G. They are
// those of H_pp where the activation is piecewise linear; see
// [Point.HTermTraces].
func (pt *Point) LayerTraces(ctx context.Context) ([]float64, error) {
	n, k := pt.Network, pt.Data.Objects
	layers := n.Layers()
	list := parts(0, k)
	sums := make([][]float64, len(list))
	err := eachPart(ctx, pt.Workers, list, func(at int, part span) error {
		m := part.hi - part.lo
		norms, lengths := make([]float64, layers*m), make([]float64, layers*m) // ‖x_p‖², ‖x_p‖
		for p := range layers {
			x := make([]float64, columns(n, p))
			for i := range m {
				pt.layerInputs(x, p, part.lo+i)
				norms[p*m+i] = kernel.Dot64(x, x)
				if lengths[p*m+i] = math.Sqrt(norms[p*m+i]); !kernel.InRange64(norms[p*m+i]) {
					lengths[p*m+i] = kernel.Norm64(x)
				}
			}
		}
		sum := make([]float64, layers)
		pt.eachFactor(part, func(f factor) {
			for p := range layers {
				width := n.Widths[p+1]
				for i := range m {
					row := f.layers[p+1][i*width : (i+1)*width]
					square := float64(norms[p*m+i] * kernel.Dot64(row, row))
					if !(square <= math.MaxFloat64) { // an overflow, which can belong to a zero
						length := float64(lengths[p*m+i] * kernel.Norm64(row))
						square = float64(length * length)
					}
					sum[p] += square
				}
			}
		})
		sums[at] = sum
		return nil
	})
	if err != nil {
		return nil, err
	}
	addParts(1, sums)
	kernel.Scale64(sums[0], 1/float64(k))
	return sums[0], nil
}

// mostGram bounds kK, the size of the Gram matrix: 128 MB.
const mostGram = 4096

// Gram returns the kK×kK matrix F Fᵀ/k of the factors f_{i,c} of all objects,
// row i·K + c, whose eigenvalues are those of G that can differ from zero:
// f_{i,c}·f_{j,d} = Σ_p (x_p,i·x_p,j)(D_p,ic·D_p,jd).
func (pt *Point) Gram(ctx context.Context) ([]float64, error) {
	n, k, classes := pt.Network, pt.Data.Objects, pt.Network.Classes()
	size := k * classes
	if size > mostGram {
		return nil, fmt.Errorf("gram matrix of %d objects and %d classes: %d rows, at most %d", k, classes, size, mostGram)
	}
	gram := make([]float64, size*size)
	for p := range n.Layers() {
		in, out := columns(n, p), n.Widths[p+1]
		d := make([]float64, size*out) // row i·K + c
		for _, part := range parts(0, k) {
			pt.eachFactor(part, func(f factor) {
				for i := part.lo; i < part.hi; i++ {
					copy(d[(i*classes+f.class)*out:][:out], f.layers[p+1][(i-part.lo)*out:])
				}
			})
		}
		x := make([]float64, k*in)
		for i := range k {
			pt.layerInputs(x[i*in:(i+1)*in], p, i)
		}
		if c := kernel.Balance64(kernel.MaxAbs64(x)); c != 1 {
			kernel.Scale64(x, c)
			kernel.Scale64(d, 1/c)
		}
		err := parallel.Try(ctx, pt.Workers, k, func(i int) error {
			dots, block := make([]float64, k), make([]float64, classes*size)
			kernel.MulNN64(dots, x, x[i*in:(i+1)*in], k, 1, in, false)
			kernel.MulNT64(block, d[i*classes*out:(i+1)*classes*out], d, classes, size, out, false)
			for c := range classes {
				row := gram[(i*classes+c)*size:][:size]
				for j, dot := range dots {
					kernel.Axpy64(row[j*classes:(j+1)*classes], dot/float64(k), block[c*size+j*classes:][:classes])
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	eigen.Symmetrise(gram, size)
	return gram, nil
}
