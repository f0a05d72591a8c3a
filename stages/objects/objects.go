// Package objects is the stage that computes the curvature of each object's own
// loss, exactly.
package objects

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
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
	progress := func(before int) func(done, total int) {
		return func(done, total int) {
			if done%64 == 0 || done == total {
				t.Progress(before+done, n+exact)
			}
		}
	}
	f := found{norms: make([]object.Norms, n)}
	const columns = 5
	rows, err := object.Rows(ctx, pt, t.Part, "norms", object.Spread(n, n), columns, progress(0), func(row []float64, o *object.Curvature) error {
		x, err := o.Norms()
		row[0], row[1], row[2], row[3] = x.Loss, x.GaussNewton, x.Trace, x.Frobenius
		if x.Dead {
			row[4] = 1
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range f.norms {
		r := rows[columns*i:]
		f.norms[i] = object.Norms{Loss: r[0], GaussNewton: r[1], Trace: r[2], Frobenius: r[3], Dead: r[4] != 0}
	}
	if f.order, f.next, err = largest(ctx, pt, t.Part, f.norms, exact); err != nil {
		return nil, err
	}
	f.ends, err = object.Rows(ctx, pt, t.Part, "spectra", f.order[:exact], 2, progress(n), func(row []float64, o *object.Curvature) (err error) {
		row[0], row[1], err = o.Hessian(ctx)
		return err
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
