package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// Ends says which eigenvalues of an operator are wanted and how exactly.
type Ends struct {
	Top, Bottom int
	Tolerance   float64 // relative, by the Kato–Temple estimate
	Floor       float64 // relative to the norm: smaller errors count as none
	MaxProducts int     // 0: 10·(Top+Bottom)+300
	Seed        int64   // of the starting vectors
}

// Ends finds eigenvalues at the ends of the operator's spectrum by Lanczos.
// progress, if not nil, is told which share has converged, never less than
// before.
func (op *Operator) Ends(ctx context.Context, e Ends, progress func(share float64)) (*eigen.Result, error) {
	n := op.Dim()
	random := func(purpose string, i int) []float64 {
		s := rng.New(e.Seed, "lanczos", purpose, uint64(i))
		v := make([]float64, n)
		for j := range v {
			v[j] = s.Normal()
		}
		return v
	}
	reached := 0.0
	return eigen.Lanczos(ctx, op, eigen.Search{
		Top: e.Top, Bottom: e.Bottom, Tolerance: e.Tolerance, Floor: e.Floor, MaxSteps: e.MaxProducts,
		Start:    random("start", 0),
		Restart:  func(i int) []float64 { return random("restart", i) },
		Workers:  op.pt.Workers,
		Rounding: op.Rounding(),
		Progress: func(_, converged, wanted int) {
			if progress != nil {
				reached = max(reached, float64(converged)/float64(wanted))
				progress(reached)
			}
		},
	})
}

// Rounding is what a product may be wrong by, relative to the operator's norm:
// the unit roundoff times the length of its longest chain of additions, over
// the objects of a part, the parts, and the units of all layers. It holds
// where the terms of a product do not cancel against one another by orders of
// magnitude.
func (op *Operator) Rounding() float64 {
	chain := partObjects + len(op.parts)
	for _, w := range op.pt.Network.Widths {
		chain += w
	}
	return float64(float64(chain) * 0x1p-53)
}

// Norm returns the largest |eigenvalue| of a sum of curvatures, with the pair
// that has it.
func (op *Operator) Norm(ctx context.Context, tolerance float64, seed int64) (eigen.Pair, error) {
	bottom := 1
	if op.term == GaussNewton {
		bottom = 0
	}
	result, err := op.Ends(ctx, Ends{Top: 1, Bottom: bottom, Tolerance: tolerance, Floor: 1e-14, Seed: seed}, nil)
	if err != nil {
		return eigen.Pair{}, err
	}
	best := result.Top[0]
	for _, p := range result.Bottom {
		if -p.Value > best.Value {
			best = p
		}
	}
	return best, nil
}

// Sines returns the sines of the principal angles between the spans of two
// orthonormal sets of as many vectors, ascending.
func Sines(a, b [][]float64) ([]float64, error) {
	r := len(b)
	rest := make([][]float64, r)
	for i, v := range b {
		rest[i] = append([]float64(nil), v...)
		for range 2 {
			for _, u := range a {
				kernel.Axpy64(rest[i], -kernel.Dot64(u, rest[i]), u)
			}
		}
	}
	gram := make([]float64, r*r)
	for i := range r {
		for j := range r {
			gram[i*r+j] = kernel.Dot64(rest[max(i, j)], rest[min(i, j)])
		}
	}
	values, _, err := eigen.Symmetric(gram, r, false, 1)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		values[i] = min(math.Sqrt(max(v, 0)), 1)
	}
	return values, nil
}
