// Package density is the stage that estimates the spectral density of the
// Hessian of a network's mean loss, or of its G- or H-term: the outliers, which
// are found one by one, are projected out, the bulk is measured by stochastic
// Lanczos quadrature.
//
// The probes are independent of each other, so a long quadrature can be several
// stages with some of the probes each, and no bit of their rules differs.
package density

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Eigenvalues is in: canonical JSON, artifact.TermSpectrum of the operator.
	Eigenvalues = "eigenvalues"
	// Vectors is in: .npy float64, rows are eigenvectors of the operator for
	// its largest eigenvalues, descending.
	Vectors = "vectors"
	// Rule is out: .npy float64, probes × 2 × steps: of each probe the nodes,
	// ascending, and their weights, which sum to 1. The mean of the probes'
	// rules is the density of the eigenvalues that were not deflated. A probe
	// that ended early repeats its last node with weight 0.
	Rule = "rule"
	// Density is out: canonical JSON, artifact.Density.
	Density = "density"
)

// Params decide a density, apart from the inputs.
type Params struct {
	SampleSize int    // k: the mean over the first k objects; 0 means all
	Term       string // "H", "G" or "R"
	Steps      int    // of Lanczos
	Probes     int
	Deflate    int     // largest eigenvalues that are projected out, up to the first that is not certified
	Bottom     int     // smallest eigenvalues that are searched for, and projected out up to the first that is not certified to be negative
	Tolerance  float64 // relative, of the smallest eigenvalues
	Seed       int64
}

// Run computes Rule and Density.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.Steps < 1 || p.Probes < 1 || p.Deflate < 0 || p.Bottom < 0 {
		return nil, fmt.Errorf("%d steps, %d probes, %d and %d deflated: want at least 1, 1, 0 and 0", p.Steps, p.Probes, p.Deflate, p.Bottom)
	}
	term, err := curvature.ParseTerm(p.Term)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	n := pt.Network.Parameters()
	if p.Deflate >= n-p.Bottom {
		return nil, fmt.Errorf("%d eigenvalues to deflate of %d: nothing would be left", p.Deflate+p.Bottom, n)
	}
	op, err := pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	d := artifact.Density{Term: p.Term, Objects: pt.Data.Objects, Parameters: n, Steps: p.Steps, Deflated: []float64{}}
	trace, outliers, err := deflation(p, t, &d)
	if err != nil {
		return nil, err
	}
	lowest, err := negative(ctx, p, op, t, &d)
	if err != nil {
		return nil, err
	}
	outliers = append(outliers, lowest...)
	var rules []eigen.Rule
	for i := range p.Probes {
		rule, err := quadrature(ctx, p, i, op, outliers, t)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	moments(&d, rules, trace)
	text, err := artifact.Encode(d)
	if err != nil {
		return nil, err
	}
	rule, err := encode(rules, p.Steps)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Rule: rule, Density: text}, nil
}

// certified is how large the residual of an eigenvector may be, relative to the
// norm: what of an outlier is left when its vector is projected out shows in
// the density at most with the square of that.
const certified = 1e-3

// floor is the error, relative to the norm, that counts as none.
const floor = 1e-10

// deflation reads the trace and the eigenvectors that are projected out: the
// leading ones up to the first whose certificate is too wide.
func deflation(p Params, t *task.Task, d *artifact.Density) (trace float64, outliers [][]float64, err error) {
	found, err := artifact.Read[artifact.TermSpectrum](t.Inputs, Eigenvalues)
	if err != nil {
		return 0, nil, err
	}
	if p.Deflate == 0 {
		return found.Trace, nil, nil
	}
	vectors, err := npy.Rows[float64](t.Inputs, Vectors, d.Parameters)
	if err != nil {
		return 0, nil, err
	}
	if len(vectors) < p.Deflate || len(found.Top) < p.Deflate {
		return 0, nil, fmt.Errorf("input %s has %d rows, input %s %d values: want at least %d vectors and their values", Vectors, len(vectors), Eigenvalues, len(found.Top), p.Deflate)
	}
	for i, e := range found.Top[:p.Deflate] {
		if e.Residual > float64(certified*found.Norm) {
			t.Logf("%s: %d eigenvalues are projected out, not %d: the residual of the next is %.2g", p.Term, i, p.Deflate, e.Residual)
			break
		}
		d.Deflated = append(d.Deflated, e.Value)
		outliers = append(outliers, vectors[i])
	}
	return found.Trace, outliers, nil
}

