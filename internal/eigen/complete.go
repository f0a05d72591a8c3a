package eigen

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Completion says how sure [Complete] has to be that nothing is missing.
type Completion struct {
	Chance      float64               // largest acceptable probability that a value is missing at an end
	Tolerance   float64               // relative error wanted of a value that is added, as in Search
	MaxProducts int                   // products in all before it gives up
	RunProducts int                   // products of a run that finds nothing before it gives up (0: MaxProducts)
	Random      func(i int) []float64 // the i-th vector of independent standard normal entries
	Workers     int
	Progress    func(products int)
}

// Completeness says how much of a list of eigenvalues, counted from the end of
// the spectrum inwards, is known to lack nothing.
type Completeness struct {
	Values int       // how many of the list
	Missed float64   // bounds the probability that the operator has one more value among them
	Next   *Multiple // the value after them, where not all of the list are complete
}

// Multiple is an eigenvalue with the number of its copies that were found: it
// may have more.
type Multiple struct {
	Value  float64
	Copies int
}

// Complete looks for eigenvalues that the lists of r lack, copies of multiple
// ones above all: a Krylov space of one vector holds one vector of each
// eigenspace. It adds what it finds, keeps the lengths of the lists, and bounds
// the probability that something is still missing.
//
// Let V be the vectors found so far, A the operator restricted to the
// complement of V, of dimension N, and b a random unit vector of it. After m
// steps of Lanczos from b the characteristic polynomial p of the projection,
// with the zeros θ_j, satisfies ‖p(A)b‖ = β_1 … β_m. If all θ_j lie below τ,
// |p(λ)| ≥ Π(τ − θ_j) for every λ ≥ τ, so the part of b in the eigenspaces of A
// at and above τ is no longer than
//
//	t = Π β_j / Π (τ − θ_j).
//
// One component of a random unit vector is that small with probability at most
// t·√(2N/π). So this bounds the probability that A has an eigenvalue at or
// above τ. It needs no gap, it holds for the spectrum that was met, and one run
// serves both ends. τ lies above the least value listed by its residual and the
// tolerance. Where some θ_j exceeds τ, a value is missing for certain, for θ_j is
// a lower bound of the largest one: the run goes on until it has converged.
// A [shield] of further vectors makes the run short.
func Complete(ctx context.Context, op Operator, r *Result, c Completion) (top, bottom Completeness, err error) {
	scaled := &balanced{Operator: op}
	norm := r.Norm
	if norm == 0 { // of the values that were looked for; the others need not be zero
		x, product := slices.Clone(c.Random(0)), make([]float64, op.Dim())
		kernel.Normalise64(x)
		if err := op.Apply(ctx, product, x, 1); err != nil {
			return top, bottom, err
		}
		norm = kernel.MaxAbs64(product)
	}
	scaled.choose(norm)
	if err := r.multiply(scaled.factor()); err != nil {
		return top, bottom, err
	}
	s := &completion{Completion: c, op: scaled, r: r, pool: slices.Concat(r.Top, r.Bottom)}
	var upper, lower *float64
	if tau, ok := s.threshold(r.Top, 1); ok {
		upper = &tau
	}
	if tau, ok := s.threshold(r.Bottom, -1); ok {
		lower = &tau
	}
	s.shield = newShield(r, upper, lower, c.Workers)
	for round := 0; ; round++ {
		done, err := s.run(ctx, round)
		if err != nil {
			return top, bottom, fmt.Errorf("looking for missing eigenvalues: %w", err)
		}
		s.list()
		if done {
			r.Products += s.products
			top, bottom = s.verdict(r.Top, 1), s.verdict(r.Bottom, -1)
			return top, bottom, r.multiply(scaled.inverse())
		}
	}
}

type completion struct {
	Completion
	op       Operator
	r        *Result
	pool     []Pair // all that is known
	shield   shield
	products int

	theta      []float64 // Ritz values of the last run, ascending
	logProduct float64   // log Π β_j of it
	dimension  int       // N of it
	invariant  bool      // it ended in an invariant space: the values are all there are
}

// run is one run of Lanczos in the complement of the pool. It reports whether
// there is no use in another one: nothing is missing with the wanted
// probability, or the products are used up.
func (s *completion) run(ctx context.Context, round int) (done bool, err error) {
	n := s.op.Dim()
	known := &basis{n: n, workers: s.Workers}
	for _, p := range s.pool {
		known.add(p.Vector)
	}
	for _, p := range s.shield.spares {
		known.add(p.vector)
	}
	s.theta, s.logProduct, s.dimension, s.invariant = nil, 0, n-len(known.q), false
	if s.dimension <= 0 {
		return true, nil
	}
	w := append([]float64(nil), s.Random(round)...)
	known.orthogonalise(w)
	if kernel.Normalise64(w) == 0 {
		return true, nil
	}
	b := &basis{n: n, workers: s.Workers}
	b.add(w)
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		m := len(b.q)
		w := make([]float64, n)
		if err := s.op.Apply(ctx, w, b.q[m-1], 1); err != nil {
			return false, err
		}
		s.products++
		if s.Progress != nil {
			s.Progress(s.products)
		}
		b.images = append(b.images, append([]float64(nil), w...))
		known.orthogonalise(w)
		b.t[m-1][m-1] = b.orthogonalise(w)[m-1]
		known.orthogonalise(w)
		beta := kernel.Normalise64(w)
		values, last, err := b.ritz(false)
		if err != nil {
			return false, err
		}
		floor := float64(float64(unit*s.r.Norm) * math.Sqrt(float64(n)))
		ended := beta <= floor || m == s.dimension // the space is invariant
		s.theta = values
		s.logProduct += detmath.Log(max(beta, floor))
		beyond, accurately := s.beyond(), true
		for _, i := range beyond {
			residual := float64(beta * math.Abs(last[i][0]))
			// The gap of few values says nothing, so the residual itself is small.
			accurately = accurately && residual <= max(float64(1e-5*s.r.Norm), floor) && accurate(values, i, residual, s.Tolerance, floor)
		}
		if len(beyond) > 0 && len(s.shield.spares) > 0 { // its vector would be wrong by what couples the spares
			s.shield = shield{}
			return false, nil
		}
		if len(beyond) > 0 && (ended || accurately) {
			return false, s.extract(b, beyond)
		}
		if len(beyond) == 0 && (ended || s.missed(s.r.Top, 1) <= s.Chance && s.missed(s.r.Bottom, -1) <= s.Chance) {
			s.invariant = ended
			return true, nil
		}
		if s.products >= s.MaxProducts || len(beyond) == 0 && s.RunProducts > 0 && m >= s.RunProducts {
			return true, nil
		}
		b.add(w)
		b.t[m][m-1], b.t[m-1][m] = beta, beta
	}
}

