package objects

import (
	"cmp"
	"context"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
)

// batch is how many objects have their bounds computed at a time.
const batch = 64

// largest returns the m objects with the largest bounds of ‖H_i‖₂, descending,
// before the others, and the largest bound of the others; where m is all of
// them, the objects in their order and 0. The bound is
// curvature.Object.HessianBound. It is never above ‖H_i‖_F, which is at hand,
// so the objects are gone through in descending order of that, and those whose
// ‖H_i‖_F is below the m+1 largest bounds found need no bound of their own.
func largest(ctx context.Context, pt *curvature.Point, rows []row, m int) (order []int, next float64, err error) {
	order = make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	if m == len(rows) {
		return order, 0, nil
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(rows[j].frobenius, rows[i].frobenius) })
	bound := make([]float64, len(rows))
	known := 0
	for known < len(rows) {
		from, to := known, min(known+max(batch, m+1-known), len(rows))
		if err := pt.EachObject(ctx, to-from, func(at int) (err error) {
			bound[order[from+at]], err = pt.Object(order[from+at]).HessianBound()
			return err
		}); err != nil {
			return nil, 0, err
		}
		known = to
		slices.SortStableFunc(order[:known], func(i, j int) int { return cmp.Compare(bound[j], bound[i]) })
		if known == len(rows) || bound[order[m]] >= rows[order[known]].frobenius {
			break
		}
	}
	return order, bound[order[m]], nil
}
