package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/pipeline/cas"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// measured are the results about a network. Pointers and slices are nil for
// what was not asked for.
type measured struct {
	shape       userfiles.Shape
	top, bottom int

	spectrum   artifact.Spectrum
	density    *artifact.Density
	rule       []float64 // probes × 2 × steps
	objects    *perObject
	increments *artifact.IncrementSummary
	bounds     *artifact.BoundsSummary
	chain      [][]float64 // [bound][object], as object.BoundNames
}

// perObject holds one number per object; those of H_i are NaN if they were not
// computed.
type perObject struct {
	loss, gaussNewton, hessian, least []float64

	largest float64 // ‖H_i‖ of those that were computed, and whether it is the maximum over all
	next    float64 // bound of the others, 0 if there are none
	proven  bool
}

// results reads the measurements from the store.
func (x *curvatureRun) results(ctx context.Context) (*measured, error) {
	p := &measured{shape: x.shape, top: x.request.Top, bottom: x.request.Bottom}
	var err error
	if p.spectrum, err = readRecord[artifact.Spectrum](ctx, x, "spectra/spectrum"); err != nil {
		return nil, err
	}
	if p.density, err = readIfAsked[artifact.Density](ctx, x, "density/density"); err != nil {
		return nil, err
	}
	if p.density != nil {
		if p.rule, _, err = x.array(ctx, "density/rule"); err != nil {
			return nil, err
		}
	}
	if p.increments, err = readIfAsked[artifact.IncrementSummary](ctx, x, "increments/increments"); err != nil {
		return nil, err
	}
	if p.bounds, err = readIfAsked[artifact.BoundsSummary](ctx, x, "bounds/bounds"); err != nil {
		return nil, err
	}
	if x.has("bound_rows/rows") {
		values, columns, err := x.array(ctx, "bound_rows/rows")
		if err != nil {
			return nil, err
		}
		p.chain = make([][]float64, columns)
		for i, v := range values {
			p.chain[i%columns] = append(p.chain[i%columns], v)
		}
	}
	p.objects, err = x.perObject(ctx)
	return p, err
}

func (x *curvatureRun) perObject(ctx context.Context) (*perObject, error) {
	if !x.has("objects/objects") {
		return nil, nil
	}
	values, columns, err := x.array(ctx, "objects/objects")
	if err != nil {
		return nil, err
	}
	o := &perObject{}
	for i := 0; i < len(values); i += columns {
		o.loss, o.gaussNewton = append(o.loss, values[i]), append(o.gaussNewton, values[i+1])
		o.hessian, o.least = append(o.hessian, math.NaN()), append(o.least, math.NaN())
	}
	summary, err := readRecord[artifact.ObjectSummary](ctx, x, "objects/summary")
	if err != nil {
		return nil, err
	}
	o.largest, o.next, o.proven = summary.LargestHessian, summary.NextBound, summary.MaximumProven
	if values, _, err = x.array(ctx, "objects/hessians"); err != nil {
		return nil, err
	}
	for at := 0; at < len(values); at += 3 {
		i := int(values[at])
		o.hessian[i], o.least[i] = values[at+1], values[at+2]
	}
	return o, nil
}

// has reports whether a result was asked for.
func (x *curvatureRun) has(result string) bool { return x.graph.Results[result].Stage != nil }

// read returns a result from the store. If the store has lost it, its stage
// runs again.
func (x *curvatureRun) read(ctx context.Context, result string) ([]byte, error) {
	o := x.graph.Results[result]
	for again := false; ; again = true {
		digest, _, ok := x.plan.Output(o.Stage, o.Name)
		if !ok {
			return nil, fmt.Errorf("%v has no output %s", o.Stage, o.Name)
		}
		b, err := x.store.Get(ctx, digest)
		var damaged *cas.DamagedError
		if err == nil || again || !errors.Is(err, cas.ErrNotFound) && !errors.As(err, &damaged) {
			return b, err
		}
		if x.plan, err = pipeline.NewPlan(x.graph.Graph, x.store, pipeline.Options{}); err != nil {
			return nil, err
		}
		if _, err := x.plan.Verify(ctx); err != nil {
			return nil, err
		}
		if _, err := runPlan(ctx, x.plan, x.options(silent{})); err != nil {
			return nil, err
		}
	}
}

