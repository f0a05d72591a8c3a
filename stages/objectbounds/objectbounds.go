// Package objectbounds is the stage that evaluates, object by object, what the
// stages objects and bounds summarise: norms, the ends of the spectrum of each
// H_i, or the whole chain of bounds. It does so for a range of the objects, so
// that a long evaluation is many actions and an interrupted one goes on.
package objectbounds

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads and writes.
const (
	Images  = mlp.Images
	Labels  = mlp.Labels
	Weights = mlp.Weights
	// Chosen is optional: .npy float64, a table whose first column lists
	// objects. From and To are of its rows then.
	Chosen = "chosen"
	// Rows is out: .npy float64, To−From rows as the form says.
	Rows = "rows"
)

// The forms of a row.
const (
	Bounds   = "bounds"   // 15 numbers, in the order of object.BoundNames
	Hessians = "hessians" // λ_min(H_i) and λ_max(H_i), exact by compression
	Norms    = "norms"    // the loss, ‖G_i‖₂, tr G_i, ‖H_i‖_F, and 1 where the object is dead, else 0
)

// Params decide the rows, apart from the inputs.
type Params struct {
	// From and To are the objects From … To−1. M_x of the uniform bounds is
	// over all objects nevertheless.
	From, To int
	Form     string // Bounds, Hessians or Norms
}

// Run computes Rows.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	network, data, err := mlp.Decode(t.Inputs, 0)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	list, err := p.objects(data.Objects, t.Inputs)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	few, err := data.Subset(list)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	pt, err := curvature.NewPoint(ctx, network, few, t.Workers)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	rows, columns, err := evaluate(ctx, p.Form, pt, data.LargestNorm(), t)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: objects %d to %d, counted from the first: %w", list[0], list[len(list)-1], err)
	}
	return map[string][]byte{Rows: npy.Encode([]int{len(list), columns}, rows)}, nil
}

// objects lists those of the range, out of so many.
func (p Params) objects(count int, inputs map[string][]byte) ([]int, error) {
	list := object.Spread(count, count)
	if b, ok := inputs[Chosen]; ok {
		a, err := npy.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Chosen, err)
		}
		values, err := npy.Values[float64](a)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", Chosen, err)
		}
		if len(a.Shape) != 2 || a.Shape[1] < 1 {
			return nil, fmt.Errorf("input %s has shape %v: want a table", Chosen, a.Shape)
		}
		list = list[:0]
		for at := 0; at < len(values); at += a.Shape[1] {
			i := int(values[at])
			if float64(i) != values[at] || i < 0 || i >= count {
				return nil, fmt.Errorf("input %s lists object %v: want a whole number from 0 to %d", Chosen, values[at], count-1)
			}
			list = append(list, i)
		}
	}
	if p.From < 0 || p.To <= p.From || p.To > len(list) {
		return nil, fmt.Errorf("objects %d to %d: want a range within 0 to %d", p.From, p.To, len(list))
	}
	return list[p.From:p.To], nil
}

// evaluate returns the rows of the point's objects; largestX is M_x.
func evaluate(ctx context.Context, form string, pt *curvature.Point, largestX float64, t *task.Task) (rows []float64, columns int, err error) {
	switch form {
	case Bounds:
		return bounds(ctx, pt, largestX, t)
	case Hessians:
		return each(ctx, pt, 2, t, func(row []float64, o *object.Curvature) (err error) {
			row[0], row[1], err = o.Hessian(ctx)
			return err
		})
	case Norms:
		return each(ctx, pt, 5, t, func(row []float64, o *object.Curvature) error {
			n, err := o.Norms()
			row[0], row[1], row[2], row[3] = n.Loss, n.GaussNewton, n.Trace, n.Frobenius
			if n.Dead {
				row[4] = 1
			}
			return err
		})
	}
	return nil, 0, fmt.Errorf("form is %q: want %s, %s or %s", form, Bounds, Hessians, Norms)
}

// each fills a row of so many columns for every object.
func each(ctx context.Context, pt *curvature.Point, columns int, t *task.Task, fill func(row []float64, o *object.Curvature) error) ([]float64, int, error) {
	n := pt.Data.Objects
	rows := make([]float64, columns*n)
	var done atomic.Int64
	err := parallel.Try(ctx, pt.Workers, n, func(j int) error {
		if err := fill(rows[columns*j:columns*(j+1)], object.New(pt, j)); err != nil {
			return fmt.Errorf("object %d: %w", j, err)
		}
		t.Progress(int(done.Add(1)), n)
		return nil
	})
	return rows, columns, err
}

func bounds(ctx context.Context, pt *curvature.Point, largestX float64, t *task.Task) (rows []float64, columns int, err error) {
	constants, err := object.NewConstants(pt)
	if err != nil {
		return nil, 0, err
	}
	constants.LargestX = largestX
	n := pt.Data.Objects
	b, err := object.NewBounds(ctx, pt, object.Spread(n, n), constants, false, t.Progress)
	if err != nil {
		return nil, 0, err
	}
	columns = len(b.Rows)
	rows = make([]float64, n*columns)
	for c, values := range b.Rows {
		for j, v := range values {
			rows[j*columns+c] = v
		}
	}
	return rows, columns, nil
}
