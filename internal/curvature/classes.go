package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// MostClassNumbers bounds the memory for class means, in float64 numbers: K²
// vectors with one entry per weight.
const MostClassNumbers = 1 << 25

// ClassMeans are the weighted means √(n_y/n) δ̄_{y,c} of the factors
// √P_c J_iᵀ(e_c − P_i) over the objects of class y (Papyan, 2019). Their Gram
// matrix predicts the outliers of G.
type ClassMeans struct {
	// Values are the eigenvalues of the sum M of the means' squares that can
	// differ from zero, descending.
	Values []float64
	means  [][]float64 // K² directions
	values []float64   // of M and of the means' Gram matrix, those of the span
	rows   [][]float64 // the Gram matrix's eigenvectors for them
}

// ClassMeans forms the K² class means, or returns nil where they need more
// than 256 MiB or the loss is not about classes.
func (pt *Point) ClassMeans(ctx context.Context) (*ClassMeans, error) {
	n, classes := pt.Network, pt.Network.Classes()
	dim := n.Parameters()
	if n.Loss.Separable() || classes*classes*dim > MostClassNumbers {
		return nil, nil
	}
	count := make([]int, classes)
	for _, y := range pt.Data.Labels {
		count[y]++
	}
	weight := make([]float64, classes) // √(n_y/n)/n_y
	for y, m := range count {
		if m > 0 {
			weight[y] = math.Sqrt(float64(m)/float64(pt.Data.Objects)) / float64(m)
		}
	}
	means := make([][]float64, classes*classes) // y·K + c
	for i := range means {
		means[i] = make([]float64, dim)
	}
	for _, part := range parts(0, pt.Data.Objects) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pt.addClassMeans(means, weight, part)
	}
	c := &ClassMeans{means: means}
	gram := make([]float64, len(means)*len(means))
	parallel.Each(pt.Workers, len(means), func(i int) {
		for j := range i + 1 {
			gram[i*len(means)+j] = kernel.Dot64(means[i], means[j])
		}
	})
	for i := range means {
		for j := range i {
			gram[j*len(means)+i] = gram[i*len(means)+j]
		}
	}
	values, rows, err := eigen.Symmetric(gram, len(means), true, pt.Workers)
	if err != nil {
		return nil, err
	}
	for i := len(values) - 1; i >= 0; i-- {
		c.Values = append(c.Values, max(values[i], 0))
		// Directions below the rounding of the Gram matrix are not part of the span.
		if values[i] > 1e-12*values[len(values)-1] {
			c.values, c.rows = append(c.values, values[i]), append(c.rows, rows[i])
		}
	}
	return c, nil
}

// addClassMeans adds the objects of a part. They are sorted by class, so that a
// mean is a product of matrices.
func (pt *Point) addClassMeans(means [][]float64, weight []float64, part span) {
	n, classes := pt.Network, pt.Network.Classes()
	members := make([][]int, classes)
	for i := part.lo; i < part.hi; i++ {
		members[pt.Data.Labels[i]] = append(members[pt.Data.Labels[i]], i)
	}
	inputs := make([][][]float64, classes) // [y][p]: the class's inputs of matrix p
	parallel.Each(pt.Workers, classes, func(y int) {
		for p := range n.Layers() {
			in := n.Widths[p]
			x := make([]float64, len(members[y])*in)
			for r, i := range members[y] {
				pt.layerInputs(x[r*in:(r+1)*in], p, i)
			}
			inputs[y] = append(inputs[y], x)
		}
	})
	pt.eachFactor(part, func(f factor) {
		parallel.Each(pt.Workers, classes, func(y int) {
			m := len(members[y])
			if m == 0 {
				return
			}
			for p := range n.Layers() {
				in, out := n.Widths[p], n.Widths[p+1]
				d := make([]float64, m*out)
				for r, i := range members[y] {
					kernel.Axpy64(d[r*out:(r+1)*out], weight[y], f.layers[p+1][(i-part.lo)*out:(i-part.lo+1)*out])
				}
				mean := means[y*classes+f.class]
				kernel.MulTN64(n.MatrixOf(mean, p), d, inputs[y][p], out, in, m, true)
				addRows(n.BiasOf(mean, p), d, true)
			}
		})
	})
}

// Explain returns the share of the eigenvalue of G that the class means
// explain, vᵀMv/λ, and the cosine of the angle between v and their span.
func (c *ClassMeans) Explain(value float64, v []float64) (share, cosine float64) {
	products := make([]float64, len(c.means))
	for i, m := range c.means {
		products[i] = kernel.Dot64(m, v)
		share += float64(products[i] * products[i])
	}
	// Σ_j row_j mean_j has length √value and is orthogonal to those of the other rows.
	for i, row := range c.rows {
		x := kernel.Dot64(row, products)
		cosine += float64(x*x) / c.values[i]
	}
	if value > 0 {
		share /= value
	} else {
		share = 0
	}
	return share, min(math.Sqrt(cosine), 1)
}
