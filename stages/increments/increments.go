// Package increments is the stage that measures, at fixed weights, what one
// more object does to the mean loss and to its curvature.
package increments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [mlp.Decode], and writes.
const (
	// Increments is out: canonical JSON, artifact.IncrementSummary.
	Increments = "increments"
	// Table is out: .npy float64, sizes × 10: k, ‖∇²ℓ_{k+1} − H^(k)‖₂,
	// |L_{k+1} − L_k|, ‖H^(k)‖₂, ‖G^(k)‖₂, ‖∇²ℓ_{k+1}‖₂, of the principal angles
	// between the top eigenspaces of H^(k) and H^(k+1) the largest sine and the
	// root of the sum of all squared sines, and the median and the largest of
	// ‖H_i − H^(k)‖₂ over the other objects.
	Table = "table"
)

// Params decide the outputs, apart from the inputs.
type Params struct {
	Sizes     []int   // k, ascending, each from 1 to below the number of objects
	Rotation  int     // dimension of the eigenspaces compared; 0: none
	Others    int     // number of later objects, evenly spread, for which ‖H_i − H^(k)‖ is measured too; 0: none
	Tolerance float64 // relative error of the norms
	Seed      int64
}

// Run computes Increments and Table.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if len(p.Sizes) == 0 || !slices.IsSorted(p.Sizes) || p.Sizes[0] < 1 || p.Rotation < 0 || p.Others < 0 || !(p.Tolerance > 0 && p.Tolerance < 1) {
		return nil, fmt.Errorf("sizes %v, rotation %d, %d others, tolerance %v: want ascending sizes from 1, at least 0, at least 0, and between 0 and 1",
			p.Sizes, p.Rotation, p.Others, p.Tolerance)
	}
	largest := p.Sizes[len(p.Sizes)-1]
	network, all, err := mlp.Decode(t.Inputs, 0)
	if err != nil {
		return nil, err
	}
	if largest >= all.Objects {
		return nil, fmt.Errorf("increment after %d objects of %d: there is none", largest, all.Objects)
	}
	data, err := all.First(largest + 1)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, k := range p.Sizes {
		total += k
	}
	summary := artifact.IncrementSummary{Parameters: network.Parameters(), Increments: []artifact.Increment{}}
	var table []float64
	done := 0
	for _, k := range p.Sizes {
		b, err := t.Part(fmt.Sprintf("increment after %d", k), func() ([]byte, error) {
			x, err := at(ctx, p, pt, k)
			if err != nil {
				return nil, fmt.Errorf("increment after %d objects: %w", k, err)
			}
			if x.Others, err = others(ctx, p, network, all, k, t.Workers); err != nil {
				return nil, fmt.Errorf("other objects after %d: %w", k, err)
			}
			x.Summarise()
			return artifact.Encode(x)
		})
		if err != nil {
			return nil, err
		}
		x, err := artifact.Decode[artifact.Increment](b)
		if err != nil {
			return nil, err
		}
		summary.Increments = append(summary.Increments, x)
		table = append(table, float64(k), x.HessianNorm, x.AbsLoss, x.SampleHessian, x.SampleGN, x.ObjectHessian, x.LargestSine, x.FrobeniusSine, x.OthersMedian, x.OthersMax)
		done += k
		t.Progress(done, total)
	}
	text, err := artifact.Encode(summary)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Increments: text, Table: npy.Encode([]int{len(p.Sizes), 10}, table)}, nil
}

// at measures the step from k to k+1 objects. The increment of the Hessian is
// one operator, and that of the loss one difference over k+1: subtracting two
// means would lose all digits.
func at(ctx context.Context, p Params, pt *curvature.Point, k int) (artifact.Increment, error) {
	x := artifact.Increment{K: k, AbsLoss: math.Abs(pt.Losses[k]-pt.MeanLoss(k)) / float64(k+1)}
	op, err := pt.Operator(curvature.Hessian, curvature.Increment(k))
	if err != nil {
		return x, err
	}
	pair, err := op.Norm(ctx, p.Tolerance, p.Seed)
	if err != nil {
		return x, err
	}
	x.HessianNorm, x.Residual = math.Abs(pair.Value), pair.Residual
	least, largest, err := object.New(pt, k).Hessian(ctx)
	if err != nil {
		return x, err
	}
	x.ObjectHessian = max(largest, -least)
	gn, err := pt.Operator(curvature.GaussNewton, curvature.Prefix(k, k))
	if err != nil {
		return x, err
	}
	if pair, err = gn.Norm(ctx, p.Tolerance, p.Seed); err != nil {
		return x, err
	}
	x.SampleGN = pair.Value
	h, err := pt.Operator(curvature.Hessian, curvature.Prefix(k, k))
	if err != nil {
		return x, err
	}
	if pair, err = h.Norm(ctx, p.Tolerance, p.Seed); err != nil {
		return x, err
	}
	x.SampleHessian = math.Abs(pair.Value)
	if p.Rotation == 0 {
		return x, nil
	}
	return x, rotation(ctx, p, pt, k, &x)
}

// others measures ‖H_i − H^(k)‖₂ for objects i after object k+1, which is the
// increment's own.
func others(ctx context.Context, p Params, network *mlp.Network, all *mlp.Data, k, workers int) ([]artifact.OtherObject, error) {
	list := []artifact.OtherObject{}
	left := all.Objects - k - 1
	if p.Others == 0 || left == 0 {
		return list, nil
	}
	chosen := object.Spread(left, p.Others)
	objects := object.Spread(k, k)
	for _, i := range chosen {
		objects = append(objects, k+1+i)
	}
	data, err := all.Subset(objects)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, workers)
	if err != nil {
		return nil, err
	}
	for j := range chosen {
		c := make([]float64, k+j+1)
		copy(c, curvature.Increment(k)[:k])
		c[k+j] = 1
		op, err := pt.Operator(curvature.Hessian, c)
		if err != nil {
			return nil, err
		}
		pair, err := op.Norm(ctx, p.Tolerance, p.Seed)
		if err != nil {
			return nil, err
		}
		list = append(list, artifact.OtherObject{Object: objects[k+j], HessianNorm: math.Abs(pair.Value), Residual: pair.Residual})
	}
	return list, nil
}

// rotation compares the top eigenspaces of H^(k) and H^(k+1). The angles are as
// exact as the vectors, so the values are wanted to the last digits.
func rotation(ctx context.Context, p Params, pt *curvature.Point, k int, x *artifact.Increment) error {
	var spaces [2]*curvature.Eigenspace
	x.EigenspaceDim = min(p.Rotation, pt.Network.Parameters()-2)
	for i := range spaces {
		h, err := pt.Operator(curvature.Hessian, curvature.Prefix(k+i, k+i))
		if err != nil {
			return err
		}
		if spaces[i], err = h.TopEigenspace(ctx, x.EigenspaceDim, 1e-12, p.Seed); err != nil {
			return err
		}
	}
	x.EigenspaceError = min(spaces[0].Error+spaces[1].Error, 1)
	sines, err := curvature.Sines(spaces[0].Vectors, spaces[1].Vectors)
	if err != nil {
		return err
	}
	sum := 0.0
	for _, s := range sines {
		sum += float64(s * s)
	}
	x.LargestSine, x.FrobeniusSine = sines[len(sines)-1], math.Sqrt(sum)
	return nil
}
