package train

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// What RunHeldOut reads besides the inputs of Run, and what it writes.
const (
	HeldOutImages = "held_out_images" // in: objects that no training sees, as mlp.Images
	HeldOutLabels = "held_out_labels" // in: their classes

	// HeldOutCurve is artifact.HeldOutCurve, a column for each evaluated update.
	HeldOutCurve = "curve"
)

// HeldOutParams are a training and the objects that watch it.
type HeldOutParams struct {
	Training Params
	Objects  int // the first of the held-out objects
	From     int `json:",omitempty"` // objects before them in the held-out inputs, which are left out
	Every    int // updates from one evaluation to the next; the last update is always evaluated
}

// RunHeldOut repeats the training that Run does and evaluates the weights on the
// held-out objects, in float64, after every so many updates. It is an action of its
// own, so that watching a training does not change what follows from it.
func RunHeldOut(ctx context.Context, p HeldOutParams, t *task.Task) (map[string][]byte, error) {
	of := p.Training
	if err := of.check(); err != nil {
		return nil, err
	}
	if p.Objects < 1 || p.Every < 1 {
		return nil, fmt.Errorf("%d held-out objects, evaluated every %d updates: want at least 1 of each", p.Objects, p.Every)
	}
	s, err := of.read(t)
	if err != nil {
		return nil, err
	}
	held, err := mlp.DecodeData(map[string][]byte{mlp.Images: t.Inputs[HeldOutImages], mlp.Labels: t.Inputs[HeldOutLabels]}, p.From+p.Objects, of.Classes)
	if err == nil && p.From > 0 {
		held, err = held.From(p.From)
	}
	if err != nil {
		return nil, fmt.Errorf("held-out objects: %w", err)
	}
	var curve artifact.HeldOutCurve
	perEpoch := of.stepsPerEpoch()
	evaluate := func(trainer *nn.Trainer, update int) error {
		network, err := trainer.Network()
		if err != nil {
			return err
		}
		e, err := nn.Evaluate(ctx, network, held, t.Workers)
		if err != nil {
			return err
		}
		seen := update/perEpoch*of.SampleSize + min(update%perEpoch*of.BatchSize, of.SampleSize)
		curve.Updates, curve.Seen = append(curve.Updates, float64(update)), append(curve.Seen, float64(seen))
		curve.Accuracy, curve.Loss = append(curve.Accuracy, e.Accuracy(p.Objects)), append(curve.Loss, e.MeanLoss(p.Objects))
		return nil
	}
	last := 0
	var final *nn.Trainer
	length := nn.Length{Epochs: of.Epochs, Steps: of.Steps}
	if _, err := s.train(ctx, length, t, func(epoch int, trainer *nn.Trainer) error {
		if epoch > 0 {
			return nil
		}
		final, curve = trainer, artifact.HeldOutCurve{} // a training that diverged begins again
		trainer.AfterUpdate = func(update int) error {
			if last = update; update%p.Every != 0 {
				return nil
			}
			return evaluate(trainer, update)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if last%p.Every != 0 || len(curve.Updates) == 0 {
		if err := evaluate(final, last); err != nil {
			return nil, err
		}
	}
	return map[string][]byte{HeldOutCurve: curve.Encode()}, nil
}
