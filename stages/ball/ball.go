// Package ball is the stage that measures |L_{k+1} − L_k| on spheres about the
// trained weights, ‖θ − θ*‖ = R, along random directions and the top
// eigenvectors with both signs, and compares it with the quadratic model and
// the bounds. The paper states a bound for every R and measures none.
//
// With a = ℓ_{k+1} − L_k, g and H at θ*, the model along the unit vector u is
//
//	L_{k+1} − L_k ≈ [a ± R (g_{k+1} − g^(k))·u + R²/2 uᵀDu]/(k+1), D = H_{k+1} − H^(k)
//
// and what it misses, the remainder, is measured: it comes from the third
// derivative and from ReLUs that flip between θ* and θ (T10).
package ball

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [mlp.Decode], and writes.
const (
	// Vectors is optional: .npy float64, m×P, orthonormal eigenvectors of H,
	// those of the largest eigenvalues first.
	Vectors = "vectors"

	Ball = "ball" // out: canonical JSON, artifact.BallSummary
	// Curves is .npy float64, directions × 2 × radii: L_{k+1} − L_k with its
	// sign as measured, and by the quadratic model. The directions are the
	// random ones, each + and then −, and the eigenvectors in the same way.
	Curves = "curves"
)

// Params are what the measurement depends on apart from the network, the data
// and the eigenvectors.
type Params struct {
	// SampleSize is how many objects the network was trained on, at least 2;
	// 0 means all.
	SampleSize int
	// K is k: object k+1 of the data set is added to the first k. 0, or one
	// that is too large, means SampleSize − 1.
	K int
	// Radii are the R, ascending and positive, at least one.
	Radii []float64
	// Directions is how many random directions there are, at least 1, each
	// uniform on the sphere and taken with both signs.
	Directions int
	// Tolerance is the relative error that Lanczos stops at for ‖D‖.
	Tolerance float64
	Seed      int64
}

const (
	// eigenvectors limits how many of Vectors are used.
	eigenvectors = 5
	// allowed is the share of the difference from which the remainder counts
	// as too large.
	allowed = 0.1
	// kinkObjects is over how many objects the nearest flip in any direction
	// is searched.
	kinkObjects = 100
)

// check finds the params that would give a wrong result without an error.
func (p Params) check() error {
	switch {
	case p.K < 0 || p.Directions < 1 || len(p.Radii) == 0:
		return fmt.Errorf("k = %d, %d directions, %d radii: want at least 0, 1 and 1", p.K, p.Directions, len(p.Radii))
	case !(p.Tolerance > 0 && p.Tolerance < 1):
		return fmt.Errorf("tolerance is %v: want more than 0 and less than 1", p.Tolerance)
	}
	for i, r := range p.Radii {
		if !(r > 0) || math.IsInf(r, 1) || i > 0 && r <= p.Radii[i-1] {
			return fmt.Errorf("radii are %v: want ascending positive numbers", p.Radii)
		}
	}
	return nil
}

// Run measures one network.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	if data.Objects < 2 {
		return nil, errors.New("the sample has one object: want at least 2")
	}
	k := p.K
	if k == 0 || k >= data.Objects {
		k = data.Objects - 1
	}
	if data, err = data.First(k + 1); err != nil {
		return nil, err
	}
	var vectors [][]float64
	if _, ok := t.Inputs[Vectors]; ok {
		if vectors, err = npy.Rows[float64](t.Inputs, Vectors, network.Parameters()); err != nil {
			return nil, err
		}
		vectors = vectors[:min(len(vectors), eigenvectors)]
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	m := &measurement{p: p, k: k, pt: pt, vectors: vectors, progress: t.Progress}
	s, curves, err := m.run(ctx)
	if err != nil {
		return nil, err
	}
	b, err := artifact.Encode(*s)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		Ball:   b,
		Curves: npy.Encode([]int{2 * (p.Directions + len(vectors)), 2, len(p.Radii)}, curves),
	}, nil
}
