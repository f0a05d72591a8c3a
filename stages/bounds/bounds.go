// Package bounds is the stage that compares the paper's bounds, and the corrected
// ones, with what they bound: for single objects, for the mean over the sample,
// for one more object, and for the loss.
//
// The chain of an object, with the equation of each, is documented at
// object.Curvature.Bounds; the forms for the loss at object.LossFacts.Forms.
// The printed formulas stand beside the corrected ones with the number of the
// error that separates them, T1 … T11.
package bounds

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Eigenvalues is in: canonical JSON, artifact.TermSpectrum, the ends of the
	// spectrum of H over the same sample.
	Eigenvalues = "eigenvalues"
	Bounds      = "bounds" // out: canonical JSON, artifact.BoundsSummary
)

// Params are what the bounds depend on apart from the network and the data.
type Params struct {
	// SampleSize is k: the network was trained on the first k objects, at
	// least 2. 0 means all objects of the data set.
	SampleSize int
	// Objects is on how many objects, evenly spread over the sample, the
	// costly bounds and the exact ‖H_i‖ are evaluated; 0 means all.
	Objects int
	// Top is on how many more: those with the largest ‖G_i‖, which is
	// computed for all. They count for maxima and violations, not for the
	// quantiles, which they would bend.
	Top int
	// Increments are the sizes k at which ‖H_{k+1} − H^(k)‖ is measured and
	// the loss is bounded; those from SampleSize on are left out.
	Increments []int
	// Tolerance is the relative error that Lanczos stops at.
	Tolerance float64
	// Seed draws the start of Lanczos.
	Seed int64
}

// radii are the R of the bounds of the loss, in the norm of all weights.
var radii = []float64{0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10}

// check finds the params that would give a wrong result without an error.
func (p Params) check() error {
	if !(p.Tolerance > 0 && p.Tolerance < 1) {
		return fmt.Errorf("tolerance is %v: want more than 0 and less than 1", p.Tolerance)
	}
	for i, k := range p.Increments {
		if k < 1 || i > 0 && k <= p.Increments[i-1] {
			return fmt.Errorf("increments are %v: want ascending sizes from 1", p.Increments)
		}
	}
	return nil
}

// Run computes the bounds of one network at its weights.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	found, err := artifact.Read[artifact.TermSpectrum](t.Inputs, Eigenvalues)
	if err != nil {
		return nil, err
	}
	if len(found.Top) == 0 || len(found.Bottom) == 0 {
		return nil, fmt.Errorf("input %s has %d values at the top and %d at the bottom: want at least one", Eigenvalues, len(found.Top), len(found.Bottom))
	}
	top, bottom := found.Top[0], found.Bottom[0]
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	if pt.Data.Objects < 2 {
		return nil, errors.New("the sample has one object: want at least 2")
	}
	e := &evaluation{
		p: p, pt: pt,
		whole: curvature.Range{Least: bottom.Value, Largest: top.Value, Residual: max(bottom.Residual, top.Residual)},
	}
	s, err := e.summarise(ctx, t)
	if err != nil {
		return nil, err
	}
	b, err := artifact.Encode(*s)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Bounds: b}, nil
}

// evaluation is what the parts of the summary are made of.
type evaluation struct {
	p         Params
	pt        *curvature.Point
	constants object.Constants
	norms     *object.Sizes
	objects   *object.Bounds // the evenly spread first, then the top ones
	spread    int
	gradient  []float64
	whole     curvature.Range // of H
}