// array reads a .npy of float64 and the length of its last dimension.
func (x *curvatureRun) array(ctx context.Context, result string) (values []float64, columns int, err error) {
	b, err := x.read(ctx, result)
	if err != nil {
		return nil, 0, err
	}
	a, err := npy.Decode(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", result, err)
	}
	if values, err = npy.Values[float64](a); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", result, err)
	}
	return values, a.Shape[len(a.Shape)-1], nil
}

// readRecord reads a summary.
func readRecord[R any](ctx context.Context, x *curvatureRun, result string) (R, error) {
	var zero R
	b, err := x.read(ctx, result)
	if err != nil {
		return zero, err
	}
	r, err := artifact.Decode[R](b)
	if err != nil {
		return zero, fmt.Errorf("%s: %w", result, err)
	}
	return r, nil
}

// readIfAsked reads a summary that may not have been asked for.
func readIfAsked[R any](ctx context.Context, x *curvatureRun, result string) (*R, error) {
	if !x.has(result) {
		return nil, nil
	}
	r, err := readRecord[R](ctx, x, result)
	return &r, err
}

// curvatureValue is the form for programs: the fields that the documentation
// lists and, for each flag, what it asks for.
type curvatureValue struct {
	Objects      int                           `json:"objects"`
	Parameters   int                           `json:"parameters"`
	Layers       int                           `json:"layers"`
	Loss         float64                       `json:"loss"`
	GradientNorm float64                       `json:"gradient_norm"`
	Hessian      termValue                     `json:"hessian"`
	GaussNewton  termValue                     `json:"gauss_newton"`
	HTerm        termValue                     `json:"h_term"`
	PerObject    *perObjectValue               `json:"per_object,omitempty"`
	Increments   *incrementsValue              `json:"increments,omitempty"`
	Bounds       map[string]artifact.Quantiles `json:"bounds,omitempty"`
	BoundsOver   string                        `json:"bounds_over,omitempty"` // the objects that the quantiles are of
	Density      *densityValue                 `json:"density,omitempty"`
}

type perObjectValue struct {
	Loss        []float64            `json:"loss"`
	GaussNewton []float64            `json:"gauss_newton_norm"`
	Hessian     gaps                 `json:"hessian_norm"` // null if not computed
	Least       gaps                 `json:"hessian_min"`
	Largest     float64              `json:"largest_hessian_norm"` // of those computed
	NextBound   float64              `json:"next_bound"`           // of the others, 0 if there are none
	Proven      bool                 `json:"maximum_proven"`       // largest_hessian_norm is that of all objects
	Bounds      map[string][]float64 `json:"bounds,omitempty"`
}

type incrementsValue struct {
	K           []int     `json:"k"`
	HessianNorm []float64 `json:"hessian_norm"`
	AbsLoss     []float64 `json:"abs_loss"`

	Residual     []float64                `json:"residual"` // of hessian_norm
	Others       [][]artifact.OtherObject `json:"others"`
	OthersMedian gaps                     `json:"others_median"` // null if there are none
	OthersMax    gaps                     `json:"others_max"`
}

type densityValue struct {
	artifact.Density
	Nodes   [][]float64 `json:"nodes"` // of each probe
	Weights [][]float64 `json:"weights"`
}

