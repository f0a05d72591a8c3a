package object

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// Part is how a long computation keeps finished parts of its work: it returns
// the bytes of f, or those that an interrupted run kept under the name.
type Part func(name string, f func() ([]byte, error)) ([]byte, error)

// perPart is how many objects are one part.
const perPart = 64

// Rows fills one row of numbers for each of the listed objects, on the workers
// of the point, and keeps the rows of some objects at a time as a part. The name
// tells the parts from those of other rows.
func Rows(ctx context.Context, pt *curvature.Point, keep Part, name string, objects []int, columns int, progress func(done, total int), fill func(row []float64, o *Curvature) error) ([]float64, error) {
	all := make([]float64, 0, columns*len(objects))
	var done atomic.Int64
	for from := 0; from < len(objects); from += perPart {
		some := objects[from:min(from+perPart, len(objects))]
		b, err := keep(fmt.Sprintf("%s %d-%d", name, from, from+len(some)-1), func() ([]byte, error) {
			rows := make([]float64, columns*len(some))
			err := parallel.Try(ctx, pt.Workers, len(some), func(j int) error {
				if err := fill(rows[columns*j:columns*(j+1)], New(pt, some[j])); err != nil {
					return fmt.Errorf("object %d: %w", some[j], err)
				}
				progress(int(done.Add(1)), len(objects))
				return nil
			})
			return npy.Encode([]int{len(some), columns}, rows), err
		})
		if err != nil {
			return nil, err
		}
		done.Store(int64(from + len(some)))
		rows, _, err := npy.Read[float64](map[string][]byte{name: b}, name, len(some), columns)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}
