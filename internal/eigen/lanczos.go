package eigen

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Operator is a symmetric operator, given by its products with vectors.
type Operator interface {
	// Dim is the dimension n.
	Dim() int
	// Apply sets dst to the operator applied to each of the block vectors
	// in src; both are block×n. The product with a vector has the same bits
	// in every block.
	Apply(ctx context.Context, dst, src []float64, block int) error
}

// Search says which eigenvalues [Lanczos] looks for.
type Search struct {
	Top, Bottom int     // how many from each end of the spectrum
	Tolerance   float64 // wanted relative error of each value, by the estimate residual²/gap
	Floor       float64 // error relative to the norm below which a value counts as found (0: √n·2⁻⁵²)
	MaxSteps    int     // total products before it gives up (0: 10·(Top+Bottom)+300)
	MaxBasis    int     // vectors kept before a thick restart: the memory cap (0: 400)
	Further     int     // products that [Complete] may take, as far as can be foreseen: it goes on until they suffice, but not for long; 0: stop at once
	Start       []float64
	Restart     func(i int) []float64 // a fresh random vector after a breakdown, for multiplicities
	Workers     int
	Rounding    float64 // relative rounding error of one product in norm, as the operator states it
	Progress    func(products int, converged, wanted int)
}

// Pair is a computed eigenvalue with its certificate.
type Pair struct {
	Value float64
	// Residual is ‖Hv − θv‖₂ for the unit vector v, Hv being formed from the
	// products with the basis: an eigenvalue lies within Residual +
	// Result.Rounding of Value.
	Residual float64
	// Error is the Kato–Temple estimate residual²/gap, at most Residual.
	// The gap comes from computed values, so this is not a bound.
	Error  float64
	Vector []float64
}

// Result is what [Lanczos] found.
type Result struct {
	Top    []Pair // descending
	Bottom []Pair // ascending
	// Block is ‖HV − VΘ‖₂ over all vectors together: each pair has its own
	// eigenvalue within Block + Rounding of its value.
	Block float64
	// Rounding bounds how far rounding in the products, and in their
	// combinations, can have moved a residual.
	Rounding float64
	// Norm is the largest |θ|: a lower bound of ‖H‖₂, up to Residual.
	Norm float64
	// Missed bounds the probability, over random starting vectors, that the
	// largest eigenvalue lies more than a relative 1e-3 of the spectrum's
	// width above Top[0] (Kuczyński and Woźniakowski, 1992). It says nothing
	// about inner values.
	Missed    float64
	Products  int
	Converged bool

	// topSpares and bottomSpares are the next values after the lists, as far as they
	// are known: [Complete] looks for missing ones beside them.
	topSpares, bottomSpares []spare
}

