package train

import (
	"context"
	"fmt"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// End is what RunUntil writes besides Weights and History: canonical JSON,
// artifact.TrainingEnd.
const End = "end"

// UntilParams are a training and the goal at which it ends. One of Loss and
// Gradient is above 0.
type UntilParams struct {
	Training Params // Epochs are the limit, one or more; there are no Steps

	Loss     float64 `json:",omitempty"` // mean cross-entropy of the sample, nats
	Gradient float64 `json:",omitempty"` // Euclidean norm of its gradient by all weights
}

// guess is the share of log(classes), the loss of a guess, that the loss may be where a
// small gradient ends a training. Deep networks have a small gradient at their initial
// weights, too, on a plateau where all objects get the same logits.
const guess = 0.5

// RunUntil trains as Run does, but only until the goal is reached: it looks after
// each epoch whether the number over the whole sample is at most the goal. A
// training that takes Training.Epochs without reaching it keeps its last weights,
// and End says so. The loss is evaluated in float64 as the stage losses does, with
// the same bits; the gradient is [nn.Trainer.GradientNorm], and it counts only where the
// loss is at most half that of a guess.
func RunUntil(ctx context.Context, p UntilParams, t *task.Task) (map[string][]byte, error) {
	of := p.Training
	if err := of.check(); err != nil {
		return nil, err
	}
	if of.Steps != 0 || of.Epochs < 1 {
		return nil, fmt.Errorf("a training until a goal has %d steps and at most %d epochs: want 0 steps and 1 epoch or more", of.Steps, of.Epochs)
	}
	for _, goal := range []float64{p.Loss, p.Gradient} {
		if !(goal >= 0) || math.IsInf(goal, 0) || (p.Loss > 0) == (p.Gradient > 0) {
			return nil, fmt.Errorf("a training until the loss is %v or the gradient %v: want one of them above 0 and the other 0", p.Loss, p.Gradient)
		}
	}
	s, err := of.read(t)
	if err != nil {
		return nil, err
	}
	var final *nn.Trainer
	var end artifact.TrainingEnd
	history, err := s.train(ctx, nn.Length{Epochs: of.Epochs}, t, func(epoch int, trainer *nn.Trainer) (err error) {
		final, end.Epochs = trainer, epoch
		if epoch == 0 {
			return nil
		}
		if p.Loss > 0 {
			if end.Loss, err = s.loss(ctx, trainer, t.Workers); err != nil {
				return err
			}
			end.Reached = end.Loss <= p.Loss
		} else {
			if end.GradientNorm, err = trainer.GradientNorm(ctx, s.SampleSize); err != nil {
				return err
			}
			if end.GradientNorm <= p.Gradient {
				if end.Loss, err = s.loss(ctx, trainer, t.Workers); err != nil {
					return err
				}
				end.Reached = end.Loss <= float64(guess*detmath.Log(float64(of.Classes)))
			}
		}
		if end.Reached {
			return nn.ErrEnough
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The number that did not decide is measured once.
	if p.Loss > 0 {
		end.GradientNorm, err = final.GradientNorm(ctx, s.SampleSize)
	} else if !end.Reached {
		end.Loss, err = s.loss(ctx, final, t.Workers)
	}
	if err != nil {
		return nil, err
	}
	outputs, err := s.outputs(final, history)
	if err != nil {
		return nil, err
	}
	outputs[End], err = artifact.Encode(end)
	return outputs, err
}

// loss is the mean loss of the sample at the trainer's weights, in float64.
func (s *session) loss(ctx context.Context, trainer *nn.Trainer, workers int) (float64, error) {
	network, err := trainer.Network()
	if err != nil {
		return 0, err
	}
	e, err := nn.Evaluate(ctx, network, s.data, workers)
	if err != nil {
		return 0, err
	}
	return e.MeanLoss(s.SampleSize), nil
}
