package samplesize

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// fullTerms is Δ₂ over all weights. Losses, gradients and traces are exact:
// Σ_d Var c_d = n/(n−1) (mean ‖g_i‖² − ‖ḡ‖²). Of the Frobenius norms those of the
// objects are exact, and ‖H‖_F² = E‖Hz‖² over Gaussian z; its error is the error of
// the closed form.
func fullTerms(ctx context.Context, p Params, pt *curvature.Point, inputs map[string][]byte) ([]artifact.Criterion, error) {
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
	squared, err := frobeniusVariance(ctx, p, pt, inputs)
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
		c.Curvature = float64(s2 * s2 / 4 * (float64(2*squared.Value) + trace))
		c.Closed = artifact.MonteCarlo{Value: c.Loss + c.Covariance + c.Gradient + c.Curvature, Error: s2 * s2 / 2 * squared.Error}
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
func frobeniusVariance(ctx context.Context, p Params, pt *curvature.Point, inputs map[string][]byte) (artifact.MonteCarlo, error) {
	n := float64(pt.Data.Objects)
	rows, err := npy.Rows[float64](inputs, Objects, objectColumns)
	if err != nil {
		return artifact.MonteCarlo{}, err
	}
	if len(rows) != pt.Data.Objects {
		return artifact.MonteCarlo{}, fmt.Errorf("input %s has %d rows: want one per object, %d", Objects, len(rows), pt.Data.Objects)
	}
	mean := 0.0
	for _, r := range rows {
		mean += float64(r[frobenius]*r[frobenius]) / n
	}
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
	scale := n / (n - 1)
	return artifact.MonteCarlo{Value: scale * max(mean-of, 0), Error: scale * spread / math.Sqrt(float64(p.FullDraws))}, nil
}
