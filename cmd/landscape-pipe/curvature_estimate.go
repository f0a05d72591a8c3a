package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/term"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages"
)

// trial is what was measured before a run.
type trial struct {
	product time.Duration // with H, over all objects, on all cores
	object  time.Duration // ‖G_i‖, tr G_i and ‖H_i‖_F of one object on one core
	hessian time.Duration // the spectrum of one H_i on one core
	bounds  time.Duration // all bounds of one object on one core
}

// foretell prints what a run will take, as far as it can be told: one product
// and one object are tried, and the rest is counted.
func (x *examination) foretell(ctx context.Context) error {
	var work stages.Work
	for _, step := range x.plan.Steps() {
		if step.State != pipeline.StateCached {
			work = work.Plus(x.graph.Work[step.Stage])
		}
	}
	if work == (stages.Work{}) {
		return nil // only what puts together and draws is left
	}
	t, err := x.measure(ctx)
	if err != nil {
		return err
	}
	s := x.shape
	memory := stages.CurvatureMemory(x.request, s)
	fmt.Fprintf(x.a.stderr, "%s objects of %s values, %s weights in %s\n", thousands(s.Objects), thousands(s.Widths[0]), thousands(s.Parameters()), matrices(len(s.Layers)))
	fmt.Fprintf(x.a.stderr, "estimate: about %s on %s: %s products with H of %s each and the like; %.2g GiB of memory\n",
		guess(t.duration(work, x.workers())), term.Count(x.workers(), "core"), thousands(int(work.Products)), shortTime(t.product), float64(memory)/(1<<30))
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
	inputs, err := x.files.Run(ctx, x.files.Params, nil)
	if err != nil {
		return t, err
	}
	network, data, err := mlp.Decode(inputs, 0)
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
	for i, spent := 0, time.Duration(0); i < 3 && spent < time.Second/4; i++ { // the first one finds cold caches
		var once time.Duration
		stop := timer(&once)
		if err := op.Apply(ctx, dst, src, 1); err != nil {
			return t, err
		}
		stop()
		if spent += once; i == 0 || once < t.product {
			t.product = once
		}
	}
	if x.request.PerObject == 0 && !x.request.Bounds && len(x.request.Increments) == 0 {
		return t, nil
	}
	constants, err := object.NewConstants(pt)
	if err != nil {
		return t, err
	}
	stop := timer(&t.object)
	o := object.New(pt, data.Objects/2)
	if _, err := o.Norms(); err != nil {
		return t, err
	}
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

// duration is what work takes on so many cores.
func (t trial) duration(w stages.Work, cores int) time.Duration {
	const cubic = 4e-10 // seconds of a solution, of the number of rows cubed
	objects := w.Norms*t.object.Seconds() + w.Hessians*t.hessian.Seconds() + w.Bounds*t.bounds.Seconds()
	seconds := w.Products*t.product.Seconds() + w.Cubes*cubic + objects/float64(cores)
	return time.Duration(min(seconds, 1e9) * float64(time.Second))
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
