// Package trajectory is the stage that measures how the curvature of a network's
// mean loss changes while the network is trained: the norms of H, G and R and the
// uniform bounds of them, at weights taken on the way.
package trajectory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/object"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [mlp.Decode], and writes.
const (
	// Snapshots is in: .npy float32, snapshots × weights, layer by layer, out×in.
	Snapshots = "snapshots"
	// Trajectory is out: canonical JSON, artifact.Trajectory.
	Trajectory = "trajectory"
)

// tolerance is the relative error of each norm.
const tolerance = 1e-3

// Params decide the output, apart from the inputs.
type Params struct {
	SampleSize int   // k: the mean over the first k objects; 0 means all
	Snapshots  []int // epochs of the snapshots, ascending
	Epochs     []int // those of them that are measured, ascending
	Seed       int64 // of the starting vectors
}

// Run computes Trajectory.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if len(p.Epochs) == 0 || !slices.IsSorted(p.Epochs) {
		return nil, fmt.Errorf("epochs are %v: want ascending ones, at least one", p.Epochs)
	}
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	rows, err := npy.Rows[float32](t.Inputs, Snapshots, network.Parameters())
	if err != nil {
		return nil, err
	}
	if len(rows) != len(p.Snapshots) {
		return nil, fmt.Errorf("input %s has %d rows: want %d snapshots", Snapshots, len(rows), len(p.Snapshots))
	}
	r := artifact.Trajectory{Objects: data.Objects, Parameters: network.Parameters(), Points: []artifact.TrajectoryPoint{}}
	for i, epoch := range p.Epochs {
		at := slices.Index(p.Snapshots, epoch)
		if at < 0 {
			return nil, fmt.Errorf("no snapshot after epoch %d: there are those after %v", epoch, p.Snapshots)
		}
		part, err := t.Part(fmt.Sprintf("epoch %d", epoch), func() ([]byte, error) {
			x, err := p.at(ctx, network, data, rows[at], t.Workers)
			if err != nil {
				return nil, fmt.Errorf("after epoch %d: %w", epoch, err)
			}
			x.Epoch = epoch
			return artifact.Encode(*x)
		})
		if err != nil {
			return nil, err
		}
		x, err := artifact.Decode[artifact.TrajectoryPoint](part)
		if err != nil {
			return nil, err
		}
		r.Points = append(r.Points, x)
		t.Progress(i+1, len(p.Epochs))
	}
	text, err := artifact.Encode(r)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Trajectory: text}, nil
}

// at measures the network with other weights.
func (p Params) at(ctx context.Context, like *mlp.Network, data *mlp.Data, row []float32, workers int) (*artifact.TrajectoryPoint, error) {
	weights := make([][]float64, len(like.Weights))
	for i, w := range like.Weights {
		weights[i] = make([]float64, len(w))
		for j := range w {
			weights[i][j] = float64(row[j])
		}
		row = row[len(w):]
	}
	network, err := mlp.NewNetwork(like.Widths, weights)
	if err != nil {
		return nil, err
	}
	pt, err := curvature.NewPoint(ctx, network, data, workers)
	if err != nil {
		return nil, err
	}
	x := &artifact.TrajectoryPoint{Loss: pt.MeanLoss(data.Objects)}
	gradient, err := pt.Gradient(ctx, nil)
	if err != nil {
		return nil, err
	}
	x.GradientNorm = kernel.Norm64(gradient)
	traces, err := pt.LayerTraces(ctx)
	if err != nil {
		return nil, err
	}
	for _, trace := range traces {
		x.Trace += trace
	}
	h, err := pt.Range(ctx, curvature.Hessian, nil, tolerance, p.Seed)
	if err != nil {
		return nil, err
	}
	x.Hessian, x.Largest, x.Least, x.Residual = h.Norm(), h.Largest, h.Least, h.Residual
	for _, of := range []struct {
		term curvature.Term
		norm *float64
	}{{curvature.GaussNewton, &x.GaussNewton}, {curvature.HTerm, &x.HTerm}} {
		op, err := pt.Operator(of.term, nil)
		if err != nil {
			return nil, err
		}
		pair, err := op.Norm(ctx, tolerance, p.Seed)
		if err != nil {
			return nil, err
		}
		*of.norm, x.Residual = math.Abs(pair.Value), max(x.Residual, pair.Residual)
	}
	constants, err := object.NewConstants(pt)
	if err != nil {
		return nil, err
	}
	bounds := constants.Uniform()
	x.Theorem1, x.Lemma1, x.CorrectedGaussNewton, x.CorrectedHessian = bounds.Theorem1, bounds.Lemma1, bounds.GaussNewton, bounds.Hessian
	for _, v := range []float64{x.Hessian, x.GaussNewton, x.HTerm, x.Trace, x.GradientNorm} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("the curvature is not finite")
		}
	}
	return x, nil
}