// negative searches for the smallest eigenvalues, or takes what an interrupted run
// found, and returns the eigenvectors that are projected out. The residual is small
// against the eigenvalue itself: those of a null space are no outliers.
func negative(ctx context.Context, p Params, op *curvature.Operator, t *task.Task, d *artifact.Density) (vectors [][]float64, err error) {
	if p.Bottom == 0 {
		return nil, nil
	}
	const name = "smallest eigenvalues"
	const head = 2 // value and residual go before the vector
	b, err := t.Part(name, func() ([]byte, error) {
		e := curvature.Ends{Bottom: p.Bottom, Tolerance: p.Tolerance, Floor: floor, Seed: p.Seed}
		found, err := op.Ends(ctx, e, func(share float64) { t.Progress(int(float64(p.Steps)*share), p.total()) })
		if err != nil {
			return nil, err
		}
		var rows []float64
		for _, pair := range found.Bottom {
			rows = append(append(rows, pair.Value, pair.Residual), pair.Vector...)
		}
		return npy.Encode([]int{len(found.Bottom), head + d.Parameters}, rows), nil
	})
	if err != nil {
		return nil, err
	}
	rows, err := npy.Rows[float64](map[string][]byte{name: b}, name, head+d.Parameters)
	if err != nil {
		return nil, err
	}
	for _, row := range rows { // ascending
		if value, residual := row[0], row[1]; !(residual < -float64(certified*value)) {
			break
		}
		vectors = append(vectors, row[head:])
	}
	for i := len(vectors) - 1; i >= 0; i-- {
		d.Deflated = append(d.Deflated, rows[i][0])
	}
	return vectors, nil
}

// total is how many steps of work the search for the smallest eigenvalues, which
// counts as one probe, and the quadrature have.
func (p Params) total() int { return p.before() + p.Probes*p.Steps }

func (p Params) before() int { return min(p.Bottom, 1) * p.Steps }

// quadrature is the rule of one probe, or what an interrupted run kept of it.
func quadrature(ctx context.Context, p Params, i int, op eigen.Operator, outliers [][]float64, t *task.Task) (eigen.Rule, error) {
	name := fmt.Sprintf("probe %d", i)
	b, err := t.Part(name, func() ([]byte, error) {
		rules, err := eigen.Quadrature(ctx, op, eigen.Probing{
			Steps: p.Steps, Probes: [][]float64{probe(p.Seed, i, op.Dim())}, Deflate: outliers, Workers: t.Workers,
			Progress: func(step, steps int) { t.Progress(p.before()+i*steps+step, p.total()) },
		})
		if err != nil {
			return nil, err
		}
		r := rules[0]
		return npy.Encode([]int{2, len(r.Nodes)}, slices.Concat(r.Nodes, r.Weights)), nil
	})
	if err != nil {
		return eigen.Rule{}, err
	}
	values, shape, err := npy.Read[float64](map[string][]byte{name: b}, name, 2, -1)
	if err != nil {
		return eigen.Rule{}, err
	}
	return eigen.Rule{Nodes: values[:shape[1]], Weights: values[shape[1]:]}, nil
}

// probe returns random signs: isotropic, and of all such directions the one
// whose first moment varies least.
func probe(seed int64, i, n int) []float64 {
	s := rng.New(seed, "density", "probe", uint64(i))
	signs := make([]float64, n)
	for from := 0; from < n; from += 64 {
		bits := s.Uint64()
		for j := from; j < min(from+64, n); j++ {
			signs[j] = float64(int64(bits&1)*2 - 1)
			bits >>= 1
		}
	}
	return signs
}

// moments fills in the check by the first moment, which is known exactly.
func moments(d *artifact.Density, rules []eigen.Rule, trace float64) {
	rest := trace
	for _, x := range d.Deflated {
		rest -= x
	}
	left := d.Parameters - len(d.Deflated)
	d.Mass = float64(left) / float64(d.Parameters)
	d.FirstMoment = rest / float64(left)
	for _, r := range rules {
		d.Products += len(r.Nodes)
		mean := 0.0
		for j, x := range r.Nodes {
			mean += float64(r.Weights[j] * x)
		}
		d.ProbeMoments = append(d.ProbeMoments, mean)
	}
	d.Estimate()
}

func encode(rules []eigen.Rule, steps int) ([]byte, error) {
	values := make([]float64, 0, len(rules)*2*steps)
	for _, r := range rules {
		if len(r.Nodes) == 0 || len(r.Nodes) > steps {
			return nil, errors.New("a probe gave no rule")
		}
		missing := steps - len(r.Nodes)
		values = append(values, r.Nodes...)
		for range missing {
			values = append(values, r.Nodes[len(r.Nodes)-1])
		}
		values = append(append(values, r.Weights...), make([]float64, missing)...)
	}
	return npy.Encode([]int{len(rules), 2, steps}, values), nil
}
