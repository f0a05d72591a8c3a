package curvature

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// LayerBlock is the diagonal block of an operator that belongs to the parameters of
// one layer. It implements eigen.Operator; a product costs as much as one with the
// operator.
type LayerBlock struct {
	op     *Operator
	lo, hi int // of the layer in a direction
}

// LayerBlock returns the block of layer p, counted from 0.
func (op *Operator) LayerBlock(p int) *LayerBlock {
	n := op.all.full
	return &LayerBlock{op, n.Offset(p), n.Offset(p + 1)}
}

// Dim is the number of the layer's parameters.
func (b *LayerBlock) Dim() int { return b.hi - b.lo }

// Apply sets dst to the block applied to each of the directions in src, both
// block×Dim.
func (b *LayerBlock) Apply(ctx context.Context, dst, src []float64, block int) error {
	dim, own := b.op.Dim(), b.Dim()
	v, image := make([]float64, block*dim), make([]float64, block*dim)
	for d := range block {
		copy(v[d*dim+b.lo:], src[d*own:(d+1)*own])
	}
	if err := b.op.Apply(ctx, image, v, block); err != nil {
		return err
	}
	for d := range block {
		copy(dst[d*own:(d+1)*own], image[d*dim+b.lo:])
	}
	return nil
}

// Rounding is that of the operator, see [Operator.Rounding].
func (b *LayerBlock) Rounding() float64 { return b.op.Rounding() }

// Dense returns the whole matrix of the block.
func (b *LayerBlock) Dense(ctx context.Context) ([]float64, error) {
	n := b.Dim()
	matrix := make([]float64, n*n)
	most := max(1, blockWidth/b.op.pt.Network.Widths[1])
	for from := 0; from < n; from += most {
		count := min(most, n-from)
		src := make([]float64, count*n)
		for d := range count {
			src[d*n+from+d] = 1
		}
		if err := b.Apply(ctx, matrix[from*n:(from+count)*n], src, count); err != nil {
			return nil, err
		}
	}
	eigen.Symmetrise(matrix, n)
	return matrix, nil
}

// EmpiricalFisher is the mean of g_i g_iᵀ over all objects, g_i the gradient of the
// loss of object i. It implements eigen.Operator.
type EmpiricalFisher struct{ pt *Point }

// EmpiricalFisher returns that of the point.
func (pt *Point) EmpiricalFisher() *EmpiricalFisher { return &EmpiricalFisher{pt} }

// Dim is the number of parameters.
func (f *EmpiricalFisher) Dim() int { return f.pt.Network.Parameters() }

// Apply sets dst to the operator applied to each of the directions in src, both
// block×Dim.
func (f *EmpiricalFisher) Apply(ctx context.Context, dst, src []float64, block int) error {
	forms, err := f.pt.Forms(ctx, src, block)
	if err != nil {
		return err
	}
	for d, form := range forms {
		kernel.Scale64(form.Gradient, 1/float64(f.pt.Data.Objects))
		image, err := f.pt.Gradient(ctx, form.Gradient)
		if err != nil {
			return err
		}
		copy(dst[d*f.Dim():], image)
	}
	return nil
}

// Rounding is as of [Operator.Rounding].
func (f *EmpiricalFisher) Rounding() float64 {
	return f.pt.rounding(len(parts(0, f.pt.Data.Objects)))
}

// Trace is the mean of ‖g_i‖², exact: ‖g_i‖² = Σ_p ‖δ_p‖² ‖[x_p; 1]‖².
func (f *EmpiricalFisher) Trace() float64 {
	n, total := f.pt.Network, 0.0
	for i := range f.pt.Data.Objects {
		for p := range n.Layers() {
			x := make([]float64, columns(n, p))
			f.pt.layerInputs(x, p, i)
			delta := f.pt.Delta(p+1, i)
			total += float64(kernel.Dot64(x, x) * kernel.Dot64(delta, delta))
		}
	}
	return total / float64(f.pt.Data.Objects)
}

// NormalVector returns independent standard normal numbers, whose bits depend
// only on the seed, the key, the purpose and i.
func NormalVector(seed int64, key, purpose string, i, n int) []float64 {
	s := rng.New(seed, key, purpose, uint64(i))
	v := make([]float64, n)
	for j := range v {
		v[j] = s.Normal()
	}
	return v
}
