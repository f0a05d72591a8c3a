package nn

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// TestSGD compares steps of SGD with the same steps in float64, by the reference's
// gradients.
func TestSGD(t *testing.T) {
	g, w := readGoldenAdam(t)
	for _, momentum := range []float64{0, 0.9} {
		r := newReference(g, w, 1)
		var initial [][]float32
		for _, m := range r.weights {
			initial = append(initial, convert[float32](m))
		}
		trainer, err := NewTrainer(w, initial, nil, g.data(t), g.BatchSize, SGD{LearningRate: 1, Momentum: momentum})
		if err != nil {
			t.Fatal(err)
		}
		velocity, moved := make([]float64, w.Parameters()), 0.0
		for _, order := range g.EpochOrders {
			for from := 0; from < len(order); from += g.BatchSize {
				rows := order[from:min(from+g.BatchSize, len(order))]
				trainer.step(rows)
				r.backward(rows)
				for p, gradient := range r.gradient {
					for i, d := range gradient {
						at := w.Offset(p) + i
						velocity[at] = momentum*velocity[at] + d
						r.weights[p][i] -= velocity[at]
						moved = max(moved, math.Abs(velocity[at]))
					}
				}
			}
		}
		got, want := slices.Concat(trainer.Weights()...), slices.Concat(r.weights...)
		for i, v := range got {
			if d := math.Abs(float64(v) - want[i]); !(d <= 1e-4) {
				t.Fatalf("momentum %v, weight %d: %v, want %v", momentum, i, v, want[i])
			}
		}
		if moved < 1e-3 {
			t.Errorf("the largest step is %v: the test shows nothing", moved)
		}
	}
}

// TestGradientNorm compares the norm over several batches with the reference's
// gradient of the whole sample.
func TestGradientNorm(t *testing.T) {
	g, w := readGoldenAdam(t)
	r, trainer := newReference(g, w, 3), goldenTrainer(t, g, w, 3)
	rows := make([]int32, len(g.Labels)-1) // the last batch is smaller
	for i := range rows {
		rows[i] = int32(i)
	}
	r.backward(rows)
	squares := 0.0
	for _, v := range slices.Concat(r.gradient...) {
		squares += v * v
	}
	before := slices.Concat(trainer.Weights()...)
	got, err := trainer.GradientNorm(t.Context(), len(rows))
	if want := math.Sqrt(squares); err != nil || math.Abs(got-want) > 1e-6*want {
		t.Errorf("norm %v, error %v, want %v", got, err, want)
	}
	if !slices.Equal(before, slices.Concat(trainer.Weights()...)) {
		t.Error("measuring the gradient moved the weights")
	}
}

// TestTrainEnds: done ends a training, or makes it fail.
func TestTrainEnds(t *testing.T) {
	w := mlp.PaperWidths(20, 4, 1, 10)
	d := pixels(t, 100, 20, 0.5)
	failure := errors.New("failure")
	for _, c := range []struct{ give, want error }{{ErrEnough, nil}, {failure, failure}} {
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), nil, d, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		epochs := 0
		history, err := trainer.Train(context.Background(), 100, Length{Epochs: 10}, testStream, false, func(epoch int, _ float64) error {
			if epochs = epoch; epoch == 3 {
				return c.give
			}
			return nil
		})
		if err != c.want || epochs != 3 || c.want == nil && len(history) != 3 {
			t.Errorf("%v: error %v after %d epochs, history of %d", c.give, err, epochs, len(history))
		}
	}
}
