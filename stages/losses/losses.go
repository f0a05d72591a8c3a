// Package losses is the stage that evaluates a trained network in float64: the
// loss of every object of the data set, and a summary over the training sample
// and over all objects.
package losses

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads and writes.
const (
	Images  = mlp.Images  // in: .npy, objects × values
	Labels  = mlp.Labels  // in: .npy, objects
	Weights = mlp.Weights // in: safetensors
	Losses  = "losses"    // out: .npy float64, one loss for each object of the data set
	Summary = "summary"   // out: canonical JSON, result.LossSummary
)

// Params is what the summary depends on apart from the inputs.
type Params struct {
	SampleSize int // the network was trained on the first SampleSize objects
}

// Run evaluates Weights on all objects of Images and returns Losses and
// Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	network, data, err := mlp.Decode(t.Inputs, 0)
	if err != nil {
		return nil, err
	}
	if p.SampleSize < 1 || p.SampleSize > data.Objects {
		return nil, fmt.Errorf("sample size is %d: want 1 to %d, the objects of the data set", p.SampleSize, data.Objects)
	}
	e, err := nn.Evaluate(ctx, network, data, t.Workers)
	if err != nil {
		return nil, err
	}
	summary, err := artifact.Encode(artifact.LossSummary{
		Sample: describe(e, p.SampleSize),
		All:    describe(e, data.Objects),
	})
	if err != nil {
		return nil, err
	}
	t.Progress(1, 1)
	return map[string][]byte{
		Losses:  npy.Encode([]int{data.Objects}, e.Losses),
		Summary: summary,
	}, nil
}
