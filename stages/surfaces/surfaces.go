// Package surfaces is the stage that evaluates the mean losses L_k and L_{k+1}
// and their difference on lines and planes through a network's weights: along
// the top eigenvectors of the Hessian and along random directions.
package surfaces

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [curvature.Open], and writes.
const (
	Vectors = "vectors" // in: .npy float64, at least two eigenvectors, rows

	// Lines is out: .npy float64, 4 × 3 × Points: along two eigenvectors and
	// two random directions the values of L_k, L_{k+1} and L_{k+1} − L_k at
	// distances from −radius to radius, evenly spaced.
	Lines = "lines"
	// EigenPlane and RandomPlane are out: .npy float64, 3 × Side × Side: L_k,
	// L_{k+1} and L_{k+1} − L_k; row a and column b are the distances along
	// the second and the first direction.
	EigenPlane  = "eigen_plane"
	RandomPlane = "random_plane"
	// Summary is out: canonical JSON, artifact.SurfaceSummary, its directions
	// in the order of Lines.
	Summary = "summary"
)

// Params decide the surfaces, apart from the inputs.
type Params struct {
	SampleSize   int     // k; object k+1 must be there
	Points       int     // of a line, odd
	Side         int     // of a plane, odd; 0: no planes
	EigenRadius  float64 // half the length of lines along eigenvectors, in units of ‖θ‖
	RandomRadius float64 // along random directions, in units of ‖θ‖, the length of a filter-normalised direction
	Seed         int64
}

func (p Params) check() error {
	switch {
	case p.SampleSize < 1:
		return fmt.Errorf("sample size is %d: want at least 1", p.SampleSize)
	case p.Points < 1 || p.Points%2 == 0 || p.Side < 0 || p.Side > 0 && p.Side%2 == 0:
		return fmt.Errorf("%d points, side %d: want odd numbers, so that the centre is one", p.Points, p.Side)
	case !(p.EigenRadius > 0) || !(p.RandomRadius > 0) || math.IsInf(p.EigenRadius, 0) || math.IsInf(p.RandomRadius, 0):
		return fmt.Errorf("radii are %v and %v: want positive numbers", p.EigenRadius, p.RandomRadius)
	}
	return nil
}

// Run computes Lines, EigenPlane, RandomPlane and Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	pt, err := curvature.Open(ctx, t.Inputs, t.Workers, p.SampleSize+1)
	if err != nil {
		return nil, fmt.Errorf("for object %d, after the sample: %w", p.SampleSize+1, err)
	}
	directions, summary, err := directions(ctx, p, pt, t.Inputs)
	if err != nil {
		return nil, err
	}
	g := &grid{k: p.SampleSize, t: t, total: 4*p.Points + 2*p.Side*p.Side}
	var lines []float64
	for i, v := range directions {
		values, err := g.evaluate(ctx, pt, p.Points, 1, [][]float64{v}, []float64{summary.Directions[i].Radius})
		if err != nil {
			return nil, err
		}
		lines = append(lines, values...)
	}
	out := map[string][]byte{Lines: npy.Encode([]int{len(directions), 3, p.Points}, lines)}
	for i, name := range []string{EigenPlane, RandomPlane} {
		two := []float64{summary.Directions[2*i].Radius, summary.Directions[2*i+1].Radius}
		values, err := g.evaluate(ctx, pt, p.Side, p.Side, directions[2*i:2*i+2], two)
		if err != nil {
			return nil, err
		}
		out[name] = npy.Encode([]int{3, p.Side, p.Side}, values)
	}
	if out[Summary], err = artifact.Encode(summary); err != nil {
		return nil, err
	}
	return out, nil
}

// directions returns two eigenvectors and two random directions, all of unit
// length, and what the summary says of them.
func directions(ctx context.Context, p Params, pt *curvature.Point, inputs map[string][]byte) ([][]float64, artifact.SurfaceSummary, error) {
	n := pt.Network.Parameters()
	summary := artifact.SurfaceSummary{K: p.SampleSize, Parameters: n, Points: p.Points, Side: p.Side}
	vectors, err := npy.Rows[float64](inputs, Vectors, n)
	if err != nil {
		return nil, summary, err
	}
	if len(vectors) < 2 {
		return nil, summary, fmt.Errorf("input %s has %d rows: want at least two", Vectors, len(vectors))
	}
	list := [][]float64{slices.Clone(vectors[0]), slices.Clone(vectors[1])}
	theta := pt.Network.Flat()
	length := kernel.Norm64(theta)
	for i := range 2 {
		s := rng.New(p.Seed, "surfaces", "direction", uint64(i))
		v := make([]float64, n)
		for j := range v {
			v[j] = s.Normal()
		}
		if length > 0 {
			v = pt.FilterNormalised(v)
		}
		list = append(list, v)
	}
	if length == 0 { // weights that are all zero have no scale
		length = 1
	}
	for i, v := range list {
		norm := kernel.Normalise64(v)
		if norm == 0 || math.IsNaN(norm) || math.IsInf(norm, 0) {
			return nil, summary, fmt.Errorf("direction %d has length %v", i, norm)
		}
		d := artifact.SurfaceDirection{Kind: "eigenvector", Radius: float64(p.EigenRadius * length)}
		if i >= 2 {
			d = artifact.SurfaceDirection{Kind: "random", Radius: float64(p.RandomRadius * length)}
		}
		summary.Directions = append(summary.Directions, d)
	}
	op, err := pt.Operator(curvature.Hessian, curvature.Prefix(p.SampleSize, p.SampleSize))
	if err != nil {
		return nil, summary, err
	}
	for i, v := range list {
		image := make([]float64, n)
		if err := op.Apply(ctx, image, v, 1); err != nil {
			return nil, summary, err
		}
		summary.Directions[i].Curvature = kernel.Dot64(v, image)
	}
	return list, summary, nil
}

// grid counts evaluations for the progress.
type grid struct {
	k           int
	t           *task.Task
	done, total int
}

// evaluate returns L_k, L_{k+1} and their difference on a grid of columns
// distances along the first direction and rows along the second, if any.
func (g *grid) evaluate(ctx context.Context, pt *curvature.Point, columns, rows int, directions [][]float64, radius []float64) ([]float64, error) {
	size := rows * columns
	out := make([]float64, 3*size)
	if size == 0 {
		return out, nil
	}
	plane, err := pt.Plane(ctx, directions...)
	if err != nil {
		return nil, err
	}
	for a := range rows {
		for b := range columns {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			at := []float64{distance(b, columns, radius[0])}
			if len(directions) > 1 {
				at = append(at, distance(a, rows, radius[1]))
			}
			losses, err := plane.Losses(ctx, at...)
			if err != nil {
				return nil, err
			}
			mean := kernel.Sum64(losses[:g.k]) / float64(g.k)
			difference := (losses[g.k] - mean) / float64(g.k+1)
			if math.IsNaN(difference) || math.IsInf(difference, 0) {
				return nil, fmt.Errorf("the loss at distances %v: %w", at, eigen.ErrOverflow)
			}
			cell := a*columns + b
			out[cell], out[size+cell], out[2*size+cell] = mean, mean+difference, difference
			g.done++
			g.t.Progress(g.done, g.total)
		}
	}
	return out, nil
}

// distance of point i of n on a line from −radius to radius, exactly 0 in the
// middle.
func distance(i, n int, radius float64) float64 {
	if n == 1 {
		return 0
	}
	return float64(radius*float64(2*i-(n-1))) / float64(n-1)
}
