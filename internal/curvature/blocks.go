package curvature

import (
	"context"
	"math"

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

// BlockNorms computes ‖M_qp‖₂ for some of [LayerPairs] by steps of power
// iteration on M_qp and its transpose, all blocks in one block product. It
// starts from the largest singular vector of the block of Σ θ v vᵀ over pairs
// of the operator's eigenvalues, of which the blocks are mostly made.
//
// The norms, one for each of the blocks, are lower bounds of the exact ones.
// residual is the largest ‖M_qpᵀu − σw‖/σ of any block: a singular value of the
// block lies within residual·σ of σ. Each step costs 2 products for each block.
// The bits of a norm do not depend on what other blocks are asked for.
func (op *Operator) BlockNorms(ctx context.Context, pairs []eigen.Pair, blocks [][2]int, steps int, progress func(done, total int)) (norms []float64, residual float64, err error) {
	n := op.all.full
	dim := op.Dim()
	layer := func(v []float64, d, p int) []float64 { return v[d*dim+n.Offset(p):][:len(n.Weights[p])] }
	src, dst := make([]float64, len(blocks)*dim), make([]float64, len(blocks)*dim)
	grams := layerGrams(n, pairs)
	for d, at := range blocks {
		v := layer(src, d, at[0])
		for i, c := range dominant(pairs, grams[at[0]], grams[at[1]]) {
			kernel.Axpy64(v, c, pairs[i].Vector[n.Offset(at[0]):][:len(v)])
		}
		if unit(v) == 0 { // no eigenvector reaches the layer
			for i := range v {
				v[i] = 1 + float64(float64(i%7)/8)
			}
			unit(v)
		}
	}
	sigma, off := make([]float64, len(blocks)), make([]float64, len(blocks))
	zero := make([]bool, len(blocks))
	for step := range steps {
		before := append([]float64(nil), src...)
		for back := range 2 { // to layer q, and back to p
			if err := op.Apply(ctx, dst, src, len(blocks)); err != nil {
				return nil, 0, err
			}
			for d, at := range blocks {
				from, to := at[back], at[1-back]
				image := append([]float64(nil), layer(dst, d, to)...)
				clear(layer(src, d, from))
				copy(layer(src, d, to), image)
				length := unit(layer(src, d, to))
				zero[d] = zero[d] || length == 0
				if back == 0 {
					sigma[d] = length
					continue
				}
				kernel.Axpy64(image, -sigma[d], layer(before, d, to))
				off[d] = math.Sqrt(kernel.Dot64(image, image))
				sigma[d] = max(sigma[d], length)
			}
		}
		if progress != nil {
			progress(step+1, steps)
		}
	}
	norms = make([]float64, len(blocks))
	for d := range blocks {
		if zero[d] {
			continue
		}
		norms[d] = sigma[d]
		residual = max(residual, off[d]/sigma[d])
	}
	return norms, residual, nil
}

// layerGrams returns for each layer the inner products of the layer's parts of
// all vectors.
func layerGrams(n *mlp.Network, pairs []eigen.Pair) [][]float64 {
	k := len(pairs)
	grams := make([][]float64, n.Layers())
	for p := range grams {
		grams[p] = make([]float64, k*k)
		for i := range k {
			for j := range k {
				a, b := pairs[max(i, j)].Vector, pairs[min(i, j)].Vector
				lo, hi := n.Offset(p), n.Offset(p)+len(n.Weights[p])
				grams[p][i*k+j] = kernel.Dot64(a[lo:hi], b[lo:hi])
			}
		}
	}
	return grams
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
			if unit(next) == 0 {
				return c
			}
			c = next
		}
	}
	return c
}

// unit scales v to unit length and returns the length it had.
func unit(v []float64) float64 {
	norm := math.Sqrt(kernel.Dot64(v, v))
	if norm > 0 {
		kernel.Scale64(v, 1/norm)
	}
	return norm
}
