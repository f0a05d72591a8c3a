// Package losses is the stage that evaluates a trained network in float64: the
// loss of every object of the data set, and a summary over the training sample
// and over all objects.
package losses

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The names of what Run reads and writes.
const (
	Images  = "images"  // in: .npy, objects × values: uint8 pixels or float32 features
	Labels  = "labels"  // in: .npy, objects: uint8
	Weights = "weights" // in: safetensors, layers.0.weight, layers.1.weight, …, out×in
	Losses  = "losses"  // out: .npy float64, one loss for each object of the data set
	Summary = "summary" // out: canonical JSON, result.LossSummary
)

// Params is what the summary depends on apart from the inputs.
type Params struct {
	SampleSize int // the network was trained on the first SampleSize objects
}

// Run evaluates Weights on all objects of Images and returns Losses and
// Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	in, err := nn.DecodeInputs(t.Inputs[Images])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Images, err)
	}
	widths, weights, err := nn.DecodeWeights(t.Inputs[Weights])
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Weights, err)
	}
	labels, err := nn.DecodeLabels(t.Inputs[Labels], in.Objects, widths.Classes())
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", Labels, err)
	}
	if p.SampleSize < 1 || p.SampleSize > in.Objects {
		return nil, fmt.Errorf("sample size is %d: want 1 to %d, the objects of the data set", p.SampleSize, in.Objects)
	}
	e, err := nn.Evaluate(ctx, widths, weights, in, labels, t.Workers)
	if err != nil {
		return nil, err
	}
	summary, err := artifact.Encode(artifact.LossSummary{
		Sample: describe(e, p.SampleSize),
		All:    describe(e, in.Objects),
	})
	if err != nil {
		return nil, err
	}
	t.Progress(1, 1)
	return map[string][]byte{
		Losses:  npy.Encode([]int{in.Objects}, e.Losses),
		Summary: summary,
	}, nil
}
