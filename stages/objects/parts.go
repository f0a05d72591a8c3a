package objects

import (
	"context"
	"errors"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// What RunLargest and RunWhole read and write besides.
const (
	// Norms is in: .npy float64, objects × 5: the loss, ‖G_i‖₂, tr G_i,
	// ‖H_i‖_F, and 1 where the object is dead, else 0.
	Norms = "norms"
	// Largest is out: .npy float64, (m+1) × 2: the index and the bound of
	// ‖H_i‖₂ of the objects with the m+1 largest bounds, descending.
	Largest = "largest"
	// Ends is in: .npy float64, m × 2: λ_min(H_i) and λ_max(H_i) of the first
	// m objects of Largest, or of all objects in their order.
	Ends = "ends"
)

// RunLargest writes Largest, by Norms. It is for m below the number of
// objects: of all none has to be chosen.
func RunLargest(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	norms, err := readNorms(t.Inputs)
	if err != nil {
		return nil, err
	}
	if m := p.of(data.Objects); len(norms) != data.Objects || m == data.Objects {
		return nil, fmt.Errorf("norms of %d of %d objects, %d to choose: want those of all, and fewer to choose", len(norms), data.Objects, m)
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	order, bound, err := byBound(ctx, pt, norms, p.Hessians)
	if err != nil {
		return nil, err
	}
	table := make([]float64, 0, 2*(p.Hessians+1))
	for _, i := range order[:p.Hessians+1] {
		table = append(table, float64(i), bound[i])
	}
	return map[string][]byte{Largest: npy.Encode([]int{p.Hessians + 1, 2}, table)}, nil
}

// RunWhole computes what [Run] does from what was computed in parts: Norms,
// Ends, and Largest where not all objects are in Ends.
func RunWhole(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	var f found
	var err error
	if f.norms, err = readNorms(t.Inputs); err != nil {
		return nil, err
	}
	n := len(f.norms)
	exact := p.of(n)
	if f.ends, err = table(t.Inputs, Ends, exact, 2); err != nil {
		return nil, err
	}
	if exact == n {
		f.order = object.Spread(n, n)
	} else {
		chosen, err := table(t.Inputs, Largest, exact+1, 2)
		if err != nil {
			return nil, err
		}
		for at := range exact {
			f.order = append(f.order, int(chosen[2*at]))
		}
		f.next = chosen[2*exact+1]
	}
	out, err := f.outputs()
	return out, errors.Join(err, ctx.Err())
}

func readNorms(inputs map[string][]byte) ([]object.Norms, error) {
	const columns = 5
	values, err := table(inputs, Norms, -1, columns)
	if err != nil {
		return nil, err
	}
	norms := make([]object.Norms, len(values)/columns)
	for i := range norms {
		r := values[columns*i:]
		norms[i] = object.Norms{Loss: r[0], GaussNewton: r[1], Trace: r[2], Frobenius: r[3], Dead: r[4] != 0}
	}
	return norms, nil
}

// table reads an input of so many rows, of any number of them where that is
// −1, and columns.
func table(inputs map[string][]byte, name string, rows, columns int) ([]float64, error) {
	a, err := npy.Decode(inputs[name])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", name, err)
	}
	values, err := npy.Values[float64](a)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", name, err)
	}
	if len(a.Shape) != 2 || rows >= 0 && a.Shape[0] != rows || a.Shape[1] != columns {
		return nil, fmt.Errorf("input %s has shape %v: want %d rows (-1: any number) of %d", name, a.Shape, rows, columns)
	}
	return values, nil
}
