package curvature

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Dense returns the whole matrix of the operator, Dim×Dim, from products with
// all unit directions. progress, if not nil, is told how many are done.
func (op *Operator) Dense(ctx context.Context, progress func(done, total int)) ([]float64, error) {
	n := op.Dim()
	matrix := make([]float64, n*n)
	most := max(1, blockWidth/op.pt.Network.Widths[1])
	for from := 0; from < n; from += most {
		b := min(most, n-from)
		src := make([]float64, b*n)
		for d := range b {
			src[d*n+from+d] = 1
		}
		if err := op.Apply(ctx, matrix[from*n:(from+b)*n], src, b); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(from+b, n)
		}
	}
	symmetrise(matrix, n)
	return matrix, nil
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
		in, out := n.Widths[p], n.Widths[p+1]
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
		err := eachPart(ctx, pt.Workers, objectsOneByOne(k), func(_ int, part span) error {
			i := part.lo
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
	symmetrise(gram, size)
	return gram, nil
}

func objectsOneByOne(k int) []span {
	list := make([]span, k)
	for i := range list {
		list[i] = span{i, i + 1}
	}
	return list
}
