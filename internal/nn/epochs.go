package nn

import (
	"context"
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// ctxEvery is how many steps pass between two looks at the context.
const ctxEvery = 32

// Train runs epochs over objects 0 … objects−1, each in a new random order
// drawn from order(epoch), in steps of the trainer's batch; the last step of an
// epoch takes what is left. It returns the mean loss of each epoch, every
// object's taken just before the step that used it. done is called after each
// epoch. If check is set, the weights are examined after each step, else after
// each epoch; a weight that is no finite number is a *DivergedError.
func (t *Trainer[T]) Train(ctx context.Context, objects, epochs int, order func(epoch int) *rng.Stream, check bool, done func(epoch int)) ([]float64, error) {
	history := make([]float64, epochs)
	rows := make([]int32, objects)
	for epoch := range epochs {
		rng.Permutation(order(epoch), rows)
		total, step := 0.0, 0
		for from := 0; from < objects; from += t.batch {
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
		history[epoch] = total / float64(objects)
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