// Lanczos finds eigenvalues at the ends of the spectrum by the single-vector
// Lanczos method with full two-pass reorthogonalisation, thick restarts
// (Wu and Simon, 2000) only where the basis would outgrow MaxBasis, and
// relative breakdown tests; then one Rayleigh–Ritz step with the wanted
// vectors, from which the certificates are measured. The products with the
// basis are kept for it: H applied to a combination of basis vectors is the
// same combination of them, so that the certificates cost no further product.
//
// Operators of any norm above 2⁻⁹⁶⁰ are searched; one below counts as zero.
func Lanczos(ctx context.Context, op Operator, s Search) (*Result, error) {
	n := op.Dim()
	wanted := s.Top + s.Bottom
	if n == 0 || wanted == 0 || s.Top < 0 || s.Bottom < 0 {
		return nil, fmt.Errorf("lanczos: nothing to look for: dimension %d, %d top, %d bottom", n, s.Top, s.Bottom)
	}
	if len(s.Start) != n {
		return nil, fmt.Errorf("lanczos: starting vector has %d entries, want %d", len(s.Start), n)
	}
	if s.MaxSteps == 0 {
		s.MaxSteps = 10*wanted + 300
	}
	if s.MaxBasis == 0 {
		s.MaxBasis = 400
	}
	s.MaxBasis = max(s.MaxBasis, 2*wanted+20)
	scaled := &balanced{Operator: op}
	op = scaled
	b := &basis{n: n, workers: s.Workers}
	v := append([]float64(nil), s.Start...)
	if kernel.Normalise64(v) == 0 {
		return nil, errors.New("lanczos: starting vector is zero")
	}
	b.add(v)
	result := &Result{}
	norm, restarts, confirmed, late := 0.0, 0, 0, 0
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := len(b.q)
		w := make([]float64, n)
		if err := op.Apply(ctx, w, b.q[m-1], 1); err != nil {
			return nil, err
		}
		result.Products++
		b.images = append(b.images, append([]float64(nil), w...))
		size := kernel.Norm64(w)
		if math.IsNaN(size) || math.IsInf(size, 0) {
			return nil, fmt.Errorf("lanczos: product %d is not finite: %w", result.Products, ErrOverflow)
		}
		norm = max(norm, size)
		b.t[m-1][m-1] = b.orthogonalise(w)[m-1] // the other coefficients are in t already
		beta := kernel.Normalise64(w)
		rounding := float64(float64(unit*norm) * math.Sqrt(float64(n)))
		floor := max(rounding, float64(s.Floor*norm))
		broken := beta <= rounding
		full := m == n
		if broken || full || due(m, wanted, result.Products) {
			values, last, err := b.ritz(false)
			if err != nil {
				return nil, err
			}
			converged := 0
			for _, i := range ends(len(values), s) {
				residual := float64(beta * math.Abs(last[i][0]))
				if broken || full || accurate(values, i, residual, s.Tolerance, floor) {
					converged++
				}
			}
			if s.Progress != nil {
				s.Progress(result.Products, converged, min(wanted, n))
			}
			if converged == min(wanted, m) && (m >= wanted || full) && !broken {
				confirmed++
			} else {
				confirmed = 0
			}
			if full || confirmed >= 2 && (s.Further == 0 || late == mostLate || foreseen(values, last, beta, s, n) <= float64(s.Further)) {
				result.Converged = true
				break
			}
			if confirmed >= 2 {
				late++
			}
			if result.Products >= s.MaxSteps {
				break
			}
		}
		if broken {
			// The space is invariant. Only a fresh direction can find multiple
			// eigenvalues.
			if s.Restart == nil || restarts > wanted+8 {
				result.Converged = m >= min(wanted, n)
				break
			}
			w = append([]float64(nil), s.Restart(restarts)...)
			restarts++
			kernel.Normalise64(w)
			b.orthogonalise(w)
			if kernel.Normalise64(w) == 0 {
				result.Converged = true
				break
			}
			beta = 0
		}
		if m == s.MaxBasis {
			values, vectors, err := b.ritz(true)
			if err != nil {
				return nil, err
			}
			b = b.thick(values, vectors, s, beta, w)
			continue
		}
		b.add(w)
		b.t[m][m-1], b.t[m-1][m] = beta, beta
	}
	values, vectors, err := b.ritz(true)
	if err != nil {
		return nil, err
	}
	if err := certify(b, values, vectors, s, result); err != nil {
		return nil, err
	}
	return result, result.multiply(scaled.inverse())
}

// due reports whether to look at the Ritz values after m basis vectors: first
// when all could have converged, then every few steps, later less often.
func due(m, wanted, products int) bool {
	first := wanted + 2
	return products >= first && (products-first)%max(1, m/48) == 0
}

// mostLate is how many times [Lanczos] looks for a better shield after all wanted
// values have converged.
const mostLate = 20

// foreseen is the [outlook] after a step of that β.
func foreseen(values []float64, last [][]float64, beta float64, s Search, n int) float64 {
	residuals := make([]float64, len(values))
	for i := range residuals {
		residuals[i] = float64(beta * math.Abs(last[i][0]))
	}
	return outlook(values, residuals, s, n)
}

// ends lists the indices of the wanted values among m ascending ones.
func ends(m int, s Search) []int {
	var list []int
	for i := 0; i < min(s.Bottom, m); i++ {
		list = append(list, i)
	}
	for i := max(m-s.Top, len(list)); i < m; i++ {
		list = append(list, i)
	}
	return list
}

// accurate applies the Kato–Temple estimate to a Ritz value: a quarter of the
// tolerance, or the precision that rounding leaves to a value far below the norm.
func accurate(values []float64, i int, residual, tolerance, floor float64) bool {
	return estimate(residual, gap(values, i)) <= max(float64(tolerance*math.Abs(values[i]))/4, floor)
}

// gap is the distance to the nearest other value.
func gap(values []float64, i int) float64 {
	g := math.Inf(1)
	if i > 0 {
		g = min(g, values[i]-values[i-1])
	}
	if i+1 < len(values) {
		g = min(g, values[i+1]-values[i])
	}
	return g
}

// estimate is residual²/gap, never above the residual.
func estimate(residual, gap float64) float64 {
	if gap <= residual {
		return residual
	}
	return float64(residual/gap) * residual
}