// threshold is τ for the end of the spectrum with the given sign: beyond it the
// list claims to be whole. ok is false for a list without values.
func (s *completion) threshold(list []Pair, sign float64) (tau float64, ok bool) {
	if len(list) == 0 {
		return 0, false
	}
	p := list[len(list)-1]
	tau = float64(sign*p.Value) + p.Residual + s.r.Rounding + float64(s.Tolerance*math.Abs(p.Value))
	if sign > 0 {
		return tau - s.shield.top, true
	}
	return tau - s.shield.bottom, true
}

// beyond lists the Ritz values of the run that lie beyond a threshold.
func (s *completion) beyond() []int {
	var list []int
	top, wantTop := s.threshold(s.r.Top, 1)
	bottom, wantBottom := s.threshold(s.r.Bottom, -1)
	for i, theta := range s.theta {
		if wantTop && theta > top || wantBottom && -theta > bottom {
			list = append(list, i)
		}
	}
	return list
}

// missed bounds the probability that the operator has one more eigenvalue
// beyond the least one of list.
func (s *completion) missed(list []Pair, sign float64) float64 {
	tau, ok := s.threshold(list, sign)
	if !ok || s.dimension <= 0 {
		return 0
	}
	logarithm := s.logProduct + float64(detmath.Log(float64(2*float64(s.dimension))/math.Pi)/2)
	for _, theta := range s.theta {
		distance := tau - float64(sign*theta)
		if !(distance > 0) && !(distance == 0 && s.invariant) {
			return 1
		}
		if !s.invariant {
			logarithm -= detmath.Log(distance)
		}
	}
	if s.invariant {
		return 0
	}
	return min(1, detmath.Exp(max(logarithm, -700)))
}

// verdict is the longest part of a list that is complete.
func (s *completion) verdict(list []Pair, sign float64) Completeness {
	for k := len(list); k > 0; k-- {
		if missed := s.missed(list[:k], sign); missed <= s.Chance {
			c := Completeness{Values: k, Missed: missed}
			if k < len(list) {
				c.Next = s.multiple(list[k])
			}
			return c
		}
	}
	if len(list) == 0 {
		return Completeness{}
	}
	return Completeness{Missed: s.missed(list[:1], sign), Next: s.multiple(list[0])}
}

// multiple counts the copies of a value that were found.
func (s *completion) multiple(of Pair) *Multiple {
	m := &Multiple{Value: of.Value}
	for _, p := range s.pool {
		if math.Abs(p.Value-of.Value) <= p.Residual+of.Residual+s.r.Rounding+float64(s.Tolerance*math.Abs(of.Value)) {
			m.Copies++
		}
	}
	return m
}

// extract adds Ritz pairs of a run to the pool, with residuals of the operator
// itself.
func (s *completion) extract(b *basis, at []int) error {
	values, vectors, err := b.ritz(true)
	if err != nil {
		return err
	}
	chosen := choose(vectors, at)
	found, images := combine(s.Workers, b.q, chosen), combine(s.Workers, b.images, chosen)
	squares := float64(s.r.Block * s.r.Block)
	for i, v := range found {
		value := values[at[i]]
		kernel.Axpy64(images[i], -value, v)
		square := kernel.Dot64(images[i], images[i])
		residual := math.Sqrt(square)
		squares += square
		s.pool = append(s.pool, Pair{Value: value, Residual: residual, Error: estimate(residual, gap(values, at[i])), Vector: v})
		s.r.Norm = max(s.r.Norm, math.Abs(value))
	}
	s.r.Block = math.Sqrt(squares) // ‖[A B]‖₂² ≤ ‖A‖₂² + ‖B‖₂²
	return nil
}

// list takes the ends of the pool as the result's lists.
func (s *completion) list() {
	descending := func(a, b Pair) int { return cmp.Compare(b.Value, a.Value) }
	slices.SortStableFunc(s.pool, descending)
	s.r.Top = slices.Clone(s.pool[:len(s.r.Top)])
	ascending := slices.Clone(s.pool[len(s.pool)-len(s.r.Bottom):])
	slices.Reverse(ascending)
	s.r.Bottom = ascending
}
