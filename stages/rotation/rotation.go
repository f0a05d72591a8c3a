// Package rotation is the stage that measures how the top eigenspace of the
// Hessian of a network's mean loss turns while the network is trained: the
// principal angles between the spaces at weights taken on the way.
package rotation

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [mlp.Decode], and writes.
const (
	// Snapshots is in: .npy float32, snapshots × parameters in the order of
	// [mlp.Network].
	Snapshots = "snapshots"
	// Rotation is out: canonical JSON, artifact.Rotation.
	Rotation = "rotation"
)

// Params decide the output, apart from the inputs.
type Params struct {
	SampleSize int     // k: the mean over the first k objects; 0 means all
	Epochs     []int   // of the snapshots, ascending
	Dimension  int     // D of the eigenspaces
	Tolerance  float64 // relative error of each eigenvalue
	Seed       int64   // of the starting vectors
}

// Run computes Rotation.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	if p.Dimension < 1 || !(p.Tolerance > 0 && p.Tolerance < 1) {
		return nil, fmt.Errorf("dimension %d, tolerance %v: want at least 1, and between 0 and 1", p.Dimension, p.Tolerance)
	}
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	rows, err := npy.Rows[float32](t.Inputs, Snapshots, network.Parameters())
	if err != nil {
		return nil, err
	}
	if len(rows) != len(p.Epochs) || len(rows) == 0 {
		return nil, fmt.Errorf("input %s has %d rows: want %d snapshots, at least one", Snapshots, len(rows), len(p.Epochs))
	}
	r := artifact.Rotation{
		Objects: data.Objects, Parameters: network.Parameters(), Dimension: min(p.Dimension, network.Parameters()-1), Pairs: []artifact.RotationPair{},
	}
	r.Chance = float64(r.Dimension) / float64(r.Parameters)
	var spaces []*curvature.Eigenspace
	for i, epoch := range p.Epochs {
		of, err := network.With(rows[i])
		if err != nil {
			return nil, fmt.Errorf("input %s, epoch %d: %w", Snapshots, epoch, err)
		}
		pt, err := curvature.NewPoint(ctx, of, data, t.Workers)
		if err != nil {
			return nil, err
		}
		op, err := pt.Operator(curvature.Hessian, nil)
		if err != nil {
			return nil, err
		}
		space, err := op.TopEigenspace(ctx, r.Dimension, p.Tolerance, p.Seed)
		if err != nil {
			return nil, fmt.Errorf("after epoch %d: %w", epoch, err)
		}
		r.Snapshots = append(r.Snapshots, artifact.RotationSnapshot{Epoch: epoch, Loss: pt.MeanLoss(data.Objects), Values: space.Values, Error: space.Error})
		spaces = append(spaces, space)
		t.Progress(i+1, len(p.Epochs))
	}
	last := len(spaces) - 1
	for i := range spaces {
		for j := range i {
			if j != 0 && j != i-1 && i != last {
				continue
			}
			pair, err := compare(spaces[j], spaces[i])
			if err != nil {
				return nil, err
			}
			pair.From, pair.To = p.Epochs[j], p.Epochs[i]
			r.Pairs = append(r.Pairs, pair)
		}
	}
	text, err := artifact.Encode(r)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Rotation: text}, nil
}

// compare measures the principal angles between two spaces.
func compare(a, b *curvature.Eigenspace) (artifact.RotationPair, error) {
	sines, err := curvature.Sines(a.Vectors, b.Vectors)
	if err != nil {
		return artifact.RotationPair{}, err
	}
	sum := 0.0
	for _, s := range sines {
		sum += float64(s * s)
	}
	return artifact.RotationPair{
		Overlap: max(1-sum/float64(len(sines)), 0), LargestSine: sines[len(sines)-1], FrobeniusSine: math.Sqrt(sum),
		Error: min(a.Error+b.Error, 1),
	}, nil
}
