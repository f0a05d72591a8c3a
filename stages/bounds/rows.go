package bounds

import (
	"context"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Rows is the output of RunRows: .npy float64, objects × 15: all bounds of each
// object, in the order of object.BoundNames.
const Rows = "rows"

// RowParams are what the rows depend on apart from the network and the data.
type RowParams struct {
	SampleSize int // the first so many objects; 0 means all
}

// RunRows computes Rows. It reads what Run reads, except Eigenvalues.
func RunRows(ctx context.Context, p RowParams, t *task.Task) (map[string][]byte, error) {
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	constants, err := object.NewConstants(pt)
	if err != nil {
		return nil, err
	}
	n, columns := pt.Data.Objects, len(object.BoundNames)
	rows, err := object.Rows(ctx, pt, t.Part, "bounds", object.Spread(n, n), columns, t.Progress, func(row []float64, o *object.Curvature) error {
		values, err := o.Bounds(constants)
		copy(row, values)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Rows: npy.Encode([]int{n, columns}, rows)}, nil
}
