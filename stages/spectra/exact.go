package spectra

import (
	"context"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// matrix forms H or G, or R as their difference.
func (e *evaluation) matrix(ctx context.Context, term curvature.Term, progress func(share float64)) ([]float64, error) {
	if term == curvature.HTerm {
		h, err := e.matrix(ctx, curvature.Hessian, func(share float64) { progress(share / 2) })
		if err != nil {
			return nil, err
		}
		g, err := e.matrix(ctx, curvature.GaussNewton, func(share float64) { progress((1 + share) / 2) })
		if err != nil {
			return nil, err
		}
		r := append([]float64(nil), h...)
		kernel.Axpy64(r, -1, g)
		return r, nil
	}
	if m := e.matrices[term]; m != nil {
		return m, nil
	}
	op, err := e.pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	m, err := op.Dense(ctx, func(done, total int) { progress(float64(done) / float64(total)) })
	if err != nil {
		return nil, err
	}
	if e.matrices == nil {
		e.matrices = map[curvature.Term][]float64{}
	}
	e.matrices[term] = m
	return m, nil
}

// dense replaces the ends by those of the whole spectrum, with the error of
// what Lanczos found. exact is one row of all eigenvalues, ascending.
func (e *evaluation) dense(ctx context.Context, top, bottom int, term curvature.Term, t *artifact.TermSpectrum, progress func(share float64)) (exact [][]float64, err error) {
	matrix, err := e.matrix(ctx, term, func(share float64) { progress(share / 2) })
	if err != nil {
		return nil, err
	}
	n := e.pt.Network.Parameters()
	frobenius := kernel.Norm64(matrix)
	values, err := eigenvaluesOf(matrix, n, e.t.Workers)
	if err != nil {
		return nil, err
	}
	replace(t, values, top, bottom)
	t.Method, t.Frobenius, t.Products = "dense", &frobenius, n
	return [][]float64{values}, ctx.Err()
}

// eigenvaluesOf returns all eigenvalues of an n×n matrix, ascending. Its zero rows,
// such as those of dead units, have eigenvalue 0 and are left out of the work.
func eigenvaluesOf(matrix []float64, n, workers int) ([]float64, error) {
	var used []int
	for i := range n {
		if slices.ContainsFunc(matrix[i*n:(i+1)*n], func(x float64) bool { return x != 0 }) {
			used = append(used, i)
		}
	}
	m := len(used)
	small := make([]float64, 0, m*m)
	for _, i := range used {
		for _, j := range used {
			small = append(small, matrix[i*n+j])
		}
	}
	values, _, err := eigen.Symmetric(small, m, false, workers)
	if err != nil {
		return nil, err
	}
	values = append(values, make([]float64, n-m)...)
	slices.Sort(values)
	return values, nil
}

// gram replaces G's top by the spectrum of the Gram matrix of its factors.
func (e *evaluation) gram(ctx context.Context, top int, g *artifact.TermSpectrum) error {
	matrix, err := e.pt.Gram(ctx)
	if err != nil {
		return err
	}
	frobenius := kernel.Norm64(matrix)
	values, _, err := eigen.Symmetric(matrix, e.pt.Data.Objects*e.pt.Network.Classes(), false, e.t.Workers)
	if err != nil {
		return err
	}
	bottom := g.Bottom
	replace(g, values, top, 0)
	g.Method, g.Frobenius, g.Bottom = "gram", &frobenius, bottom
	return nil
}

// replace puts exact values, ascending, in the place of estimated ones.
func replace(t *artifact.TermSpectrum, values []float64, top, bottom int) {
	n := len(values)
	norm := max(math.Abs(values[0]), math.Abs(values[n-1]))
	worst := 0.0
	for i, e := range t.Top {
		if i < n {
			worst = max(worst, math.Abs(e.Value-values[n-1-i]))
		}
	}
	for i, e := range t.Bottom {
		if i < n && bottom > 0 {
			worst = max(worst, math.Abs(e.Value-values[i]))
		}
	}
	if norm > 0 {
		worst /= norm
	}
	t.SetExact(values, top, bottom)
	t.EstimatorError = &worst
	t.Outliers, t.Gap = outliers(t.Top)
}
