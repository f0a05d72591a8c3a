package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// Extent is the two ends of the spectrum of a symmetric operator. The values
// are Rayleigh quotients: λ_min ≤ Least and Largest ≤ λ_max always, and an
// eigenvalue lies within Residual of each.
type Extent struct {
	Least, Largest float64
	Residual       float64 // the larger of the two
	Products       int
}

// Norm is max |λ|, a lower bound of the operator's norm up to the residual.
func (e Extent) Norm() float64 { return max(-e.Least, e.Largest) }

// Extent finds both ends of the spectrum of Σ c_i times the term by Lanczos,
// each to the relative error tolerance by its estimate, from a start drawn
// with the seed.
func (pt *Point) Extent(ctx context.Context, term Term, coefficients []float64, tolerance float64, seed int64) (Extent, error) {
	op, err := pt.Operator(term, coefficients)
	if err != nil {
		return Extent{}, err
	}
	dim := op.Dim()
	random := func(i int) []float64 {
		s := rng.New(seed, "curvature", "extent", uint64(i))
		v := make([]float64, dim)
		for j := range v {
			v[j] = s.Normal()
		}
		return v
	}
	r, err := eigen.Lanczos(ctx, op, eigen.Search{
		Top: 1, Bottom: 1, Tolerance: tolerance, Start: random(0), Restart: func(i int) []float64 { return random(i + 1) }, Workers: pt.Workers,
	})
	if err != nil {
		return Extent{}, err
	}
	e := Extent{Products: r.Products}
	if len(r.Top) == 0 || len(r.Bottom) == 0 {
		return e, nil
	}
	e.Least, e.Largest = r.Bottom[0].Value, r.Top[0].Value
	e.Residual = max(r.Bottom[0].Residual, r.Top[0].Residual)
	if math.Abs(e.Least) == 0 {
		e.Least = 0 // no negative zero
	}
	return e, nil
}

// Increment returns the coefficients of H_{k+1} − H^(k): object k (counted
// from 0) less the mean of the first k.
func Increment(k int) []float64 {
	c := make([]float64, k+1)
	for i := range k {
		c[i] = -1 / float64(k)
	}
	c[k] = 1
	return c
}
