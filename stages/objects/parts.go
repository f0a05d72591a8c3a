package objects

import (
	"context"
	"errors"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
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
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize)
	if err != nil {
		return nil, err
	}
	norms, err := readNorms(t.Inputs)
	if err != nil {
		return nil, err
	}
	n := pt.Data.Objects
	if m := p.of(n); len(norms) != n || m == n {
		return nil, fmt.Errorf("norms of %d of %d objects, %d to choose: want those of all, and fewer to choose", len(norms), n, m)
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
	if f.ends, _, err = npy.Read[float64](t.Inputs, Ends, exact, 2); err != nil {
		return nil, err
	}
	if exact == n {
		f.order = object.Spread(n, n)
	} else {
		chosen, _, err := npy.Read[float64](t.Inputs, Largest, exact+1, 2)
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
	rows, err := npy.Rows[float64](inputs, Norms, 5)
	if err != nil {
		return nil, err
	}
	norms := make([]object.Norms, len(rows))
	for i, r := range rows {
		norms[i] = object.Norms{Loss: r[0], GaussNewton: r[1], Trace: r[2], Frobenius: r[3], Dead: r[4] != 0}
	}
	return norms, nil
}