// value is the form for programs.
func (p *measured) value() curvatureValue {
	s := p.spectrum
	v := curvatureValue{
		Objects: s.Objects, Parameters: s.Parameters, Layers: s.Layers, Loss: s.Loss, GradientNorm: s.GradientNorm,
		Hessian: p.term(s.Hessian), GaussNewton: p.term(s.GaussNewton), HTerm: p.term(s.HTerm),
	}
	if o := p.objects; o != nil {
		v.PerObject = &perObjectValue{Loss: o.loss, GaussNewton: o.gaussNewton, Hessian: o.hessian, Least: o.least, Largest: o.largest, NextBound: o.next, Proven: o.proven}
	}
	if p.increments != nil {
		v.Increments = &incrementsValue{}
		for _, i := range p.increments.Increments {
			v.Increments.K = append(v.Increments.K, i.K)
			v.Increments.HessianNorm = append(v.Increments.HessianNorm, i.HessianNorm)
			v.Increments.AbsLoss = append(v.Increments.AbsLoss, i.AbsLoss)
			v.Increments.Residual = append(v.Increments.Residual, i.Residual)
			v.Increments.Others = append(v.Increments.Others, i.Others)
			median, most := math.NaN(), math.NaN()
			if len(i.Others) > 0 {
				median, most = i.OthersMedian, i.OthersMax
			}
			v.Increments.OthersMedian, v.Increments.OthersMax = append(v.Increments.OthersMedian, median), append(v.Increments.OthersMax, most)
		}
	}
	if p.chain != nil {
		v.Bounds, v.BoundsOver = map[string]artifact.Quantiles{}, p.boundsOver()
		for i, name := range object.BoundNames {
			v.Bounds[name] = artifact.NewQuantiles(p.chain[i])
			if v.PerObject != nil && p.complete() {
				if v.PerObject.Bounds == nil {
					v.PerObject.Bounds = map[string][]float64{}
				}
				v.PerObject.Bounds[name] = p.chain[i]
			}
		}
	}
	if p.density != nil {
		v.Density = &densityValue{Density: *p.density}
		for at, steps := 0, p.density.Steps; at < len(p.rule); at += 2 * steps {
			v.Density.Nodes = append(v.Density.Nodes, p.rule[at:at+steps])
			v.Density.Weights = append(v.Density.Weights, p.rule[at+steps:at+2*steps])
		}
	}
	return v
}

// boundsOver names the objects whose bounds the quantiles are of, in the text and
// in JSON alike.
func (p *measured) boundsOver() string {
	if len(p.chain[0]) == 1 {
		return "the one object"
	}
	return "all " + term.Count(len(p.chain[0]), "object")
}

// complete reports whether the spectrum of every H_i was computed.
func (p *measured) complete() bool {
	for _, x := range p.objects.hessian {
		if math.IsNaN(x) {
			return false
		}
	}
	return true
}

type termValue struct {
	Norm      float64               `json:"norm"`
	Trace     float64               `json:"trace"`
	Frobenius *float64              `json:"frobenius"` // null if not exact
	Top       []artifact.Eigenvalue `json:"top"`
	Bottom    []artifact.Eigenvalue `json:"bottom"`
	Converged bool                  `json:"converged"`
	Missed    float64               `json:"missed"` // probability that a value is missing in one of the lists
}

// term cuts the lists to what was asked for: the stage looks for one value at
// either end at least.
func (p *measured) term(t artifact.TermSpectrum) termValue {
	return termValue{
		Norm: t.Norm, Trace: t.Trace, Frobenius: t.Frobenius,
		Top: first(t.Top, p.top), Bottom: first(t.Bottom, p.bottom), Converged: t.Converged, Missed: t.Missed,
	}
}

// incomplete names the lists that were asked for and may lack a value.
func (p *measured) incomplete() []string {
	var lists []string
	for _, t := range []struct {
		name string
		artifact.TermSpectrum
	}{{"H", p.spectrum.Hessian}, {"G", p.spectrum.GaussNewton}, {"R", p.spectrum.HTerm}} {
		c := t.Complete
		if c == nil {
			continue
		}
		if asked := min(p.top, c.AskedTop); c.Top < asked {
			lists = append(lists, fmt.Sprintf("%d of the %d largest eigenvalues of %s", c.Top, asked, t.name))
		}
		if asked := min(p.bottom, c.AskedBottom); c.Bottom < asked {
			lists = append(lists, fmt.Sprintf("%d of the %d smallest eigenvalues of %s", c.Bottom, asked, t.name))
		}
	}
	return lists
}

func first(list []artifact.Eigenvalue, n int) []artifact.Eigenvalue {
	if len(list) == 0 {
		return []artifact.Eigenvalue{}
	}
	return list[:min(n, len(list))]
}

// gaps are numbers of which some are not known: NaN, in JSON null.
type gaps []float64

func (g gaps) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range g {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(x) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, x, 'g', -1, 64)
	}
	return append(b, ']'), nil
}
