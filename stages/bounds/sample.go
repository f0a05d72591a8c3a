package bounds

import (
	"context"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
)

// sample compares the norm of the mean Hessian with the mean of the norms.
func (e *evaluation) sample(ctx context.Context, exact []float64) (artifact.SampleBounds, error) {
	whole := e.whole
	s := artifact.SampleBounds{
		HessianNorm: whole.Norm(), Residual: whole.Residual, LeastEigenvalue: whole.Least,
		MeanGN: mean(e.norms.GaussNewton), LargestGN: slices.Max(e.norms.GaussNewton),
		SpreadMean: mean(exact[:e.spread]), SpreadLargest: slices.Max(exact[:e.spread]),
	}
	upper := make([]float64, len(e.norms.HTerm))
	for i := range upper {
		upper[i] = capped(e.norms.GaussNewton[i] + e.norms.HTerm[i])
	}
	s.MeanUpper, s.LargestUpper = mean(upper), slices.Max(upper)
	data, err := e.pt.Data.Subset(e.objects.Objects[:e.spread])
	if err != nil {
		return s, err
	}
	few, err := curvature.NewPoint(ctx, e.pt.Network, data, e.pt.Workers)
	if err != nil {
		return s, err
	}
	spread, err := few.Range(ctx, curvature.Hessian, nil, e.p.Tolerance, e.p.Seed)
	if err != nil {
		return s, err
	}
	s.SpreadNorm, s.SpreadResidual = spread.Norm(), spread.Residual
	// A Rayleigh quotient is never above the norm, except by rounding.
	s.Violation = below(s.MeanUpper, s.HessianNorm) || below(s.SpreadMean, s.SpreadNorm) || below(s.SpreadLargest, s.SpreadMean)
	return s, nil
}

// increment measures what object k, counted from 0, does to the mean of the
// first k.
func (e *evaluation) increment(ctx context.Context, k int) (artifact.IncrementBounds, object.LossFacts, error) {
	fail := func(err error) (artifact.IncrementBounds, object.LossFacts, error) {
		return artifact.IncrementBounds{}, object.LossFacts{}, err
	}
	difference, err := e.pt.Range(ctx, curvature.Hessian, curvature.Increment(k), e.p.Tolerance, e.p.Seed)
	if err != nil {
		return fail(err)
	}
	before, err := e.pt.Range(ctx, curvature.Hessian, curvature.Prefix(k, k), e.p.Tolerance, e.p.Seed)
	if err != nil {
		return fail(err)
	}
	of := object.New(e.pt, k)
	least, largest, err := of.Hessian(ctx)
	if err != nil {
		return fail(err)
	}
	norm := max(-least, largest)
	bounds, err := of.Bounds(e.constants)
	if err != nil {
		return fail(err)
	}
	theorem, lemma := capped(bounds[9]), capped(bounds[10])
	s := artifact.IncrementBounds{
		K: k, Norm: difference.Norm(), Residual: difference.Residual,
		Lower: math.Abs(norm - before.Norm()),
		Upper: max(largest-before.Least, before.Largest-least),
		Sum:   norm + before.Norm(), Larger: max(norm, before.Norm()), Printed: capped(2 * theorem),
	}
	// Residuals of Lanczos are allowed for on both sides, and the rounding of the
	// Hessians, which may cancel: where one layer is 0 for every object, the biases alone
	// decide H_i.
	rounding := float64(1e-12 * s.Sum)
	s.Violation = below(s.Norm+s.Residual+before.Residual+rounding, s.Lower) || below(s.Upper+before.Residual, s.Norm)

	mean, err := e.pt.Gradient(ctx, curvature.Prefix(k, k))
	if err != nil {
		return fail(err)
	}
	gap, err := e.pt.Gradient(ctx, curvature.Increment(k))
	if err != nil {
		return fail(err)
	}
	n := k + 1
	upperR := e.norms.HTerm[:n]
	facts := object.LossFacts{
		K: k, LossGap: math.Abs(e.pt.Losses[k] - e.pt.MeanLoss(k)),
		GradientGap: kernel.Norm64(gap), MeanGradient: kernel.Norm64(mean), HessianGap: s.Norm + s.Residual,
		LargestLoss: slices.Max(e.pt.Losses[:n]), LargestGradient: slices.Max(e.norms.Gradient[:n]),
		LargestG: slices.Max(e.norms.GaussNewton[:n]), LargestR: capped(slices.Max(upperR)),
		Theorem1: theorem, Lemma1: lemma,
	}
	return s, facts, nil
}

// losses evaluates the bounds of |L_{k+1} − L_k| over the radii.
func (e *evaluation) losses(f object.LossFacts) artifact.LossBounds {
	l := artifact.LossBounds{K: f.K, Radii: radii, Actual: f.LossGap / float64(f.K+1), Forms: make([]artifact.LossForm, len(object.LossFormNames))}
	if f.HessianGap > 0 {
		l.GradientRadius = capped(2 * f.GradientGap / f.HessianGap)
	}
	for i, name := range object.LossFormNames {
		l.Forms[i] = artifact.LossForm{Name: name, Printed: i < 2, Values: make([]float64, len(radii))}
	}
	for j, r := range radii {
		for i, v := range f.Forms(r) {
			l.Forms[i].Values[j] = capped(v)
		}
	}
	return l
}

// capped returns x, or the largest float64 in place of an overflow; NaN is one
// that was multiplied by zero.
func capped(x float64) float64 {
	if x <= math.MaxFloat64 {
		return x
	}
	return math.MaxFloat64
}

func mean(v []float64) float64 {
	sum, n := 0.0, float64(len(v))
	for _, x := range v {
		sum += x / n
	}
	return capped(sum)
}
