// Package samplesize is the stage that says from which sample size on one more
// object hardly changes the loss, by the criteria of the follow-up work:
//
//	Δ₁      = |L_{k+1} − L_k| at θ*
//	Δ₂      = E (L_{k+1} − L_k)² over θ* + ξ, ξ ~ N(0, σ²I)
//	Δ₂^(D)  = the same over θ* + Uξ, U the top D eigenvectors of H
//
// Over random orders of the objects, with c_i = Uᵀg_i, B_i = UᵀH_iU and
// variances with the divisor n−1,
//
//	E Δ₂^(D)(k) = [Var ℓ + σ² Cov(ℓ, tr B) + σ² Σ_d Var c_d
//	               + (σ⁴/4)(2 Σ_de Var B_de + Var tr B)]/(k(k+1))
//
// for the quadratic model of each loss, so the sufficient size is a closed
// form. It is checked by drawing ξ, with the quadratic model and with the
// losses themselves.
package samplesize

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Vectors is in: .npy float64, m×P, orthonormal eigenvectors of H, those of
	// the largest eigenvalues first, at least Dimensions of them or P.
	Vectors = "vectors"

	// Objects is in: .npy float64, objects × 4, the last column ‖H_i‖_F.
	Objects = "objects"

	SampleSize = "samplesize" // out: canonical JSON, artifact.SampleSizeSummary
	// Curves is .npy float64, rows × sizes: k, then the root of the closed
	// form of each criterion at k, in the order of the summary.
	Curves = "curves"
)

// The columns of Objects.
const (
	objectColumns = 4
	frobenius     = 3
)

// Params are what the sizes depend on apart from the network and the data.
type Params struct {
	// SampleSize is how many objects the network was trained on, at least 2;
	// 0 means all.
	SampleSize int
	// Dimensions is D, at least 1.
	Dimensions int
	// Sigmas are the σ, ascending and positive; none leaves Δ₁ only.
	Sigmas []float64
	// Epsilons are the ε of m*(ε), descending and positive, in units of the
	// loss: √Δ₂ is compared with them.
	Epsilons []float64
	// Draws is how many pairs ±ξ are drawn in the eigenspace, and FullDraws
	// over all weights, each at least 2, or 0 to draw none; without
	// FullDraws there is no Δ₂.
	Draws, FullDraws int
	// Orders is how many random orders the single paths are taken over.
	Orders int
	Seed   int64
}

// DefaultParams suit the paper's networks.
func DefaultParams() Params {
	return Params{
		Dimensions: 10, Sigmas: []float64{0.001, 0.01},
		Epsilons: []float64{0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001, 0.00003},
		Draws:    16, FullDraws: 8, Orders: 100,
	}
}

// check finds the params that would give a wrong result without an error.
func (p Params) check() error {
	switch {
	case p.Dimensions < 1:
		return fmt.Errorf("%d dimensions: want at least 1", p.Dimensions)
	case p.Draws < 0 || p.Draws == 1 || p.FullDraws < 0 || p.FullDraws == 1:
		return fmt.Errorf("%d and %d draws: want at least 2, or 0", p.Draws, p.FullDraws)
	case p.Orders < 1:
		return fmt.Errorf("%d orders: want at least 1", p.Orders)
	}
	for i, s := range p.Sigmas {
		if !(s > 0) || math.IsInf(s, 1) || i > 0 && s <= p.Sigmas[i-1] {
			return fmt.Errorf("sigmas are %v: want ascending positive numbers", p.Sigmas)
		}
	}
	for i, e := range p.Epsilons {
		if !(e > 0) || math.IsInf(e, 1) || i > 0 && e >= p.Epsilons[i-1] {
			return fmt.Errorf("epsilons are %v: want descending positive numbers", p.Epsilons)
		}
	}
	return nil
}

// Run computes the sizes of one network.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	if pt.Data.Objects < 2 {
		return nil, errors.New("the sample has one object: want at least 2")
	}
	s, err := summarise(ctx, p, pt, t)
	if err != nil {
		return nil, err
	}
	b, err := artifact.Encode(*s)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{SampleSize: b, Curves: curves(s)}, nil
}

func summarise(ctx context.Context, p Params, pt *curvature.Point, t *task.Task) (*artifact.SampleSizeSummary, error) {
	const steps = 5
	values, vectors, err := eigenspace(ctx, p, pt, t.Inputs)
	if err != nil {
		return nil, err
	}
	t.Progress(1, steps)
	s := &artifact.SampleSizeSummary{
		SampleSize: pt.Data.Objects, Parameters: pt.Network.Parameters(), Dimensions: len(vectors), Eigenvalues: values,
		Orders: p.Orders, Draws: p.Draws, FullDraws: p.FullDraws, MAD: meanDeviation(pt.Losses),
		Criteria: []artifact.Criterion{},
	}
	first := artifact.Criterion{Name: "delta1", Loss: covariance(pt.Losses, pt.Losses)}
	first.Closed.Value = first.Loss
	s.Criteria = append(s.Criteria, first)
	flat := make([]float64, 0, len(vectors)*s.Parameters)
	for _, v := range vectors {
		flat = append(flat, v...)
	}
	model, err := pt.Project(ctx, flat, len(vectors))
	if err != nil {
		return nil, err
	}
	t.Progress(2, steps)
	plane, err := pt.Plane(ctx, vectors...)
	if err != nil {
		return nil, err
	}
	for _, sigma := range p.Sigmas {
		c := eigenTerms(pt.Losses, model, sigma)
		if p.Draws > 0 {
			if err := drawEigen(ctx, p, pt.Losses, model, plane, &c); err != nil {
				return nil, err
			}
		}
		s.Criteria = append(s.Criteria, c)
	}
	t.Progress(3, steps)
	if p.FullDraws > 0 && len(p.Sigmas) > 0 {
		full, err := fullTerms(ctx, p, pt, t.Inputs)
		if err != nil {
			return nil, err
		}
		s.Criteria = append(s.Criteria, full...)
	}
	t.Progress(4, steps)
	for i := range s.Criteria {
		s.Criteria[i].Sufficient = closedSizes(p.Epsilons, s.Criteria[i].Closed.Value, s.SampleSize)
	}
	if err := paths(ctx, p, pt.Losses, model, s); err != nil {
		return nil, err
	}
	t.Progress(steps, steps)
	return s, nil
}

// curves evaluates the closed forms on sizes evenly spread on a log axis.
func curves(s *artifact.SampleSizeSummary) []byte {
	var sizes []int
	for k := 1; k < s.SampleSize; k += max(1, k/20) {
		sizes = append(sizes, k)
	}
	rows := make([]float64, (1+len(s.Criteria))*len(sizes))
	for j, k := range sizes {
		rows[j] = float64(k)
		for i, c := range s.Criteria {
			rows[(i+1)*len(sizes)+j] = math.Sqrt(max(c.Closed.Value, 0) / float64(k*(k+1)))
		}
	}
	return npy.Encode([]int{1 + len(s.Criteria), len(sizes)}, rows)
}
