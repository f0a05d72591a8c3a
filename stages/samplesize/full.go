package samplesize

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// fullTerms is Δ₂ over all weights. Losses, gradients and traces are exact:
// Σ_d Var c_d = n/(n−1) (mean ‖g_i‖² − ‖ḡ‖²). Of the Frobenius norms the mean
// of ‖H_i‖_F² is over evenly spread objects, and ‖H‖_F² = E‖Hz‖² over Gaussian
// z; their error is the error of the closed form.
func fullTerms(ctx context.Context, p Params, pt *curvature.Point) ([]artifact.Criterion, error) {
	n := float64(pt.Data.Objects)
	constants, err := object.NewConstants(pt)
	if err != nil {
		return nil, err
	}
	norms, err := object.NewSizes(ctx, pt, constants, nil)
	if err != nil {
		return nil, err
	}
	mean, err := pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	squares := 0.0
	for _, g := range norms.Gradient {
		squares += float64(g*g) / n
	}
	gradient := n / (n - 1) * max(squares-kernel.Dot64(mean, mean), 0)
	frobenius, err := frobeniusVariance(ctx, p, pt)
	if err != nil {
		return nil, err
	}
	loss := covariance(pt.Losses, pt.Losses)
	cross, trace := covariance(pt.Losses, norms.Trace), covariance(norms.Trace, norms.Trace)
	list := make([]artifact.Criterion, len(p.Sigmas))
	quadratic, direct := make([][]float64, len(p.Sigmas)), make([][]float64, len(p.Sigmas))
	for i, sigma := range p.Sigmas {
		s2 := float64(sigma * sigma)
		c := artifact.Criterion{Name: "delta2", Sigma: sigma, Loss: loss, Covariance: float64(s2 * cross), Gradient: float64(s2 * gradient)}
		c.Curvature = float64(s2 * s2 / 4 * (float64(2*frobenius.Value) + trace))
		c.Closed = artifact.MonteCarlo{Value: c.Loss + c.Covariance + c.Gradient + c.Curvature, Error: s2 * s2 / 2 * frobenius.Error}
		list[i] = c
		quadratic[i], direct[i] = make([]float64, p.FullDraws), make([]float64, p.FullDraws)
	}
	for draw := range p.FullDraws {
		z := gaussian(p.Seed, "full", uint64(draw), pt.Network.Parameters())
		forms, err := pt.Forms(ctx, z, 1)
		if err != nil {
			return nil, err
		}
		plane, err := pt.Plane(ctx, z)
		if err != nil {
			return nil, err
		}
		for i, sigma := range p.Sigmas {
			slope, bending := append([]float64(nil), forms[0].Gradient...), append([]float64(nil), forms[0].Hessian...)
			kernel.Scale64(slope, sigma)
			kernel.Scale64(bending, float64(sigma*sigma))
			actual := func(sign float64) ([]float64, error) { return plane.Losses(ctx, float64(sign*sigma)) }
			if err := pair(pt.Losses, slope, bending, actual, &quadratic[i][draw], &direct[i][draw]); err != nil {
				return nil, err
			}
		}
	}
	for i := range list {
		estimate(&list[i], quadratic[i], direct[i])
	}
	return list, nil
}

// frobeniusVariance estimates Σ_de Var (H_i)_de = n/(n−1) (mean ‖H_i‖_F² −
// ‖H‖_F²).
func frobeniusVariance(ctx context.Context, p Params, pt *curvature.Point) (artifact.MonteCarlo, error) {
	n := float64(pt.Data.Objects)
	objects := object.Spread(pt.Data.Objects, p.Objects)
	single, err := object.SquaredFrobenius(ctx, pt, objects)
	if err != nil {
		return artifact.MonteCarlo{}, err
	}
	mean, deviation := stats.Moments(single)
	// Drawn without replacement, all of them have no error.
	share := 1 - float64(len(objects))/n
	variance := float64(float64(deviation*deviation) / float64(len(objects)) * share)

	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		return artifact.MonteCarlo{}, err
	}
	dim := op.Dim()
	products := make([]float64, dim)
	whole := make([]float64, p.FullDraws)
	for i := range whole {
		if err := op.Apply(ctx, products, gaussian(p.Seed, "probe", uint64(i), dim), 1); err != nil {
			return artifact.MonteCarlo{}, err
		}
		whole[i] = kernel.Dot64(products, products)
	}
	of, spread := stats.Moments(whole)
	variance += float64(spread*spread) / float64(p.FullDraws)
	scale := n / (n - 1)
	return artifact.MonteCarlo{Value: scale * max(mean-of, 0), Error: scale * math.Sqrt(variance)}, nil
}
