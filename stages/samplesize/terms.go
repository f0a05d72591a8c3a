package samplesize

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/stats"
)

// eigenspace returns the top eigenvectors of H, from the input, and their
// Rayleigh quotients.
func eigenspace(ctx context.Context, p Params, pt *curvature.Point, inputs map[string][]byte) (values []float64, vectors [][]float64, err error) {
	dim := pt.Network.Parameters()
	want := min(p.Dimensions, dim)
	all, shape, err := npy.Read[float64](inputs, Vectors, -1, dim)
	if err != nil {
		return nil, nil, err
	}
	if shape[0] < want {
		return nil, nil, fmt.Errorf("input %s has %d rows: want at least %d vectors", Vectors, shape[0], want)
	}
	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		return nil, nil, err
	}
	products := make([]float64, want*dim)
	if err := op.Apply(ctx, products, all[:want*dim], want); err != nil {
		return nil, nil, err
	}
	for i := range want {
		v := all[i*dim : (i+1)*dim]
		values, vectors = append(values, kernel.Dot64(v, products[i*dim:(i+1)*dim])), append(vectors, v)
	}
	return values, vectors, nil
}

func gaussian(seed int64, purpose string, index uint64, n int) []float64 {
	s := rng.New(seed, "samplesize", purpose, index)
	v := make([]float64, n)
	for i := range v {
		v[i] = s.Normal()
	}
	return v
}

// covariance has the divisor n−1; of a list with itself it is the variance.
func covariance(a, b []float64) float64 {
	ma, _ := stats.Moments(a)
	mb, _ := stats.Moments(b)
	sum := 0.0
	for i := range a {
		sum += float64((a[i] - ma) * (b[i] - mb))
	}
	return sum / float64(len(a)-1)
}

// meanDeviation is MAD, mean |ℓ_i − mean ℓ|. Without the first value equal
// losses give exactly 0.
func meanDeviation(losses []float64) float64 {
	moved := make([]float64, len(losses))
	for i, l := range losses {
		moved[i] = l - losses[0]
	}
	mean, _ := stats.Moments(moved)
	sum := 0.0
	for _, l := range moved {
		sum += math.Abs(l - mean)
	}
	return sum / float64(len(losses))
}

// column returns values[at], values[at+stride], …
func column(values []float64, at, stride int) []float64 {
	c := make([]float64, 0, len(values)/stride)
	for i := at; i < len(values); i += stride {
		c = append(c, values[i])
	}
	return c
}

// traces are tr B_i.
func traces(m *curvature.Projected) []float64 {
	list := make([]float64, len(m.C)/m.M)
	for i := range list {
		for d := range m.M {
			list[i] += m.B[i*m.M*m.M+d*m.M+d]
		}
	}
	return list
}

// eigenTerms is the closed form of Δ₂^(D) times k(k+1).
func eigenTerms(losses []float64, m *curvature.Projected, sigma float64) artifact.Criterion {
	s2 := float64(sigma * sigma)
	trace := traces(m)
	c := artifact.Criterion{Name: "delta2_eigen", Sigma: sigma, Loss: covariance(losses, losses), Covariance: float64(s2 * covariance(losses, trace))}
	gradient, squares := 0.0, 0.0
	for d := range m.M {
		v := column(m.C, d, m.M)
		gradient += covariance(v, v)
	}
	for d := range m.M * m.M {
		v := column(m.B, d, m.M*m.M)
		squares += covariance(v, v)
	}
	c.Gradient = float64(s2 * gradient)
	c.Curvature = float64(s2 * s2 / 4 * (float64(2*squares) + covariance(trace, trace)))
	c.Closed.Value = c.Loss + c.Covariance + c.Gradient + c.Curvature
	return c
}

// drawEigen estimates the same from draws ±ξ: by the quadratic model and by
// the losses.
func drawEigen(ctx context.Context, p Params, losses []float64, m *curvature.Projected, plane *curvature.Plane, c *artifact.Criterion) error {
	quadratic, direct := make([]float64, p.Draws), make([]float64, p.Draws)
	for draw := range p.Draws {
		xi := gaussian(p.Seed, "eigen", uint64(draw), m.M)
		kernel.Scale64(xi, c.Sigma)
		slope, bending := make([]float64, len(losses)), make([]float64, len(losses))
		b := make([]float64, m.M)
		for i := range losses {
			slope[i] = kernel.Dot64(m.C[i*m.M:(i+1)*m.M], xi)
			kernel.MulNN64(b, m.B[i*m.M*m.M:(i+1)*m.M*m.M], xi, m.M, 1, m.M, false)
			bending[i] = kernel.Dot64(b, xi)
		}
		actual := func(sign float64) ([]float64, error) {
			t := make([]float64, m.M)
			for d := range t {
				t[d] = sign * xi[d]
			}
			return plane.Losses(ctx, t...)
		}
		if err := pair(losses, slope, bending, actual, &quadratic[draw], &direct[draw]); err != nil {
			return err
		}
	}
	estimate(c, quadratic, direct)
	return nil
}

// pair takes the variance over objects at +ξ and −ξ and averages the two: that
// leaves out what is odd in ξ, whose mean is zero.
func pair(losses, slope, bending []float64, actual func(sign float64) ([]float64, error), quadratic, direct *float64) error {
	for _, sign := range []float64{1, -1} {
		model := make([]float64, len(losses))
		for i, l := range losses {
			model[i] = l + float64(sign*slope[i]) + float64(bending[i]/2)
		}
		values, err := actual(sign)
		if err != nil {
			return err
		}
		*quadratic += float64(covariance(model, model) / 2)
		*direct += float64(covariance(values, values) / 2)
	}
	return nil
}

// estimate writes the means and standard errors of the draws.
func estimate(c *artifact.Criterion, quadratic, direct []float64) {
	excess := make([]float64, len(direct))
	for i := range excess {
		excess[i] = direct[i] - quadratic[i]
	}
	of := func(v []float64) *artifact.MonteCarlo {
		mean, deviation := stats.Moments(v)
		return &artifact.MonteCarlo{Value: mean, Error: deviation / math.Sqrt(float64(len(v)))}
	}
	c.Quadratic, c.Direct, c.Excess = of(quadratic), of(direct), of(excess)
}
