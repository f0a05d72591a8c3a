package curvature

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Ends says which eigenvalues of an operator are wanted and how exactly.
type Ends struct {
	Top, Bottom int
	Tolerance   float64 // relative, by the Kato–Temple estimate
	Floor       float64 // relative to the norm: smaller errors count as none; 0 leaves it to [eigen.Search]
	Seed        int64   // of the starting vectors
	// Near are unit vectors that may be near the eigenvectors: the search starts from
	// their sum and a random unit vector, from which it finds what they lack.
	Near [][]float64
	// Further is how many products [Operator.Complete] may take: see [eigen.Search].
	Further int
}

// Ends finds eigenvalues at the ends of the operator's spectrum by Lanczos.
// progress, if not nil, receives the share that has converged, which never falls.
func (op *Operator) Ends(ctx context.Context, e Ends, progress func(share float64)) (*eigen.Result, error) {
	return EndsOf(ctx, op, e, "lanczos", op.pt.Workers, progress)
}

// Bounded is an operator that says how far its products may be off, see
// [Operator.Rounding].
type Bounded interface {
	eigen.Operator
	Rounding() float64
}

// EndsOf finds eigenvalues at the ends of any operator's spectrum by Lanczos. The
// key tells its random vectors from those of others; progress is as of
// [Operator.Ends].
func EndsOf(ctx context.Context, op Bounded, e Ends, key string, workers int, progress func(share float64)) (*eigen.Result, error) {
	start := NormalVector(e.Seed, key, "start", 0, op.Dim())
	if len(e.Near) > 0 {
		kernel.Normalise64(start)
		for _, v := range e.Near {
			kernel.Axpy64(start, 1, v)
		}
	}
	restart := func(i int) []float64 { return NormalVector(e.Seed, key, "restart", i, op.Dim()) }
	return lanczos(ctx, op, e, start, restart, workers, progress)
}

// Complete adds to the ends that [Operator.Ends] found for e the copies of
// multiple eigenvalues that they lack, until the probability that a value is
// missing is at most chance at either end; see [eigen.Complete].
func (op *Operator) Complete(ctx context.Context, e Ends, r *eigen.Result, chance float64) (top, bottom eigen.Completeness, err error) {
	return eigen.Complete(ctx, op, r, eigen.Completion{
		Chance: chance, Tolerance: e.Tolerance, MaxProducts: 10*(e.Top+e.Bottom) + 300, RunProducts: 100, Workers: op.pt.Workers,
		Random: func(i int) []float64 { return op.normal(e.Seed, "lanczos", "complete", i) },
	})
}

func lanczos(ctx context.Context, op Bounded, e Ends, start []float64, restart func(i int) []float64, workers int, progress func(share float64)) (*eigen.Result, error) {
	reached := 0.0
	return eigen.Lanczos(ctx, op, eigen.Search{
		Top: e.Top, Bottom: e.Bottom, Tolerance: e.Tolerance, Floor: e.Floor,
		Further: e.Further, Start: start, Restart: restart, Workers: workers, Rounding: op.Rounding(),
		Progress: func(_, converged, wanted int) {
			if progress != nil {
				reached = max(reached, float64(converged)/float64(wanted))
				progress(reached)
			}
		},
	})
}

// normal returns a random direction whose bits depend only on the seed and the
// key.
func (op *Operator) normal(seed int64, key, purpose string, i int) []float64 {
	return NormalVector(seed, key, purpose, i, op.Dim())
}

// Rounding is how far a product may be off, relative to the operator's norm:
// the unit roundoff times the length of its longest chain of additions, over
// the objects of a part, the parts, and the units of all layers. It holds
// unless the terms of a product cancel by orders of magnitude.
func (op *Operator) Rounding() float64 { return op.pt.rounding(len(op.parts)) }

// rounding is that of a sum over so many parts of the objects.
func (pt *Point) rounding(parts int) float64 {
	chain := partObjects + parts
	for _, w := range pt.Network.Widths {
		chain += w
	}
	return float64(float64(chain) * 0x1p-53)
}

// Norm returns the pair with the largest |eigenvalue| of the operator.
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

// Range is the two ends of the spectrum of a symmetric operator. The values are
// Rayleigh quotients: λ_min ≤ Least and Largest ≤ λ_max always, and an
// eigenvalue lies within Residual of each.
type Range struct {
	Least, Largest float64
	Residual       float64 // the larger of the two
}

// Norm is max |λ|, a lower bound of the operator's norm up to the residual.
func (r Range) Norm() float64 { return max(-r.Least, r.Largest) }

