package curvature

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// LayerPairs lists the pairs of layers (p, q), p ≤ q, both from 0, in the order
// (0,0), (0,1) … (L−1,L−1).
func LayerPairs(layers int) [][2]int {
	var list [][2]int
	for p := range layers {
		for q := p; q < layers; q++ {
			list = append(list, [2]int{p, q})
		}
	}
	return list
}

// BlockNorm computes ‖M_qp‖₂ of the block between layers p and q, counted from 0,
// by steps of power iteration on M_qp and its transpose. It starts from the largest
// singular vector of the block of Σ θ v vᵀ over pairs of the operator's
// eigenvalues, which make up most of the block.
//
// The norm is a lower bound of the exact one, and a singular value of the block
// lies within residual·norm of it: residual is ‖M_qpᵀu − σw‖/σ. Each step costs 2
// products.
func (op *Operator) BlockNorm(ctx context.Context, pairs []eigen.Pair, p, q, steps int) (norm, residual float64, err error) {
	n := op.all.full
	layer := func(v []float64, p int) []float64 { return v[n.Offset(p):n.Offset(p+1)] }
	src, dst := make([]float64, op.Dim()), make([]float64, op.Dim())
	v := layer(src, p)
	for i, c := range dominant(pairs, layerGram(n, pairs, p), layerGram(n, pairs, q)) {
		kernel.Axpy64(v, c, layer(pairs[i].Vector, p))
	}
	if kernel.Normalise64(v) == 0 { // no eigenvector reaches the layer
		for i := range v {
			v[i] = 1 + float64(float64(i%7)/8)
		}
		kernel.Normalise64(v)
	}
	// move sets src to the unit vector along the block's image in layer to.
	move := func(from, to int) (image []float64, length float64, err error) {
		if err := op.Apply(ctx, dst, src, 1); err != nil {
			return nil, 0, err
		}
		image = append(image, layer(dst, to)...)
		clear(layer(src, from))
		copy(layer(src, to), image)
		return image, kernel.Normalise64(layer(src, to)), nil
	}
	for range steps {
		before := append([]float64(nil), v...)
		_, there, err := move(p, q)
		if err != nil {
			return 0, 0, err
		}
		image, back, err := move(q, p)
		if err != nil || there == 0 || back == 0 {
			return 0, 0, err
		}
		kernel.Axpy64(image, -there, before)
		norm = max(there, back)
		residual = kernel.Norm64(image) / norm
	}
	return norm, residual, nil
}

// layerGram returns the inner products of one layer's parts of all vectors.
func layerGram(n *mlp.Network, pairs []eigen.Pair, p int) []float64 {
	k := len(pairs)
	gram := make([]float64, k*k)
	lo, hi := n.Offset(p), n.Offset(p+1)
	for i := range k {
		for j := range k {
			a, b := pairs[max(i, j)].Vector, pairs[min(i, j)].Vector
			gram[i*k+j] = kernel.Dot64(a[lo:hi], b[lo:hi])
		}
	}
	return gram
}

// dominant returns the coefficients c of the right singular vector Σ c_i v_i
// of the largest singular value of V_q Θ V_pᵀ, by power iteration on
// Θ G_q Θ G_p in as many dimensions as there are pairs.
func dominant(pairs []eigen.Pair, gramP, gramQ []float64) []float64 {
	k := len(pairs)
	c := make([]float64, k)
	for i := range c {
		c[i] = 1
	}
	for range 200 {
		for _, gram := range [][]float64{gramP, gramQ} {
			next := make([]float64, k)
			for i := range k {
				next[i] = float64(pairs[i].Value * kernel.Dot64(gram[i*k:(i+1)*k], c))
			}
			if kernel.Normalise64(next) == 0 {
				return c
			}
			c = next
		}
	}
	return c
}
