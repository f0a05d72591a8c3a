package nn

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// ctxEvery is how many steps pass between two looks at the context.
const ctxEvery = 32

// Length is how long a training lasts: a number of epochs, or of steps where
// Steps is not 0. The last epoch of a number of steps may be cut short.
type Length struct{ Epochs, Steps int }

// EpochsOf returns the number of epochs that are begun, with so many steps in
// a whole one.
func (l Length) EpochsOf(stepsPerEpoch int) int {
	if l.Steps == 0 {
		return l.Epochs
	}
	return (l.Steps-1)/stepsPerEpoch + 1
}

// Train runs epochs over objects 0 … objects−1, each in a new random order
// drawn from order(epoch), in steps of the trainer's batch; the last step of an
// epoch takes what is left. It returns the mean loss of each epoch, every
// object's taken just before the step that used it, over the objects that were
// used. done is called after each epoch. If check is set, the weights are
// examined after each step, else after each epoch; a weight that is no finite
// number is a *DivergedError.
func (t *Trainer[T]) Train(ctx context.Context, objects int, length Length, order func(epoch int) *rng.Stream, check bool, done func(epoch int)) ([]float64, error) {
	perEpoch := (objects-1)/t.batch + 1
	history := make([]float64, length.EpochsOf(perEpoch))
	rows := make([]int32, objects)
	for epoch := range history {
		rng.Permutation(order(epoch), rows)
		end := objects
		if length.Steps > 0 {
			end = min(objects, (length.Steps-epoch*perEpoch)*t.batch)
		}
		total, step := 0.0, 0
		for from := 0; from < end; from += t.batch {
			if step%ctxEvery == 0 && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			total += t.Step(rows[from:min(from+t.batch, objects)])
			step++
			if check && !t.Finite() {
				return nil, &DivergedError{Epoch: epoch + 1, Step: step}
			}
		}
		if !t.Finite() {
			return nil, &DivergedError{Epoch: epoch + 1}
		}
		history[epoch] = total / float64(end)
		done(epoch + 1)
	}
	return history, nil
}

// DivergedError says where a weight became infinite or no number. Epoch and
// Step count from 1; Step is 0 where only the epoch is known.
type DivergedError struct{ Epoch, Step int }

func (e *DivergedError) Error() string {
	where := fmt.Sprintf("epoch %d", e.Epoch)
	if e.Step > 0 {
		where += fmt.Sprintf(", step %d", e.Step)
	}
	return "training diverged in " + where + ": a weight is infinite or no number; lower the learning rate"
}
