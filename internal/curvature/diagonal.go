package curvature

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// The block of the H-term R_i within layer p is C_p ⊗ [x_p; 1][x_p; 1]ᵀ, where
// C_p is what σ″ adds to ∂²ℓ_i/∂z_p²:
//
//	C_L = 0,  C_p = D_p W_{p+1}ᵀ C_{p+1} W_{p+1} D_p + diag(W_{p+1}ᵀδ_{p+1} ∘ σ″(z_p)),  D_p = diag(σ′(z_p))
//
// It is zero for piecewise linear activations. The block of G_i is
// S_pᵀA_iS_p ⊗ [x_p; 1][x_p; 1]ᵀ.

// Bending returns C_p of object i, p = 1 … L−1, each n_p×n_p; nil where σ″ = 0.
func (pt *Point) Bending(i int) [][]float64 {
	n := pt.Network
	if n.Activation.PiecewiseLinear() {
		return nil
	}
	list := make([][]float64, n.Layers())
	for p := n.Layers() - 1; p >= 1; p-- {
		width, next := n.Widths[p], n.Widths[p+1]
		c := make([]float64, width*width)
		if p < n.Layers()-1 {
			wd := append([]float64(nil), n.Weights[p]...) // W_{p+1} D_p
			for u := range next {
				kernel.Mul64(row(wd, u, width), row(wd, u, width), pt.Slopes(p, i))
			}
			half := make([]float64, next*width)
			kernel.MulNN64(half, list[p+1], wd, next, width, next, false)
			kernel.MulTN64(c, wd, half, width, width, next, false)
		}
		for u, e := range pt.Bends(p, i) {
			c[u*width+u] += e
		}
		list[p] = c
	}
	return list
}

// BendingCost is about how many multiplications [Point.HTermTraces] and the
// diagonals of H and R need for all objects.
func (pt *Point) BendingCost() float64 {
	n, cost := pt.Network, 0.0
	if n.Activation.PiecewiseLinear() {
		return 0
	}
	for p := 1; p < n.Layers()-1; p++ {
		a, b := float64(n.Widths[p]), float64(n.Widths[p+1])
		cost += float64(float64(a*b) * (a + b))
	}
	return cost * float64(pt.Data.Objects)
}

// HTermTraces returns the exact traces of the diagonal blocks R_pp of the mean
// over all objects, p = 1 … L from index 0. That of H_pp is their sum with
// [Point.LayerTraces].
func (pt *Point) HTermTraces(ctx context.Context) ([]float64, error) {
	n, k := pt.Network, pt.Data.Objects
	if n.Activation.PiecewiseLinear() {
		return make([]float64, n.Layers()), nil
	}
	list := parts(0, k)
	sums := make([][]float64, len(list))
	err := eachPart(ctx, pt.Workers, list, func(at int, part span) error {
		sum := make([]float64, n.Layers())
		for i := part.lo; i < part.hi; i++ {
			for p, c := range pt.Bending(i) {
				if p == 0 {
					continue
				}
				x := make([]float64, columns(n, p-1))
				pt.layerInputs(x, p-1, i)
				trace := 0.0
				for u := range n.Widths[p] {
					trace += c[u*n.Widths[p]+u]
				}
				sum[p-1] += float64(trace * kernel.Dot64(x, x))
			}
		}
		sums[at] = sum
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	addParts(1, sums)
	kernel.Scale64(sums[0], 1/float64(k))
	return sums[0], nil
}

// EstimateTraces estimates the traces of the operator's diagonal blocks, p = 1 … L
// from index 0, by products with random signs (Hutchinson, 1990), and the variance
// of their sum.
func (op *Operator) EstimateTraces(ctx context.Context, probes int, seed int64) (traces []float64, variance float64, err error) {
	n, dim := op.all.full, op.Dim()
	traces, totals := make([]float64, n.Layers()), make([]float64, probes)
	src, dst := make([]float64, dim), make([]float64, dim)
	for probe := range probes {
		s := rng.New(seed, "curvature", "trace", uint64(probe))
		for j := range src {
			src[j] = float64(2*s.IntN(2) - 1)
		}
		if err := op.Apply(ctx, dst, src, 1); err != nil {
			return nil, 0, err
		}
		for p := range traces {
			lo, hi := n.Offset(p), n.Offset(p+1)
			x := kernel.Dot64(src[lo:hi], dst[lo:hi])
			traces[p] += x / float64(probes)
			totals[probe] += x
		}
	}
	mean := kernel.Sum64(totals) / float64(probes)
	for _, x := range totals {
		variance += float64((x - mean) * (x - mean))
	}
	return traces, variance / float64(probes*(probes-1)), nil
}

// Diagonal returns the diagonal of the mean of the term over all objects, exact,
// as a direction.
func (pt *Point) Diagonal(ctx context.Context, term Term) ([]float64, error) {
	k := pt.Data.Objects
	list := parts(0, k)
	sums := make([][]float64, len(list))
	err := eachPart(ctx, pt.Workers, list, func(at int, part span) error {
		sums[at] = pt.partDiagonal(part, term)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	addParts(pt.Workers, sums)
	kernel.Scale64(sums[0], 1/float64(k))
	return sums[0], nil
}

// partDiagonal sums over the objects of a part: entry (u, j) of layer p is
// Σ_i m_u x_j² with m the diagonal of ∂²ℓ_i/∂z_p², or of its part.
func (pt *Point) partDiagonal(part span, term Term) []float64 {
	n, m := pt.Network, part.hi-part.lo
	inner := make([][]float64, n.Layers()+1)
	for p := 1; p <= n.Layers(); p++ {
		inner[p] = make([]float64, m*n.Widths[p])
	}
	if term != HTerm {
		pt.eachFactor(part, func(f factor) {
			for p := 1; p <= n.Layers(); p++ {
				for at, s := range f.layers[p] {
					inner[p][at] += float64(s * s)
				}
			}
		})
	}
	if term != GaussNewton {
		for i := part.lo; i < part.hi; i++ {
			for p, c := range pt.Bending(i) {
				if p == 0 {
					continue
				}
				for u, to := 0, row(inner[p], i-part.lo, n.Widths[p]); u < len(to); u++ {
					to[u] += c[u*len(to)+u]
				}
			}
		}
	}
	sum := make([]float64, n.Parameters())
	for p := range n.Layers() {
		in, out := n.Widths[p], n.Widths[p+1]
		squares := make([]float64, m*in)
		for i := range m {
			pt.layerInputs(row(squares, i, in), p, part.lo+i)
		}
		kernel.Mul64(squares, squares, squares)
		kernel.MulTN64(n.MatrixOf(sum, p), inner[p+1], squares, out, in, m, false)
		addRows(n.BiasOf(sum, p), inner[p+1], false)
	}
	return sum
}
