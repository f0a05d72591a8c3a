package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// Snapshots is what RunSnapshots writes: .npy float32, snapshots × parameters, layer
// by layer, each matrix out×in and then its biases: the order of [mlp.Network].
const Snapshots = "snapshots"

// SnapshotParams are a training and the epochs after which its weights are
// wanted.
type SnapshotParams struct {
	Training Params
	Epochs   []int // ascending; 0 is before the first step
}

// RunSnapshots repeats the training that Run does, up to the last of the
// epochs, and returns the weights after each. It is an action of its own, so
// that asking for snapshots does not change the training or what follows from
// it; the weights after the last epoch are those of Run, bit for bit.
func RunSnapshots(ctx context.Context, p SnapshotParams, t *task.Task) (map[string][]byte, error) {
	of := p.Training
	if err := of.check(); err != nil {
		return nil, err
	}
	length := nn.Length{Epochs: of.Epochs, Steps: of.Steps}
	last := length.EpochsOf(of.stepsPerEpoch())
	if len(p.Epochs) == 0 || !slices.IsSorted(p.Epochs) || p.Epochs[0] < 0 || p.Epochs[len(p.Epochs)-1] > last {
		return nil, fmt.Errorf("snapshots after the epochs %v: want ascending ones from 0 to %d, the end of the training", p.Epochs, last)
	}
	if end := p.Epochs[len(p.Epochs)-1]; end < last {
		length = nn.Length{Epochs: end}
	}
	s, err := of.read(t)
	if err != nil {
		return nil, err
	}
	var rows []float32
	if _, err := s.train(ctx, length, t, func(epoch int, trainer *nn.Trainer) error {
		if slices.Contains(p.Epochs, epoch) {
			rows = append(rows, trainer.Flat()...)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return map[string][]byte{Snapshots: npy.Encode([]int{len(p.Epochs), len(rows) / len(p.Epochs)}, rows)}, nil
}
