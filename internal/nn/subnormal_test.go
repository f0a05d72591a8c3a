package nn

import (
	"testing"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// collapsing is a training of four neurons in each of eleven hidden layers that
// all but stops: after some steps one layer is 0 for every object.
func collapsing(t testing.TB) (*Trainer, []int32) {
	const objects = 640
	w := mlp.PaperWidths(100, 4, 10, 10)
	initial := InitialWeights(w, func(p int) *rng.Stream { return rng.New(2, "test", "init", uint64(p)) })
	trainer, err := NewTrainer(w, initial, nil, pixels(t, objects, 100, 0.8), 64, Adam{3e-3, 0.9, 0.999, 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	order := make([]int32, objects)
	rng.Permutation(testStream(9), order)
	return trainer, order
}

// TestTrainingHasNoSubnormals looks at every number of every step of a training
// that collapses. Without a gradient the moments decay for ever, and on some
// processors an operation on a subnormal number takes about 150 cycles.
func TestTrainingHasNoSubnormals(t *testing.T) {
	trainer, order := collapsing(t)
	for step := range 1500 {
		from := step * 64 % len(order)
		trainer.step(order[from : from+64])
		numbers := append([][]float32{trainer.weights, trainer.moment1, trainer.moment2, trainer.gradient, trainer.delta[0], trainer.delta[1]}, trainer.x[1:]...)
		for i, s := range numbers {
			for _, v := range s {
				if v != 0 && -0x1p-126 < v && v < 0x1p-126 {
					t.Fatalf("step %d: slice %d of weights, moments, gradient, deltas and layers has %x", step, i, v)
				}
			}
		}
	}
	dead := 0
	for i, v := range trainer.moment2 {
		if v != 0 && trainer.moment1[i] == 0 {
			dead++
		}
	}
	if share := float64(dead) / float64(len(trainer.moment2)); share < 0.5 {
		t.Errorf("the training has not collapsed: %.2f of the first moments have become 0", share)
	}
}

// BenchmarkCollapsing reports the time of a step at the end of such a training as
// a multiple of that at its beginning.
func BenchmarkCollapsing(b *testing.B) {
	const steps, part = 2000, 200
	var first, last time.Duration
	for b.Loop() {
		trainer, order := collapsing(b)
		from := time.Now()
		for step := range steps {
			switch step {
			case part:
				first += time.Since(from)
			case steps - part:
				from = time.Now()
			}
			at := step * 64 % len(order)
			trainer.step(order[at : at+64])
		}
		last += time.Since(from)
	}
	b.ReportMetric(float64(last)/float64(first), "last/first")
}
