package curvature

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Forms are what each object's loss does along one direction v.
type Forms struct {
	Gradient    []float64 // g_i·v
	GaussNewton []float64 // vᵀG_i v
	Hessian     []float64 // vᵀH_i v
}

// Forms propagates first and second derivatives forward along each of the
// block directions (b×P), for all objects at once and without a backward pass:
// R2Z_p = 2 RX_p V_pᵀ + R2X_p W_pᵀ, and vᵀH_i v = RZᵀA_i RZ + r_iᵀR2Z.
func (pt *Point) Forms(ctx context.Context, directions []float64, block int) ([]Forms, error) {
	k, dim := pt.Data.Objects, pt.Network.Parameters()
	forms := make([]Forms, block)
	for d := range forms {
		forms[d] = Forms{make([]float64, k), make([]float64, k), make([]float64, k)}
	}
	op, err := pt.Operator(GaussNewton, nil) // for its transposed weights
	if err != nil {
		return nil, err
	}
	pt = op.pt
	n, out := pt.Network, pt.Network.Widths[1]
	most := max(1, blockWidth/out)
	for from := 0; from < block; from += most {
		b := min(most, block-from)
		v := newDirections(n, pt.inputs, op.all.gather(directions[from*dim:(from+b)*dim], b), b)
		err := eachPart(ctx, pt.Workers, op.parts, func(at int, part span) error {
			step := tileObjects(n)
			stacked := make([]float64, step*b*out)
			for lo := part.lo; lo < part.hi; lo += step {
				hi := min(lo+step, part.hi)
				m := hi - lo
				pt.inputs.times(stacked[:m*b*out], v.first, op.pixels[at], part, lo, hi, b*out)
				for d := range b {
					rx := make([]float64, m*out)
					for i := range m {
						copy(rx[i*out:(i+1)*out], stacked[i*b*out+d*out:])
					}
					pt.formsOf(forms[from+d], rx, op.weightsT, v.vT[d], lo, hi)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return forms, nil
}

// formsOf fills the objects lo … hi; rx is the derivative of z_1.
func (pt *Point) formsOf(f Forms, rx []float64, weightsT, vT [][]float64, lo, hi int) {
	n, m := pt.Network, hi-lo
	layers := n.Layers()
	second := make([]float64, len(rx)) // z_1 is linear in the weights
	for p := 1; p < layers; p++ {
		in, out := n.Widths[p], n.Widths[p+1]
		x := pt.x[p][lo*in : hi*in]
		kernel.MaskReLU64(rx, x)
		kernel.MaskReLU64(second, x)
		nextSecond := make([]float64, m*out)
		kernel.MulNN64(nextSecond, rx, vT[p], m, out, in, false)
		kernel.Scale64(nextSecond, 2)
		kernel.MulNN64(nextSecond, second, weightsT[p], m, out, in, true)
		next := make([]float64, m*out)
		kernel.MulNN64(next, x, vT[p], m, out, in, false)
		kernel.MulNN64(next, rx, weightsT[p], m, out, in, true)
		rx, second = next, nextSecond
	}
	classes := n.Classes()
	q := make([]float64, classes)
	for i := lo; i < hi; i++ {
		s, s2 := rx[(i-lo)*classes:(i-lo+1)*classes], second[(i-lo)*classes:(i-lo+1)*classes]
		r := pt.delta[layers][i*classes : (i+1)*classes]
		// the residual sums to zero: shifted logits give the same forms and lose less
		pt.softmaxProduct(q, s, i, 1)
		shift := s2[pt.argmax[i]]
		for c := range s2 {
			s2[c] -= shift
		}
		f.Gradient[i] = kernel.Dot64(r, s)
		f.GaussNewton[i] = kernel.Dot64(q, s)
		f.Hessian[i] = f.GaussNewton[i] + kernel.Dot64(r, s2)
	}
}
