package eigen

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// mostSpares is how many Ritz vectors next to the wanted ones are kept at each end.
const mostSpares = 24

// spare is a Ritz pair that was not asked for and may be far from convergence.
type spare struct {
	value            float64
	vector, residual []float64 // orthogonal to the wanted vectors and the other spares, up to rounding
}

// sparesOf are the Ritz pairs of the basis with those values and coordinates.
func sparesOf(b *basis, values []float64, coordinates [][]float64) []spare {
	if len(values) == 0 {
		return nil
	}
	vectors, images := combine(b.workers, b.q, coordinates), combine(b.workers, b.images, coordinates)
	list := make([]spare, len(values))
	for i, v := range values {
		kernel.Axpy64(images[i], -v, vectors[i])
		list[i] = spare{value: v, vector: vectors[i], residual: images[i]}
	}
	return list
}

// shield is the spares by which the spectrum of the complement ends well before the
// thresholds, so that few products tell that nothing lies beyond these.
//
// Let W be their span, E what couples it to the complement of V and W, and A' the
// operator restricted to that. If A' has no eigenvalue at or above τ − δ, then, by
// the Schur complement of A − τ, A has none at or above τ provided that
//
//	diag(τ − θ_i) − EᵀE/δ
//
// is positive definite; and at the other end with the signs reversed. EᵀE is at
// most the Gram matrix of the residuals. Spares with large residuals can shield only
// if they lie far from τ.
type shield struct {
	spares      []spare
	top, bottom float64 // δ of either end
}

// newShield finds a shield for the thresholds, each of them the value with its
// sign; an end without one is not wanted. Without a useful shield it is empty.
func newShield(r *Result, top, bottom *float64, workers int) shield {
	all := append(append([]spare(nil), r.topSpares...), r.bottomSpares...)
	residuals := make([][]float64, len(all))
	for i, s := range all {
		residuals[i] = s.residual
	}
	gram, upper := inner(workers, residuals, residuals), len(r.topSpares)
	var used []int
	ends := []struct {
		tau      *float64
		sign     float64
		from, to int
	}{{top, 1, 0, upper}, {bottom, -1, upper, len(all)}}
	for _, end := range ends {
		if end.tau == nil {
			continue
		}
		best, most := 0, 0
		gap := 0.0
		for at := end.from; at < end.to-1; at++ {
			// Behind one that has not converged there may be anything.
			if !standsApart(math.Sqrt(gram[at*len(all)+at]), all[at].value, all[at+1].value) {
				break
			}
			most++
			delta, ok := least(all, gram, span(end.from, most), *end.tau, end.sign)
			// The complement's spectrum ends about where the next spare is.
			if g := *end.tau - float64(end.sign*all[at+1].value) - delta; ok && g > gap && delta < float64(0.5*(*end.tau-float64(end.sign*all[at].value))) {
				best, gap = most, g
			}
		}
		used = append(used, span(end.from, best)...)
	}
	// Each end is shielded by its own spares; those of the other are coupled too.
	var s shield
	for i, end := range ends {
		if end.tau == nil || len(used) == 0 {
			continue
		}
		delta, ok := least(all, gram, used, *end.tau, end.sign)
		if !ok {
			return shield{}
		}
		if i == 0 {
			s.top = delta
		} else {
			s.bottom = delta
		}
	}
	for _, i := range used {
		s.spares = append(s.spares, all[i])
	}
	return s
}

// standsApart reports whether the residual of a value is small enough, against its
// distance from the next one, for its vector to be that of one eigenvalue.
func standsApart(residual, value, next float64) bool { return residual <= math.Abs(value-next) }

// span lists count numbers from the first on.
func span(first, count int) []int {
	list := make([]int, count)
	for i := range list {
		list[i] = first + i
	}
	return list
}

// least returns twice the least δ for which the matrix of [shield] for some of the
// spares is positive definite. gram is of the residuals of all. ok is false where
// one of them lies beyond τ.
func least(all []spare, gram []float64, chosen []int, tau, sign float64) (delta float64, ok bool) {
	k := len(chosen)
	root := make([]float64, k)
	for i, at := range chosen {
		distance := tau - float64(sign*all[at].value)
		if !(distance > 0) {
			return 0, false
		}
		root[i] = math.Sqrt(distance)
	}
	matrix := make([]float64, k*k)
	for i, a := range chosen {
		for j, b := range chosen {
			matrix[i*k+j] = gram[a*len(all)+b] / float64(root[i]*root[j])
		}
	}
	values, _, err := Symmetric(matrix, k, false, 1)
	if err != nil {
		return 0, false
	}
	return max(2*values[k-1], 0), true
}
