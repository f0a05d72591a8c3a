// Package density is the stage that estimates the spectral density of the
// Hessian of a network's mean loss, or of its G- or H-term: the outliers are
// found one by one and projected out, the bulk is measured by stochastic
// Lanczos quadrature.
package density

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The names of what Run reads and writes.
const (
	Images  = curvature.Images  // in: .npy, objects × values
	Labels  = curvature.Labels  // in: .npy, objects
	Weights = curvature.Weights // in: safetensors
	// Rule is out: .npy float64, probes × 2 × steps: of each probe the nodes,
	// ascending, and their weights, which sum to 1. The mean of the probes'
	// rules is the density of the eigenvalues that were not deflated. A probe
	// that ended early repeats its last node with weight 0.
	Rule = "rule"
	// Density is out: canonical JSON, result.Density.
	Density = "density"
)

// Params decide a density, apart from the inputs.
type Params struct {
	SampleSize int    // k: the mean over the first k objects; 0 means all
	Term       string // "H", "G" or "R"
	Steps      int    // of Lanczos
	Probes     int
	Deflate    int     // largest eigenvalues that are projected out
	Tolerance  float64 // relative error of these eigenvalues
	Seed       int64
}

// Run computes Rule and Density.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.Steps < 1 || p.Probes < 1 || p.Deflate < 0 || !(p.Tolerance > 0 && p.Tolerance < 1) {
		return nil, fmt.Errorf("%d steps, %d probes, %d deflated, tolerance %v: want at least 1, 1, 0, and between 0 and 1", p.Steps, p.Probes, p.Deflate, p.Tolerance)
	}
	term, err := curvature.ParseTerm(p.Term)
	if err != nil {
		return nil, err
	}
	network, data, err := curvature.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	op, err := pt.Operator(term, nil)
	if err != nil {
		return nil, err
	}
	d := result.Density{
		Term: p.Term, Objects: data.Objects, Parameters: network.Parameters(), Steps: p.Steps, Probes: p.Probes,
		Deflated: []float64{},
	}
	if p.Deflate >= network.Parameters() {
		return nil, fmt.Errorf("%d eigenvalues to deflate of %d: nothing would be left", p.Deflate, network.Parameters())
	}
	const total = 1000
	share := 0
	var outliers [][]float64
	if p.Deflate > 0 {
		share = 200
		found, err := op.Ends(ctx, curvature.Ends{Top: p.Deflate, Tolerance: p.Tolerance, Floor: 1e-12, Seed: p.Seed},
			func(done float64) { t.Progress(int(done*float64(share)), total) })
		if err != nil {
			return nil, err
		}
		if !found.Converged {
			return nil, fmt.Errorf("the %d largest eigenvalues of %s were not found in %d products: deflate fewer", p.Deflate, p.Term, found.Products)
		}
		d.Products += found.Products
		for _, pair := range found.Top {
			d.Deflated = append(d.Deflated, pair.Value)
			outliers = append(outliers, pair.Vector)
		}
	}
	rules, err := eigen.Quadrature(ctx, op, eigen.Probing{
		Steps: p.Steps, Probes: probes(p, network.Parameters()), Deflate: outliers, Workers: t.Workers,
		Progress: func(step, steps int) { t.Progress(share+(total-share)*step/steps, total) },
	})
	if err != nil {
		return nil, err
	}
	trace := 0.0
	if term != curvature.HTerm {
		traces, err := pt.LayerTraces(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range traces {
			trace += x
		}
	}
	moments(&d, rules, trace)
	text, err := result.Encode(d)
	if err != nil {
		return nil, err
	}
	rule, err := encode(rules, p.Steps)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Rule: rule, Density: text}, nil
}

// probes are random signs: isotropic, and of all such the ones whose first
// moment varies least.
func probes(p Params, n int) [][]float64 {
	list := make([][]float64, p.Probes)
	for i := range list {
		s := rng.New(p.Seed, "density", "probe", uint64(i))
		list[i] = make([]float64, n)
		for from := 0; from < n; from += 64 {
			bits := s.Uint64()
			for j := from; j < min(from+64, n); j++ {
				list[i][j] = float64(int64(bits&1)*2 - 1)
				bits >>= 1
			}
		}
	}
	return list
}

// moments fills in the check by the first moment, which is known exactly.
func moments(d *result.Density, rules []eigen.Rule, trace float64) {
	rest := trace
	for _, x := range d.Deflated {
		rest -= x
	}
	left := d.Parameters - len(d.Deflated)
	d.Mass = float64(left) / float64(d.Parameters)
	d.FirstMoment = rest / float64(left)
	means := make([]float64, len(rules))
	for i, r := range rules {
		d.Products += len(r.Nodes)
		for j, x := range r.Nodes {
			means[i] += float64(r.Weights[j] * x)
		}
		d.EstimatedMoment += means[i] / float64(len(rules))
	}
	if len(rules) > 1 {
		sum := 0.0
		for _, m := range means {
			sum += float64((m - d.EstimatedMoment) * (m - d.EstimatedMoment))
		}
		d.MomentError = math.Sqrt(sum / float64(len(rules)*(len(rules)-1)))
	}
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
