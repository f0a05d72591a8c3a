package objects

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
)

// batch is how many objects have their bounds computed at a time.
const batch = 64

// largest returns the m objects with the largest bounds of ‖H_i‖₂, descending,
// before the others, and the largest bound of the others; where m is all of
// them, the objects in their order and 0.
func largest(ctx context.Context, pt *curvature.Point, keep object.Part, norms []object.Norms, m int) (order []int, next float64, err error) {
	if m == len(norms) {
		return object.Spread(m, m), 0, nil
	}
	order, bound, err := byBound(ctx, pt, keep, norms, m)
	if err != nil {
		return nil, 0, err
	}
	return order, bound[order[m]], nil
}

// byBound returns the objects with the m+1 largest bounds of ‖H_i‖₂ first,
// descending, and the bounds of these by object; m is below the number of
// objects. The bound is object.Curvature.HessianBound. It is never above
// ‖H_i‖_F, which is at hand, so the objects are gone through in descending
// order of that, and those whose ‖H_i‖_F is below the m+1 largest bounds found
// need no bound of their own.
func byBound(ctx context.Context, pt *curvature.Point, keep object.Part, norms []object.Norms, m int) (order []int, bound []float64, err error) {
	order = object.Spread(len(norms), len(norms))
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(norms[j].Frobenius, norms[i].Frobenius) })
	bound = make([]float64, len(norms))
	known := 0
	for known < len(norms) {
		from, to := known, min(known+max(batch, m+1-known), len(norms))
		rows, err := object.Rows(ctx, pt, keep, fmt.Sprintf("bounds from %d:", from), order[from:to], 1, func(int, int) {}, func(row []float64, o *object.Curvature) (err error) {
			row[0], err = o.HessianBound()
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		for at, b := range rows {
			bound[order[from+at]] = b
		}
		known = to
		slices.SortStableFunc(order[:known], func(i, j int) int { return cmp.Compare(bound[j], bound[i]) })
		if known == len(norms) || bound[order[m]] >= norms[order[known]].Frobenius {
			break
		}
	}
	return order, bound, nil
}