func (e *evaluation) summarise(ctx context.Context, t *task.Task) (*artifact.BoundsSummary, error) {
	p, pt := e.p, e.pt
	k := pt.Data.Objects
	increments := slices.DeleteFunc(slices.Clone(p.Increments), func(at int) bool { return at >= k })
	var err error
	if e.constants, err = object.NewConstants(pt); err != nil {
		return nil, err
	}
	spread := object.Spread(k, p.Objects)
	steps := 3 + len(increments)
	whole := func(part int) func(done, total int) { // progress in thousandths
		return func(done, total int) { t.Progress(1000*part/steps+1000*done/(total*steps), 1000) }
	}
	if e.norms, err = e.sizes(ctx, t, whole(0)); err != nil {
		return nil, err
	}
	list, err := e.chosen(spread)
	if err != nil {
		return nil, err
	}
	if e.objects, err = object.NewBounds(ctx, pt, t.Part, list, e.constants, whole(1)); err != nil {
		return nil, err
	}
	if e.gradient, err = pt.Gradient(ctx, nil); err != nil {
		return nil, err
	}
	s := &artifact.BoundsSummary{
		SampleSize: k, Parameters: pt.Network.Parameters(), WeightLayers: pt.Network.Layers(),
		Objects: len(spread), Top: len(list) - len(spread), GaussNewton: artifact.NewQuantiles(e.norms.GaussNewton),
		Constants: e.uniform(), Increments: []artifact.IncrementBounds{}, Losses: []artifact.LossBounds{},
	}
	for _, dead := range e.objects.Dead {
		if dead {
			s.Dead++
		}
	}
	exact := make([]float64, len(list))
	for j := range exact {
		exact[j] = e.objects.Norm(j)
	}
	s.Hessian = e.quantiles(exact)
	s.Bounds = e.chain(exact)
	if s.Sample, err = e.sample(ctx, exact); err != nil {
		return nil, err
	}
	t.Progress(3000/steps, 1000)
	for i, at := range increments {
		b, err := t.Part(fmt.Sprintf("increment after %d", at), func() ([]byte, error) {
			bounds, facts, err := e.increment(ctx, at)
			if err != nil {
				return nil, err
			}
			return artifact.Encode(increment{bounds, facts})
		})
		if err != nil {
			return nil, err
		}
		x, err := artifact.Decode[increment](b)
		if err != nil {
			return nil, err
		}
		s.Increments = append(s.Increments, x.Bounds)
		s.Losses = append(s.Losses, e.losses(x.Facts))
		t.Progress(1000*(4+i)/steps, 1000)
	}
	if kink := pt.KinkUpperBound(); !math.IsInf(kink, 1) {
		s.KinkBound = kink
	}
	s.Errors = e.errors(s)
	for _, b := range s.Bounds {
		s.AnyViolations = s.AnyViolations || !b.Printed && (b.Violations > 0 || b.OutOfOrder > 0)
	}
	for _, i := range s.Increments {
		s.AnyViolations = s.AnyViolations || i.Violation
	}
	s.AnyViolations = s.AnyViolations || s.Sample.Violation
	return s, nil
}

// increment is what one more object does, as a part.
type increment struct {
	Bounds artifact.IncrementBounds
	Facts  object.LossFacts
}

// sizes are the numbers of all objects, one part.
func (e *evaluation) sizes(ctx context.Context, t *task.Task, progress func(done, total int)) (*object.Sizes, error) {
	k := e.pt.Data.Objects
	b, err := t.Part("sizes", func() ([]byte, error) {
		s, err := object.NewSizes(ctx, e.pt, e.constants, progress)
		if err != nil {
			return nil, err
		}
		return npy.Encode([]int{4, k}, slices.Concat(s.GaussNewton, s.Trace, s.HTerm, s.Gradient)), nil
	})
	if err != nil {
		return nil, err
	}
	values, _, err := npy.Read[float64](map[string][]byte{"sizes": b}, "sizes", 4, k)
	if err != nil {
		return nil, err
	}
	return &object.Sizes{GaussNewton: values[:k], Trace: values[k : 2*k], HTerm: values[2*k : 3*k], Gradient: values[3*k:]}, nil
}

// chosen returns the evenly spread objects and then those of the largest
// ‖G_i‖ that are not among them.
func (e *evaluation) chosen(spread []int) ([]int, error) {
	taken := make([]bool, e.pt.Data.Objects)
	for _, i := range spread {
		taken[i] = true
	}
	e.spread = len(spread)
	order := object.Spread(len(taken), 0)
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := e.norms.GaussNewton[a], e.norms.GaussNewton[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	list := slices.Clone(spread)
	for _, i := range order {
		if len(list) >= len(spread)+e.p.Top {
			break
		}
		if !taken[i] {
			list = append(list, i)
		}
	}
	return list, nil
}

// quantiles are over the evenly spread objects, the maximum over all.
func (e *evaluation) quantiles(values []float64) artifact.Quantiles {
	q := artifact.NewQuantiles(values[:e.spread])
	q.Max = artifact.NewQuantiles(values).Max
	return q
}

// uniform collects what the uniform bounds are made of.
func (e *evaluation) uniform() artifact.BoundsConstants {
	c := e.constants
	u := artifact.BoundsConstants{
		LargestInput: c.LargestX, LargestLayer: c.LargestW, LargestWeight: c.Largest, Width: c.Width, LayerNorms: c.LayerNorm,
		Theorem1Holds: c.LargestW >= smallestNorm, MeanGradient: kernel.Norm64(e.gradient),
	}
	u.LargestLoss = slices.Max(e.pt.Losses)
	u.LargestGradient = slices.Max(e.norms.Gradient)
	return u
}
