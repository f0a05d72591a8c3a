package objects

import (
	"cmp"
	"context"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// batch is how many objects have their bounds computed at a time.
const batch = 64

// largest returns the m objects with the largest bounds of ‖H_i‖₂, descending,
// before the others, and the largest bound of the others; where m is all of
// them, the objects in their order and 0.
func largest(ctx context.Context, pt *curvature.Point, norms []object.Norms, m int) (order []int, next float64, err error) {
	if m == len(norms) {
		return object.Spread(m, m), 0, nil
	}
	order, bound, err := byBound(ctx, pt, norms, m)
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
func byBound(ctx context.Context, pt *curvature.Point, norms []object.Norms, m int) (order []int, bound []float64, err error) {
	order = object.Spread(len(norms), len(norms))
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(norms[j].Frobenius, norms[i].Frobenius) })
	bound = make([]float64, len(norms))
	known := 0
	for known < len(norms) {
		from, to := known, min(known+max(batch, m+1-known), len(norms))
		if err := parallel.Try(ctx, pt.Workers, to-from, func(at int) (err error) {
			bound[order[from+at]], err = object.New(pt, order[from+at]).HessianBound()
			return err
		}); err != nil {
			return nil, nil, err
		}
		known = to
		slices.SortStableFunc(order[:known], func(i, j int) int { return cmp.Compare(bound[j], bound[i]) })
		if known == len(norms) || bound[order[m]] >= norms[order[known]].Frobenius {
			break
		}
	}
	return order, bound, nil
}
