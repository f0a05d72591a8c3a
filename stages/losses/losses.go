// Package losses is the stage that evaluates a trained network in float64: the
// loss of every object of the data set, and a summary over the training sample
// and over all objects.
package losses

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The outputs. The inputs are those of [mlp.Decode].
const (
	Losses  = "losses"  // .npy float64, one loss for each object of the data set
	Summary = "summary" // canonical JSON, artifact.LossSummary
)

// Params is what the summary depends on apart from the inputs.
type Params struct {
	SampleSize int // the network was trained on the first SampleSize objects

	// From is the first object that is evaluated, above 0 only where those before it
	// were trained on and those from it on are held out: then the sample is these.
	From int `json:",omitempty"`
}

// Run evaluates the network on all objects and returns Losses and Summary.
func Run(ctx context.Context, p Params, t *task.Task) (map[string][]byte, error) {
	network, data, err := mlp.Decode(t.Inputs, 0)
	if err != nil {
		return nil, err
	}
	if p.From > 0 && p.From < data.Objects {
		if data, err = data.From(p.From); err != nil {
			return nil, err
		}
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

// describe returns the statistics of the first n objects.
func describe(e *nn.Evaluation, n int) artifact.LossStatistics {
	losses := e.Losses[:n]
	mean := e.MeanLoss(n) // exact where all losses are equal, so that a collapsed network has a MAD of exactly 0
	squares, deviations := make([]float64, n), make([]float64, n)
	top := losses[0]
	for i, l := range losses {
		d := l - mean
		squares[i], deviations[i] = d*d, math.Abs(d)
		top = max(top, l)
	}
	s := artifact.LossStatistics{
		Objects:      n,
		Mean:         mean,
		MAD:          kernel.Sum64(deviations) / float64(n),
		Max:          top,
		Accuracy:     e.Accuracy(n),
		DeadFraction: share(e.Dead[:n]),
	}
	if n > 1 {
		s.Std = math.Sqrt(kernel.Sum64(squares) / float64(n-1))
	}
	return s
}

// share returns the fraction of b that is true.
func share(b []bool) float64 {
	n := 0
	for _, v := range b {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(b))
}
