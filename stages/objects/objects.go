// Package objects is the stage that computes the curvature of each object's own
// loss, exactly. Where that takes long, it gets norms and spectra that were
// computed in parts, and of the objects with the largest bounds the list, which
// is a stage of its own.
package objects

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	// Objects is out: .npy float64, objects × 4: the loss, ‖G_i‖₂,
	// tr G_i = tr H_i, ‖H_i‖_F.
	Objects = "objects"
	// Hessians is out: .npy float64, m × 3: the object's index, ‖H_i‖₂,
	// λ_min(H_i), by descending bound of ‖H_i‖₂, or where m is all of them in
	// the order of the objects.
	Hessians = "hessians"
	// Summary is out: canonical JSON, artifact.ObjectSummary.
	Summary = "summary"
)

// Params decide the outputs, apart from the inputs.
type Params struct {
	SampleSize int // the first so many objects; 0 means all
	Hessians   int // ‖H_i‖₂ of so many objects, those with the largest bounds; −1 means all
}

// of returns for how many of n objects ‖H_i‖₂ is computed.
func (p Params) of(n int) int {
	if p.Hessians < 0 || p.Hessians > n {
		return n
	}
	return p.Hessians
}

func (p Params) validate() error {
	if p.Hessians < -1 {
		return fmt.Errorf("%d Hessians: want a number of objects, or -1 for all", p.Hessians)
	}
	return nil
}

// found is what the outputs are made of.
type found struct {
	norms []object.Norms // of every object
	order []int          // the objects whose H_i is known, and maybe more
	next  float64        // the largest bound of the others
	ends  []float64      // λ_min and λ_max, an object of order after another
}

// Run computes Objects, Hessians and Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	n := pt.Data.Objects
	exact := p.of(n)
	total := n + exact
	var done atomic.Int64
	step := func() {
		if d := int(done.Add(1)); d%64 == 0 || d == total {
			t.Progress(d, total)
		}
	}
	f := found{norms: make([]object.Norms, n), ends: make([]float64, 2*exact)}
	err = parallel.Try(ctx, pt.Workers, n, func(i int) error {
		defer step()
		var err error
		f.norms[i], err = object.New(pt, i).Norms()
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.order, f.next, err = largest(ctx, pt, f.norms, exact); err != nil {
		return nil, err
	}
	err = parallel.Try(ctx, pt.Workers, exact, func(at int) error {
		defer step()
		var err error
		if f.ends[2*at], f.ends[2*at+1], err = object.New(pt, f.order[at]).Hessian(ctx); err != nil {
			return fmt.Errorf("object %d: %w", f.order[at], err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f.outputs()
}

// outputs writes what was found.
func (f found) outputs() (map[string][]byte, error) {
	n, exact := len(f.norms), len(f.ends)/2
	hessians := make([]float64, 0, 3*exact)
	for at := range exact {
		least, largest := f.ends[2*at], f.ends[2*at+1]
		hessians = append(hessians, float64(f.order[at]), max(largest, -least), least)
	}
	text, err := artifact.Encode(f.summarise(hessians))
	if err != nil {
		return nil, err
	}
	table := make([]float64, 0, 4*n)
	for _, r := range f.norms {
		table = append(table, r.Loss, r.GaussNewton, r.Trace, r.Frobenius)
	}
	return map[string][]byte{
		Objects:  npy.Encode([]int{n, 4}, table),
		Hessians: npy.Encode([]int{exact, 3}, hessians),
		Summary:  text,
	}, nil
}

// rounding is how far a computed bound may be, relatively, below what it bounds.
const rounding = 1e-9

func (f found) summarise(hessians []float64) artifact.ObjectSummary {
	column := func(of func(object.Norms) float64) artifact.Quantiles {
		values := make([]float64, len(f.norms))
		for i, r := range f.norms {
			values[i] = of(r)
		}
		return artifact.NewQuantiles(values)
	}
	s := artifact.ObjectSummary{
		Objects:          len(f.norms),
		Loss:             column(func(r object.Norms) float64 { return r.Loss }),
		GaussNewtonNorm:  column(func(r object.Norms) float64 { return r.GaussNewton }),
		Trace:            column(func(r object.Norms) float64 { return r.Trace }),
		HessianFrobenius: column(func(r object.Norms) float64 { return r.Frobenius }),
		Exact:            len(hessians) / 3,
		NextBound:        f.next,
	}
	for _, r := range f.norms {
		if r.Dead {
			s.Dead++
		}
	}
	for at := 0; at < len(hessians); at += 3 {
		s.LargestHessian = max(s.LargestHessian, hessians[at+1])
		s.LeastHessian = min(s.LeastHessian, hessians[at+2])
	}
	s.MaximumProven = f.next == 0 || s.LargestHessian >= float64(f.next*(1+rounding))
	return s
}
