// Package trajectory is the stage that measures how the curvature of a network's
// mean loss changes while the network is trained: the norms of H, G and R and the
// uniform bounds of them, at weights taken on the way.
package trajectory

import (
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads, besides the inputs of [mlp.Decode], and writes.
const (
	// Snapshots is in: .npy float32, snapshots × parameters in the order of
	// [mlp.Network].
	Snapshots = "snapshots"
	// Spectrum is in: canonical JSON, artifact.Spectrum of the network.
	Spectrum = "spectrum"
	// Trajectory is out: canonical JSON, artifact.Trajectory.
	Trajectory = "trajectory"
)

// Params decide the output, apart from the inputs.
type Params struct {
	SampleSize int   // k: the mean over the first k objects; 0 means all
	Snapshots  []int // epochs of the snapshots, ascending
	Epochs     []int // those of them that are measured, ascending
	Seed       int64 // of the starting vectors
}

// Run computes Trajectory.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	network, data, err := mlp.Decode(t.Inputs, p.SampleSize)
	if err != nil {
		return nil, err
	}
	rows, err := snapshotRows(t.Inputs, p.Snapshots, p.Epochs, network.Parameters())
	if err != nil {
		return nil, err
	}
	spectrum, err := artifact.Read[artifact.Spectrum](t.Inputs, Spectrum)
	if err != nil {
		return nil, err
	}
	if spectrum.Objects != data.Objects || spectrum.Parameters != network.Parameters() || len(spectrum.Hessian.Top) == 0 || len(spectrum.Hessian.Bottom) == 0 {
		return nil, fmt.Errorf("input %s has %d and %d values of H over %d objects and %d weights: want both ends, over %d objects and %d weights", Spectrum,
			len(spectrum.Hessian.Top), len(spectrum.Hessian.Bottom), spectrum.Objects, spectrum.Parameters, data.Objects, network.Parameters())
	}
	m := &measuring{network: network, data: data, spectrum: spectrum, seed: p.Seed, workers: t.Workers}
	before := &part{}
	r := artifact.Trajectory{Objects: data.Objects, Parameters: network.Parameters(), Points: []artifact.TrajectoryPoint{}}
	for i, epoch := range p.Epochs {
		b, err := t.Part(fmt.Sprintf("epoch %d", epoch), func() ([]byte, error) {
			x, err := m.at(ctx, rows[i], before)
			if err != nil {
				return nil, fmt.Errorf("after epoch %d: %w", epoch, err)
			}
			x.point.Epoch = epoch
			return x.encode()
		})
		if err != nil {
			return nil, err
		}
		x, err := decode(b)
		if err != nil {
			return nil, err
		}
		before = x
		r.Points = append(r.Points, x.point)
		t.Progress(i+1, len(p.Epochs))
	}
	text, err := artifact.Encode(r)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{Trajectory: text}, nil
}

// snapshotRows returns the weights after each of the epochs.
func snapshotRows(inputs map[string][]byte, snapshots, epochs []int, parameters int) ([][]float32, error) {
	if len(epochs) == 0 || !slices.IsSorted(epochs) {
		return nil, fmt.Errorf("epochs are %v: want ascending ones, at least one", epochs)
	}
	rows, err := npy.Rows[float32](inputs, Snapshots, parameters)
	if err != nil {
		return nil, err
	}
	if len(rows) != len(snapshots) {
		return nil, fmt.Errorf("input %s has %d rows: want %d snapshots", Snapshots, len(rows), len(snapshots))
	}
	var list [][]float32
	for _, epoch := range epochs {
		at := slices.Index(snapshots, epoch)
		if at < 0 {
			return nil, fmt.Errorf("no snapshot after epoch %d: there are those after %v", epoch, snapshots)
		}
		list = append(list, rows[at])
	}
	return list, nil
}
