package eigen

import (
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
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
		values, sizes := make([]float64, end.to-end.from), make([]float64, end.to-end.from)
		for i := range values {
			at := end.from + i
			values[i], sizes[i] = all[at].value, math.Sqrt(gram[at*len(all)+at])
		}
		best, _ := depth(values, sizes, *end.tau, end.sign, func(count int) (float64, bool) {
			return least(all, gram, span(end.from, count), *end.tau, end.sign)
		})
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

// depth returns how many spares of one end, the wanted ones' neighbours first, shield
// best, and how far from τ − δ the spectrum of the complement then ends, about where
// the next spare is. least is δ for so many of them.
func depth(values, residuals []float64, tau, sign float64, least func(count int) (float64, bool)) (best int, gap float64) {
	for at := 0; at < len(values)-1; at++ {
		// Behind one that has not converged there may be anything.
		if !standsApart(residuals[at], values[at], values[at+1]) {
			break
		}
		delta, ok := least(at + 1)
		g := tau - float64(sign*values[at+1]) - delta
		if ok && g > gap && delta < float64(0.5*(tau-float64(sign*values[at]))) {
			best, gap = at+1, g
		}
	}
	return best, gap
}

// outlook estimates how many products [Complete] takes, until the chance that a value
// is missing is 1e-9, after a search that ends with the ascending values, of which
// residuals are the residuals: for Chebyshev polynomials on the spectrum of the
// shielded complement, cosh(m·arcosh(1 + 2·gap/width)) is what m products reach.
func outlook(values, residuals []float64, s Search, n int) float64 {
	m := len(values)
	if m <= s.Top+s.Bottom {
		return math.Inf(1)
	}
	gap, width := math.Inf(1), values[m-1-s.Top]-values[s.Bottom]
	end := func(count int, sign float64) {
		if count == 0 {
			return
		}
		from, step := count, 1
		if sign > 0 {
			from, step = m-1-count, -1
		}
		var list, sizes []float64
		for at := from; len(list) < mostSpares && at >= s.Bottom && at < m-s.Top; at += step {
			list, sizes = append(list, values[at]), append(sizes, residuals[at])
		}
		outermost := values[from-step]
		tau := float64(sign*outermost) + residuals[from-step] + float64(s.Tolerance*math.Abs(outermost))
		delta := 0.0
		_, g := depth(list, sizes, tau, sign, func(k int) (float64, bool) { // all residuals are multiples of one vector
			distance := tau - float64(sign*list[k-1])
			delta += float64(2*sizes[k-1]) * sizes[k-1] / distance
			return delta, distance > 0
		})
		gap = min(gap, max(g, tau-float64(sign*list[0]))) // without a shield, where none is better
	}
	end(s.Top, 1)
	end(s.Bottom, -1)
	if !(gap > 0) || !(width > 0) {
		return math.Inf(1)
	}
	x := float64(2*gap) / width
	return detmath.Log(float64(4e9*math.Sqrt(float64(2*n)/math.Pi))) / detmath.Log1p(x+math.Sqrt(float64(x*(x+2))))
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
