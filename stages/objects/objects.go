// Package objects is the stage that computes the curvature of each object's own
// loss, exactly.
package objects

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The names of what Run reads and writes.
const (
	Images  = curvature.Images  // in: .npy, objects × values
	Labels  = curvature.Labels  // in: .npy, objects
	Weights = curvature.Weights // in: safetensors
	// Objects is out: .npy float64, objects × 4: the loss, ‖G_i‖₂,
	// tr G_i = tr H_i, ‖H_i‖_F.
	Objects = "objects"
	// Hessians is out: .npy float64, m × 3: the object's index, ‖H_i‖₂,
	// λ_min(H_i), by descending bound of ‖H_i‖₂, or where m is all of them in
	// the order of the objects.
	Hessians = "hessians"
	// Summary is out: canonical JSON, result.ObjectSummary.
	Summary = "summary"
)

// Params decide the outputs, apart from the inputs.
type Params struct {
	SampleSize int // the first so many objects; 0 means all
	Hessians   int // ‖H_i‖₂ of so many objects, those with the largest bounds; −1 means all
}

// row is one object's row of Objects.
type row struct {
	loss, gaussNewton, trace, frobenius float64
	dead                                bool
}

// Run computes Objects, Hessians and Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.Hessians < -1 {
		return nil, fmt.Errorf("%d Hessians: want a number of objects, or -1 for all", p.Hessians)
	}
	network, data, err := curvature.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	n := data.Objects
	exact := p.Hessians
	if exact < 0 || exact > n {
		exact = n
	}
	total := n + exact
	var done atomic.Int64
	step := func() {
		if d := int(done.Add(1)); d%64 == 0 || d == total {
			t.Progress(d, total)
		}
	}
	rows := make([]row, n)
	err = pt.EachObject(ctx, n, func(i int) error {
		defer step()
		var err error
		rows[i], err = describe(pt.Object(i))
		return err
	})
	if err != nil {
		return nil, err
	}
	order, next, err := largest(ctx, pt, rows, exact)
	if err != nil {
		return nil, err
	}
	hessians := make([]float64, 3*exact)
	err = pt.EachObject(ctx, exact, func(at int) error {
		defer step()
		least, largest, err := pt.Object(order[at]).Hessian(ctx)
		if err != nil {
			return fmt.Errorf("object %d: %w", order[at], err)
		}
		hessians[3*at], hessians[3*at+1], hessians[3*at+2] = float64(order[at]), max(largest, -least), least
		return nil
	})
	if err != nil {
		return nil, err
	}
	summary := summarise(rows, hessians)
	summary.NextBound = next
	summary.MaximumProven = next == 0 || summary.LargestHessian >= float64(next*(1+rounding))
	text, err := result.Encode(summary)
	if err != nil {
		return nil, err
	}
	table := make([]float64, 0, 4*n)
	for _, r := range rows {
		table = append(table, r.loss, r.gaussNewton, r.trace, r.frobenius)
	}
	return map[string][]byte{
		Objects:  npy.Encode([]int{n, 4}, table),
		Hessians: npy.Encode([]int{exact, 3}, hessians),
		Summary:  text,
	}, nil
}

// rounding is how far a computed bound may be, relatively, below what it bounds.
const rounding = 1e-9

// describe computes a row.
func describe(o *curvature.Object) (row, error) {
	r := row{loss: o.Loss, dead: o.Dead()}
	if r.dead {
		return r, nil
	}
	values, err := o.GaussNewton()
	if err != nil {
		return r, err
	}
	r.gaussNewton = max(values[len(values)-1], 0)
	r.trace = o.Trace()
	r.frobenius = math.Sqrt(max(o.SquaredFrobenius(), 0))
	return r, nil
}

func summarise(rows []row, hessians []float64) result.ObjectSummary {
	column := func(f func(row) float64) result.Quantiles {
		values := make([]float64, len(rows))
		for i, r := range rows {
			values[i] = f(r)
		}
		return result.NewQuantiles(values)
	}
	s := result.ObjectSummary{
		Objects:          len(rows),
		Loss:             column(func(r row) float64 { return r.loss }),
		GaussNewtonNorm:  column(func(r row) float64 { return r.gaussNewton }),
		Trace:            column(func(r row) float64 { return r.trace }),
		HessianFrobenius: column(func(r row) float64 { return r.frobenius }),
		Exact:            len(hessians) / 3,
	}
	for _, r := range rows {
		if r.dead {
			s.Dead++
		}
	}
	for at := 0; at < len(hessians); at += 3 {
		s.LargestHessian = max(s.LargestHessian, hessians[at+1])
		s.LeastHessian = min(s.LeastHessian, hessians[at+2])
	}
	return s
}
