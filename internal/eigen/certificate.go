package eigen

import (
	"context"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// certify forms the wanted Ritz vectors and their images, solves the block's
// own Rayleigh–Ritz problem and measures the residuals on which the certificates
// rest.
func certify(b *basis, values []float64, vectors [][]float64, s Search, result *Result) error {
	list := ends(len(values), s)
	k := len(list)
	chosen := choose(vectors, list)
	block := &basis{n: b.n, workers: b.workers}
	for _, v := range combine(b.workers, b.q, chosen) { // orthonormal up to rounding, and then to the last bit
		block.orthogonalise(v)
		kernel.Normalise64(v)
		block.add(v)
	}
	images := combine(b.workers, b.images, chosen)
	theta, rotation, err := Symmetric(inner(b.workers, block.q, images), k, true, 1)
	if err != nil {
		return err
	}
	pairs := make([]Pair, k)
	rotated, residuals := combine(b.workers, block.q, rotation), combine(b.workers, images, rotation)
	parallel.Each(b.workers, k, func(i int) {
		kernel.Axpy64(residuals[i], -theta[i], rotated[i])
		pairs[i] = Pair{Value: theta[i], Residual: kernel.Norm64(residuals[i]), Vector: rotated[i]}
	})
	gram := inner(b.workers, residuals, residuals)
	squares, _, err := Symmetric(gram, k, false, 1)
	if err != nil {
		return err
	}
	result.Block = math.Sqrt(max(squares[k-1], 0))
	for i := range pairs {
		// The gap to all Ritz values except the one that this pair refines.
		near := append([]float64(nil), values...)
		near[list[i]] = pairs[i].Value
		pairs[i].Error = estimate(pairs[i].Residual, gap(near, list[i]))
		result.Norm = max(result.Norm, math.Abs(pairs[i].Value))
	}
	// Σ|s_j| over m coefficients of a unit vector is at most √m.
	m := float64(len(b.q))
	result.Rounding = float64(float64(float64(s.Rounding*math.Sqrt(m))+float64(unit*m)) * result.Norm)
	bottom := min(s.Bottom, k)
	result.Bottom = pairs[:bottom]
	for i := k - 1; i >= bottom; i-- {
		result.Top = append(result.Top, pairs[i])
	}
	result.Missed = missed(b.n, result.Products)
	between := values[bottom : len(values)-(k-bottom)]
	if s.Top > 0 {
		from := max(0, len(between)-mostSpares)
		result.topSpares = sparesOf(b, between[from:], vectors[bottom+from:bottom+len(between)])
		slices.Reverse(result.topSpares)
		between = between[:from]
	}
	if s.Bottom > 0 {
		to := min(len(between), mostSpares)
		result.bottomSpares = sparesOf(b, between[:to], vectors[bottom:bottom+to])
	}
	return nil
}

// Certify measures the Rayleigh quotients and residuals of orthonormal vectors
// that are known to be eigenvectors, by one block product: an eigenvalue lies
// within Residual of each Value. Error is Residual, since nothing is known of
// gaps. The pairs are in the order of the vectors.
func Certify(ctx context.Context, op Operator, vectors [][]float64, workers int) ([]Pair, error) {
	n, k := op.Dim(), len(vectors)
	scaled := &balanced{Operator: op}
	v, hv := make([]float64, k*n), make([]float64, k*n)
	for i, x := range vectors {
		copy(v[i*n:(i+1)*n], x)
	}
	if err := scaled.Apply(ctx, hv, v, k); err != nil {
		return nil, err
	}
	pairs := make([]Pair, k)
	parallel.Each(workers, k, func(i int) {
		image := hv[i*n : (i+1)*n]
		value := kernel.Dot64(vectors[i], image)
		kernel.Axpy64(image, -value, vectors[i])
		residual := kernel.Norm64(image)
		pairs[i] = Pair{Value: value, Residual: residual, Error: residual, Vector: vectors[i]}
		pairs[i].multiply(scaled.inverse())
	})
	return pairs, nil
}

// inner returns the symmetric k×k matrix of x_j·y_i, taken from its lower
// triangle, j ≤ i.
func inner(workers int, x, y [][]float64) []float64 {
	k := len(x)
	a := make([]float64, k*k)
	parallel.Each(workers, k, func(i int) {
		row := basis{workers: 1, q: x[:i+1]}
		for j, c := range row.dots(y[i]) {
			a[i*k+j], a[j*k+i] = c, c
		}
	})
	return a
}

// missed is Kuczyński and Woźniakowski's bound (1992, theorem 4.1) of the
// probability that after m steps from a random vector the largest Ritz value
// falls short of the largest eigenvalue by more than a relative 1e-3 of the
// spectrum's width: 1.648 √n exp(−√ε (2m − 1)).
func missed(n, m int) float64 {
	const sqrtEpsilon = 0.0316227766016838 // √1e-3
	return min(1, 1.648*math.Sqrt(float64(n))*detmath.Exp(-float64(sqrtEpsilon*float64(2*m-1))))
}
