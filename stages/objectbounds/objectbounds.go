// Package objectbounds is the stage that evaluates, object by object, what the
// stages objects and bounds summarise: the whole chain of bounds, or the ends
// of the spectrum of each H_i. It does so for a range of the objects, so that
// a long evaluation is many actions and an interrupted one goes on.
package objectbounds

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/task"
)

// The names of what Run reads and writes.
const (
	Images  = curvature.Images
	Labels  = curvature.Labels
	Weights = curvature.Weights
	// Rows is out: .npy float64, (To−From) × 15, the bounds of each object in
	// the order of curvature.BoundNames; or with Hessians (To−From) × 2,
	// λ_min(H_i) and λ_max(H_i).
	Rows = "rows"
)

// Params decide the rows, apart from the inputs.
type Params struct {
	// From and To are the objects From … To−1. M_x of the uniform bounds is
	// over all objects nevertheless.
	From, To int
	// Hessians is whether the rows are the ends of the spectra of the H_i,
	// exact by compression, instead of the bounds.
	Hessians bool
}

// Run computes Rows.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	network, data, err := curvature.Decode(t.Inputs, 0)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	if p.From < 0 || p.To <= p.From || p.To > data.Objects {
		return nil, fmt.Errorf("objectbounds: objects %d to %d: want a range within 0 to %d", p.From, p.To, data.Objects)
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	rows, columns, err := evaluate(ctx, p, pt, t)
	if err != nil {
		return nil, fmt.Errorf("objectbounds: %w", err)
	}
	return map[string][]byte{Rows: npy.Encode([]int{p.To - p.From, columns}, rows)}, nil
}

func evaluate(ctx context.Context, p Params, pt *curvature.Point, t *task.Task) (rows []float64, columns int, err error) {
	n := p.To - p.From
	if p.Hessians {
		rows = make([]float64, 2*n)
		var done atomic.Int64
		err := pt.EachObject(ctx, n, func(j int) error {
			var err error
			if rows[2*j], rows[2*j+1], err = pt.Object(p.From + j).Hessian(ctx); err != nil {
				return fmt.Errorf("object %d: %w", p.From+j, err)
			}
			t.Progress(int(done.Add(1)), n)
			return nil
		})
		return rows, 2, err
	}
	constants, err := pt.Constants()
	if err != nil {
		return nil, 0, err
	}
	objects := make([]int, n)
	for j := range objects {
		objects[j] = p.From + j
	}
	b, err := pt.ObjectBounds(ctx, objects, constants, false, t.Progress)
	if err != nil {
		return nil, 0, err
	}
	columns = len(b.Bounds)
	rows = make([]float64, n*columns)
	for c, values := range b.Bounds {
		for j, v := range values {
			rows[j*columns+c] = v
		}
	}
	return rows, columns, nil
}
