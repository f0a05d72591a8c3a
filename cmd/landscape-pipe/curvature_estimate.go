package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

// trial is what was measured before a run.
type trial struct {
	product time.Duration // with H, over all objects, on all cores
	object  time.Duration // ‖G_i‖ and ‖H_i‖_F of one object on one core
	hessian time.Duration // the spectrum of one H_i on one core
	bounds  time.Duration // all bounds of one object on one core
}

// foretell prints what a run will take, as far as it can be told: one product
// and one object are tried, and the rest is counted.
func (x *examination) foretell(ctx context.Context) error {
	// Of each kind the share that is not cached.
	pending, all := map[string]float64{}, map[string]float64{}
	for _, s := range x.plan.Steps() {
		all[s.Stage.Kind()]++
		if s.State != pipeline.StateCached {
			pending[s.Stage.Kind()]++
		}
	}
	for kind, n := range all {
		pending[kind] /= n
	}
	if pending["spectra"]+pending["density"]+pending["objects"]+pending["objectbounds"]+pending["bounds"]+pending["increments"]+pending["surfaces"] == 0 {
		return nil // only what puts together and draws is left
	}
	t, err := x.measure(ctx)
	if err != nil {
		return err
	}
	s := x.shape
	products, seconds := x.cost(t, pending)
	memory := stages.CurvatureMemory(s)
	fmt.Fprintf(x.a.stderr, "%s objects of %s values, %s weights in %s\n", thousands(s.Objects), thousands(s.Widths[0]), thousands(s.Parameters()), matrices(len(s.Layers)))
	fmt.Fprintf(x.a.stderr, "estimate: about %s on %s: %s products with H of %s each and the like; %.2g GiB of memory\n",
		guess(seconds), plural(x.workers(), "core"), thousands(products), shortTime(t.product), float64(memory)/(1<<30))
	if x.c.Verbose && t.hessian > 0 {
		fmt.Fprintf(x.a.stderr, "trial of one object on one core: norms %s, spectrum of H_i %s, bounds %s\n", shortTime(t.object), shortTime(t.hessian), shortTime(t.bounds))
	}
	if limit := x.options(silent{}).MemoryLimit; limit > 0 && memory > limit {
		x.a.warn("that is more memory than the %.2g GiB that this process may use", float64(limit)/(1<<30))
	}
	return nil
}

// measure tries one product and one object.
func (x *examination) measure(ctx context.Context) (trial, error) {
	var t trial
	inputs := map[string][]byte{}
	for name, o := range map[string]stages.CurvatureOutput{
		curvature.Images: x.graph.Images, curvature.Labels: x.graph.Labels, curvature.Weights: x.graph.Weights,
	} {
		var err error
		if inputs[name], err = x.read(ctx, o); err != nil {
			return t, err
		}
	}
	network, data, err := curvature.Decode(inputs, 0)
	if err != nil {
		return t, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, x.workers())
	if err != nil {
		return t, err
	}
	op, err := pt.Operator(curvature.Hessian, nil)
	if err != nil {
		return t, err
	}
	src, dst := network.Flat(), make([]float64, network.Parameters())
	stop := timer(&t.product)
	if err := op.Apply(ctx, dst, src, 1); err != nil {
		return t, err
	}
	stop()
	if x.request.PerObject == 0 && !x.request.Bounds && len(x.request.Increments) == 0 {
		return t, nil
	}
	constants, err := pt.Constants()
	if err != nil {
		return t, err
	}
	stop = timer(&t.object)
	o := pt.Object(data.Objects / 2)
	if _, err := o.GaussNewton(); err != nil {
		return t, err
	}
	o.SquaredFrobenius()
	stop()
	stop = timer(&t.hessian)
	if _, _, err := o.Hessian(ctx); err != nil {
		return t, err
	}
	stop()
	stop = timer(&t.bounds)
	_, err = o.Bounds(constants)
	stop()
	return t, err
}

func timer(d *time.Duration) (stop func()) {
	began := time.Now()
	return func() { *d = time.Since(began) }
}

// cost counts the products of what is not cached, and the time of it all. How
// many products Lanczos needs depends on the spectrum; these numbers were seen
// with trained networks.
func (x *examination) cost(t trial, pending map[string]float64) (products int, total time.Duration) {
	r, s := x.request, x.shape
	objects, weights := float64(s.Objects), float64(s.Parameters())
	cores := float64(x.workers())
	seconds := 0.0 // beside products
	counted := 0.0
	perObject := func(d time.Duration, n float64) { seconds += d.Seconds() * n / cores }

	spectra := min(float64(4*(r.Top+r.Bottom)+60), weights) + min(float64(3*r.Top+20), weights) + min(float64(6*max(r.Top, r.Bottom)+20), weights)
	const cubic = 4e-10 // seconds of a solution, of the number of rows cubed
	switch factors := objects * float64(s.Widths[len(s.Widths)-1]); {
	case weights <= float64(r.Exact):
		spectra += weights // in blocks, for two matrices
		seconds += pending["spectra"] * 3 * cubic * weights * weights * weights
	case factors <= float64(r.Exact):
		seconds += pending["spectra"] * cubic * factors * factors * factors
	}
	layers := float64(len(s.Layers))
	spectra += 8 * layers * (layers + 1) / 2 // for the layer blocks, many at a time
	counted += pending["spectra"] * spectra
	counted += pending["density"] * (float64(3*r.Top+20) + float64(r.Steps*r.Probes)/2)
	counted += pending["surfaces"] * 400

	exact := float64(r.PerObject)
	if r.PerObject == stages.All {
		exact = objects
	}
	perObject(t.object, pending["objects"]*objects)
	if x.graph.Hessians.Stage != nil {
		perObject(t.hessian, pending["objectbounds"]*objects)
	} else {
		perObject(t.hessian, pending["objects"]*min(exact, objects))
	}
	if r.Bounds {
		perObject(t.bounds, pending["objectbounds"]*objects)
		perObject(t.object, pending["bounds"]*objects)
		perObject(t.hessian+t.bounds, pending["bounds"]*min(objects, 220))
		counted += pending["bounds"] * 150
	}
	for _, k := range r.Increments {
		counted += pending["increments"] * 120 * float64(k) / objects
		seconds += pending["increments"] * t.hessian.Seconds()
	}
	seconds += counted * t.product.Seconds()
	return int(counted), time.Duration(min(seconds, 1e9) * float64(time.Second))
}

// shortTime writes a short duration with its digits: 0.3 ms.
func shortTime(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2g ms", float64(d)/1e6)
	}
	return term.Duration(d)
}

// thousands writes a whole number with commas: 13,984.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// matrices writes their number.
func matrices(n int) string {
	if n == 1 {
		return "1 matrix"
	}
	return fmt.Sprintf("%d matrices", n)
}
