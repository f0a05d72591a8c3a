package curvature

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Forms are the first and second derivatives of each object's loss along one
// direction v.
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
				addBias(stacked[:m*b*out], v.firstBias)
				for d := range b {
					rx := make([]float64, m*out)
					for i := range m {
						copy(rx[i*out:(i+1)*out], stacked[i*b*out+d*out:])
					}
					pt.formsOf(forms[from+d], rx, op.weightsT, v, d, lo, hi)
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

// formsOf fills in the objects lo … hi−1 in direction d; rx is the derivative of
// z_1.
func (pt *Point) formsOf(f Forms, rx []float64, weightsT [][]float64, v *directions, d, lo, hi int) {
	n, m, vT := pt.Network, hi-lo, v.vT[d]
	layers := n.Layers()
	second := make([]float64, len(rx)) // z_1 is linear in the weights
	for p := 1; p < layers; p++ {
		in, out := n.Widths[p], n.Widths[p+1]
		x := pt.x[p][lo*in : hi*in]
		if pt.bend[p] != nil { // σ″ RZ² reaches the loss through W_{p+1}ᵀδ_{p+1}
			for i := lo; i < hi; i++ {
				bend, rz := row(pt.bend[p], i, in), row(rx, i-lo, in)
				for u, e := range bend {
					f.Hessian[i] += float64(e * float64(rz[u]*rz[u]))
				}
			}
		}
		pt.chain(rx, p, lo)
		pt.chain(second, p, lo)
		nextSecond := make([]float64, m*out)
		kernel.MulNN64(nextSecond, rx, vT[p], m, out, in, false)
		kernel.Scale64(nextSecond, 2)
		kernel.MulNN64(nextSecond, second, weightsT[p], m, out, in, true)
		next := make([]float64, m*out)
		kernel.MulNN64(next, x, vT[p], m, out, in, setBias(next, v.bias[d][p]))
		kernel.MulNN64(next, rx, weightsT[p], m, out, in, true)
		rx, second = next, nextSecond
	}
	classes := n.Classes()
	q := make([]float64, classes)
	for i := lo; i < hi; i++ {
		s, s2 := rx[(i-lo)*classes:(i-lo+1)*classes], second[(i-lo)*classes:(i-lo+1)*classes]
		r := pt.delta[layers][i*classes : (i+1)*classes]
		pt.lossProduct(q, s, i, 1)
		if !n.Loss.Separable() {
			// The residual sums to zero: shifted logits give the same forms and
			// lose fewer digits.
			shift := s2[pt.argmax[i]]
			for c := range s2 {
				s2[c] -= shift
			}
		}
		f.Gradient[i] = kernel.Dot64(r, s)
		f.GaussNewton[i] = kernel.Dot64(q, s)
		f.Hessian[i] += f.GaussNewton[i] + kernel.Dot64(r, s2)
	}
}

// Projected is the local quadratic model of each object's loss in the span of
// m directions: ℓ_i(θ + Uξ) ≈ ℓ_i + c_i·ξ + ½ ξᵀB_iξ.
type Projected struct {
	M int
	C []float64 // objects×m: c_i = Uᵀg_i
	B []float64 // objects×m×m: B_i = UᵀH_iU
}

// Project returns c_i and B_i of all objects for m directions (m×P). With RX_p
// and RZ the derivatives along a direction and b_p = V_pᵀδ_p,
//
//	g_i·u     = r_i·RZ
//	uᵀG_i u'  = RZᵀ A_i RZ'
//	uᵀR_i u'  = Σ_{p≥2} (b_p·RX'_p + b'_p·RX_p) + Σ_{p<L} e_p·(RZ_p ∘ RZ'_p)
//
// with e_p = W_{p+1}ᵀδ_{p+1} ∘ σ″(z_p), zero for piecewise linear activations,
// so that pairs of directions cost only inner products.
func (pt *Point) Project(ctx context.Context, directions []float64, m int) (*Projected, error) {
	k := pt.Data.Objects
	result := &Projected{M: m, C: make([]float64, k*m), B: make([]float64, k*m*m)}
	op, err := pt.Operator(GaussNewton, nil) // for its transposed weights
	if err != nil {
		return nil, err
	}
	pt = op.pt // without dead units
	n := pt.Network
	v := newDirections(n, pt.inputs, op.all.gather(directions, m), m)
	hidden := 0 // Σ n_p over the hidden layers, twice where σ″ is not 0
	for p := 1; p < n.Layers(); p++ {
		hidden += n.Widths[p]
	}
	if !n.Activation.PiecewiseLinear() {
		hidden *= 2
	}
	err = eachPart(ctx, pt.Workers, op.parts, func(at int, part span) error {
		out := n.Widths[1]
		step := min(tileObjects(n), 64)
		stacked := make([]float64, step*m*out)
		for lo := part.lo; lo < part.hi; lo += step {
			hi := min(lo+step, part.hi)
			pt.inputs.times(stacked[:(hi-lo)*m*out], v.first, op.pixels[at], part, lo, hi, m*out)
			addBias(stacked[:(hi-lo)*m*out], v.firstBias)
			t := projection{pt: pt, lo: lo, hi: hi, hidden: hidden, m: m}
			t.fill(stacked, v, op.weightsT)
			t.pairs(result)
		}
		return ctx.Err()
	})
	return result, err
}

// projection holds what one tile of objects needs for all pairs: one row per
// object and direction, i·m + d.
type projection struct {
	pt        *Point
	lo, hi, m int
	hidden    int
	x, b      []float64 // rows × hidden: RX and b side by side over the layers p = 2 … L, then RZ and ½ e∘RZ
	z, az     []float64 // rows × K: RZ, shifted, and A RZ
}

func (t *projection) fill(stacked []float64, v *directions, weightsT [][]float64) {
	n, rows := t.pt.Network, (t.hi-t.lo)*t.m
	objects, layers, classes := t.hi-t.lo, n.Layers(), n.Classes()
	t.x, t.b = make([]float64, rows*t.hidden), make([]float64, rows*t.hidden)
	t.z, t.az = make([]float64, rows*classes), make([]float64, rows*classes)
	for d := range t.m {
		out := n.Widths[1]
		rx := make([]float64, objects*out)
		for i := range objects {
			copy(rx[i*out:(i+1)*out], stacked[(i*t.m+d)*out:])
		}
		column := 0
		for p := 1; p < layers; p++ {
			in, out := n.Widths[p], n.Widths[p+1]
			x := t.pt.x[p][t.lo*in : t.hi*in]
			if t.pt.bend[p] != nil {
				for i := range objects {
					at, rz := (i*t.m+d)*t.hidden+column, rx[i*in:(i+1)*in]
					copy(t.x[at:at+in], rz)
					for u, e := range row(t.pt.bend[p], t.lo+i, in) {
						t.b[at+u] = float64(e*rz[u]) / 2
					}
				}
				column += in
			}
			t.pt.chain(rx, p, t.lo)
			b := make([]float64, objects*in)
			kernel.MulNN64(b, t.pt.delta[p+1][t.lo*out:t.hi*out], v.v[d][p], objects, in, out, false)
			for i := range objects {
				copy(t.x[(i*t.m+d)*t.hidden+column:], rx[i*in:(i+1)*in])
				copy(t.b[(i*t.m+d)*t.hidden+column:], b[i*in:(i+1)*in])
			}
			column += in
			next := make([]float64, objects*out)
			kernel.MulNN64(next, x, v.vT[d][p], objects, out, in, setBias(next, v.bias[d][p]))
			kernel.MulNN64(next, rx, weightsT[p], objects, out, in, true)
			rx = next
		}
		for i := range objects {
			row := (i*t.m + d) * classes
			copy(t.z[row:row+classes], rx[i*classes:])
			t.pt.lossProduct(t.az[row:row+classes], t.z[row:row+classes], t.lo+i, 1)
		}
	}
}

func (t *projection) pairs(result *Projected) {
	classes, m := t.pt.Network.Classes(), t.m
	inner := make([]float64, m*m)
	for i := range t.hi - t.lo {
		at := t.lo + i
		r := t.pt.delta[t.pt.Network.Layers()][at*classes : (at+1)*classes]
		z, az := t.z[i*m*classes:(i+1)*m*classes], t.az[i*m*classes:(i+1)*m*classes]
		kernel.MulNT64(result.C[at*m:(at+1)*m], z, r, m, 1, classes, false)
		b := result.B[at*m*m : (at+1)*m*m]
		kernel.MulNT64(b, z, az, m, m, classes, false)
		if t.hidden > 0 {
			x := t.x[i*m*t.hidden : (i+1)*m*t.hidden]
			kernel.MulNT64(inner, t.b[i*m*t.hidden:(i+1)*m*t.hidden], x, m, m, t.hidden, false)
			for d := range m {
				for e := range m {
					b[d*m+e] += inner[d*m+e] + inner[e*m+d]
				}
			}
		}
		eigen.Symmetrise(b, m)
	}
}
