package eigen

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// Rule is a Gauss quadrature rule of the spectral measure that one probe
// sees: Σ Weights = 1.
type Rule struct {
	Nodes   []float64 // ascending
	Weights []float64
}

// Probing says how [Quadrature] samples the spectrum.
type Probing struct {
	Steps   int
	Probes  [][]float64 // random directions, isotropic; normalised here
	Deflate [][]float64 // orthonormal eigenvectors to be projected out
	Workers int
	// Progress, if not nil, is called after each step.
	Progress func(step, steps int)
}

// Quadrature runs Steps of Lanczos from every probe in lock step, so that one
// block product serves all, with full two-pass reorthogonalisation, and
// returns a rule for each probe. The rules' mean is the spectral density of
// the operator on the complement of Deflate, that is of n − len(Deflate)
// eigenvalues.
//
// The memory needed is about Steps × len(Probes) × n float64 numbers.
func Quadrature(ctx context.Context, op Operator, p Probing) ([]Rule, error) {
	n := op.Dim()
	scaled := &balanced{Operator: op}
	if p.Steps < 1 || len(p.Probes) == 0 {
		return nil, errors.New("quadrature: no steps or no probes")
	}
	outliers := &basis{n: n, workers: p.Workers, q: p.Deflate}
	runs := make([]*probe, len(p.Probes))
	for i, start := range p.Probes {
		if len(start) != n {
			return nil, fmt.Errorf("quadrature: probe %d has %d entries, want %d", i, len(start), n)
		}
		v := append([]float64(nil), start...)
		outliers.orthogonalise(v)
		if kernel.Normalise64(v) == 0 {
			return nil, fmt.Errorf("quadrature: probe %d lies in the deflated space", i)
		}
		runs[i] = &probe{basis: basis{n: n, workers: p.Workers, q: [][]float64{v}}}
	}
	steps := min(p.Steps, n-len(p.Deflate))
	for step := range steps {
		var live []*probe
		for _, r := range runs {
			if !r.done {
				live = append(live, r)
			}
		}
		if len(live) == 0 {
			break
		}
		src := make([]float64, len(live)*n)
		dst := make([]float64, len(live)*n)
		for i, r := range live {
			copy(src[i*n:], r.q[len(r.q)-1])
		}
		if err := scaled.Apply(ctx, dst, src, len(live)); err != nil {
			return nil, err
		}
		// Workers share the probes; where there are fewer probes than workers
		// they share each probe's vectors.
		inside := 1
		if len(live) < p.Workers {
			inside = p.Workers
		}
		outliers.workers = inside
		parallel.Each(p.Workers/inside, len(live), func(i int) {
			live[i].workers = inside
			live[i].step(append([]float64(nil), dst[i*n:(i+1)*n]...), outliers, step+1 == steps)
		})
		if p.Progress != nil {
			p.Progress(step+1, steps)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	rules := make([]Rule, len(runs))
	for i, r := range runs {
		rule, err := gauss(r.diagonal, r.off)
		if err != nil {
			return nil, err
		}
		kernel.Scale64(rule.Nodes, scaled.inverse())
		rules[i] = rule
	}
	return rules, nil
}

// probe is the state of one Lanczos run.
type probe struct {
	basis
	diagonal, off []float64
	norm          float64
	done          bool
}

// step takes the operator's product with the last vector.
func (r *probe) step(w []float64, outliers *basis, last bool) {
	r.norm = max(r.norm, kernel.Norm64(w))
	outliers.orthogonalise(w)
	c := r.orthogonalise(w)
	r.diagonal = append(r.diagonal, c[len(c)-1])
	beta := kernel.Normalise64(w)
	if last || beta <= float64(unit*r.norm)*math.Sqrt(float64(r.n)) {
		r.done = true
		return
	}
	r.off = append(r.off, beta)
	r.q = append(r.q, w)
}

// gauss returns the rule of a tridiagonal matrix: its eigenvalues, and the
// squared first components of its eigenvectors (Golub and Welsch, 1969).
func gauss(diagonal, off []float64) (Rule, error) {
	first := make([][]float64, len(diagonal))
	for i := range first {
		first[i] = []float64{0}
	}
	first[0][0] = 1
	nodes, err := Tridiagonal(diagonal, off, first)
	if err != nil {
		return Rule{}, err
	}
	weights := make([]float64, len(first))
	for i, f := range first {
		weights[i] = float64(f[0] * f[0])
	}
	return Rule{Nodes: nodes, Weights: weights}, nil
}