// Range finds both ends of the spectrum of Σ c_i times the term, by the estimates
// of their errors each to tolerance times the norm, so that an end much nearer to
// zero than the other has fewer correct digits. Its starting vectors are not those
// of [Operator.Ends] with the same seed.
func (pt *Point) Range(ctx context.Context, term Term, coefficients []float64, tolerance float64, seed int64) (Range, error) {
	op, err := pt.Operator(term, coefficients)
	if err != nil {
		return Range{}, err
	}
	restart := func(i int) []float64 { return op.normal(seed, "curvature", "extent", i+1) }
	found, err := lanczos(ctx, op, Ends{Top: 1, Bottom: 1, Tolerance: tolerance, Floor: tolerance}, op.normal(seed, "curvature", "extent", 0), restart, pt.Workers, nil)
	if err != nil || len(found.Top) == 0 || len(found.Bottom) == 0 {
		return Range{}, err
	}
	top, bottom := found.Top[0], found.Bottom[0]
	r := Range{Least: bottom.Value, Largest: top.Value, Residual: max(bottom.Residual, top.Residual)}
	if r.Least == 0 {
		r.Least = 0 // no negative zero
	}
	return r, nil
}

// Eigenspace is the span of an operator's eigenvectors for its largest
// eigenvalues.
type Eigenspace struct {
	Values  []float64   // descending
	Vectors [][]float64 // orthonormal
	// Error estimates how far the space is off, as the sine of an angle:
	// the residuals over the gap after the last value (Davis and Kahan, 1970,
	// with both gap and residuals as computed); 1 where there is no gap.
	Error float64
}

// TopEigenspace finds the eigenspace of that dimension; each value has the
// relative tolerance by the estimate residual²/gap.
func (op *Operator) TopEigenspace(ctx context.Context, dimension int, tolerance float64, seed int64) (*Eigenspace, error) {
	if dimension < 1 || dimension >= op.Dim() {
		return nil, fmt.Errorf("eigenspace of dimension %d of a matrix of %d weights", dimension, op.Dim())
	}
	// One more value is found, for the gap after the space.
	found, err := op.Ends(ctx, Ends{Top: dimension + 1, Tolerance: tolerance, Floor: 1e-14, Seed: seed}, nil)
	if err != nil {
		return nil, err
	}
	e := &Eigenspace{Error: 1}
	spread := 0.0
	for _, pair := range found.Top[:dimension] {
		e.Values, e.Vectors = append(e.Values, pair.Value), append(e.Vectors, pair.Vector)
		spread += float64(pair.Residual * pair.Residual)
	}
	if gap := e.Values[dimension-1] - found.Top[dimension].Value; gap > 0 {
		e.Error = min(math.Sqrt(spread)/gap, 1)
	}
	return e, nil
}

// Sines returns the sines of the principal angles between the spans of two
// orthonormal sets of equal size, ascending.
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

// Dense returns the whole matrix of the operator, Dim×Dim, from products with
// the unit directions that it does not map to zero. progress, if not nil, receives
// how many are done.
func (op *Operator) Dense(ctx context.Context, progress func(done, total int)) ([]float64, error) {
	n := op.Dim()
	matrix := make([]float64, n*n)
	used, err := op.used(ctx)
	if err != nil {
		return nil, err
	}
	most := max(1, blockWidth/op.pt.Network.Widths[1])
	for from := 0; from < len(used); from += most {
		b := min(most, len(used)-from)
		src, dst := make([]float64, b*n), make([]float64, b*n)
		for d := range b {
			src[d*n+used[from+d]] = 1
		}
		if err := op.Apply(ctx, dst, src, b); err != nil {
			return nil, err
		}
		for d := range b {
			copy(matrix[used[from+d]*n:], dst[d*n:(d+1)*n])
		}
		if progress != nil {
			progress(from+b, len(used))
		}
	}
	eigen.Symmetrise(matrix, n)
	return matrix, nil
}

// used lists the weights whose rows of the matrix are not zero: the operator maps a
// random vector of the others to zero. Those of dead units, and of inputs that are 0
// for all objects, are among the others.
func (op *Operator) used(ctx context.Context) ([]int, error) {
	n := op.Dim()
	v, image := op.normal(0, "dense", "used", 0), make([]float64, n)
	if err := op.Apply(ctx, image, v, 1); err != nil {
		return nil, err
	}
	var used []int
	for i, x := range image {
		if x != 0 {
			used = append(used, i)
			v[i] = 0
		}
	}
	if err := op.Apply(ctx, image, v, 1); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(image, func(x float64) bool { return x != 0 }) {
		used = used[:0]
		for i := range n {
			used = append(used, i)
		}
	}
	return used, nil
}
