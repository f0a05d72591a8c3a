package nn

import (
	"math"
	"slices"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// goldenBiases are biases for the golden network, as large as its weights times scale.
func goldenBiases(w mlp.Widths, scale float64) [][]float64 {
	var biases [][]float64
	for _, b := range InitialBiases(w, func(p int) *rng.Stream { return rng.New(4, "test", "biases", uint64(p)) }) {
		wide := convert[float64](b)
		for i := range wide {
			wide[i] *= scale
		}
		biases = append(biases, wide)
	}
	return biases
}

// narrow rounds a list of slices to float32; nil stays nil.
func narrow(list [][]float64) (out [][]float32) {
	for _, x := range list {
		out = append(out, convert[float32](x))
	}
	return out
}

// biasedTrainer starts a training from the parameters of r.
func biasedTrainer(t *testing.T, g goldenAdam, r *reference) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(r.widths, narrow(r.weights), narrow(r.biases), g.data(t), g.BatchSize, Adam{g.LR, g.Betas[0], g.Betas[1], g.Eps})
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

// TestBiasedAdam compares a training with biases with the reference's, every loss,
// weight and bias; the biases move as far as the weights do.
func TestBiasedAdam(t *testing.T) {
	g, w := readGoldenAdam(t)
	r := newBiasedReference(g, w, 1, goldenBiases(w, 1))
	before, trainer := slices.Concat(goldenBiases(w, 1)...), biasedTrainer(t, g, r)
	for _, order := range g.EpochOrders {
		for from := 0; from < len(order); from += g.BatchSize {
			rows := order[from:min(from+g.BatchSize, len(order))]
			if got, want := trainer.step(rows), r.step(rows); math.Abs(got-want) > 1e-4*float64(len(rows)) {
				t.Fatalf("loss %v, want %v", got, want)
			}
		}
	}
	var flat []float64
	for p := range r.weights {
		flat = append(append(flat, r.weights[p]...), r.biases[p]...)
	}
	for i, v := range trainer.Flat() {
		if d := math.Abs(float64(v) - flat[i]); !(d <= 1e-4) {
			t.Fatalf("parameter %d: %v, want %v", i, v, flat[i])
		}
	}
	moved := 0.0
	for i, b := range slices.Concat(trainer.Biases()...) {
		moved = max(moved, math.Abs(float64(b)-before[i]))
	}
	if moved < 5*g.LR {
		t.Errorf("the biases moved by at most %v", moved)
	}
}

// TestBiasedEvaluation compares losses with the reference's; no object of a network
// with biases is dead, even if a layer is all zero.
func TestBiasedEvaluation(t *testing.T) {
	g, w := readGoldenAdam(t)
	r := newBiasedReference(g, w, 3, goldenBiases(w, 3))
	r.inputs = g.data(t).Values
	for _, shift := range []float64{0, -100} {
		for i := range r.biases[1] {
			r.biases[1][i] += shift
		}
		n := &mlp.Network{Widths: w, Weights: r.weights, Biases: r.biases}
		e, err := Evaluate(t.Context(), n, g.data(t), 2)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range e.Losses {
			if want := r.backward([]int32{int32(i)}); math.Abs(got-want) > 1e-13*max(1, want) || e.Dead[i] {
				t.Errorf("object %d: loss %v, dead %v, want %v", i, got, e.Dead[i], want)
			}
		}
	}
}

// TestFillRows: each row has the bias of its unit, whatever the number of objects.
func TestFillRows(t *testing.T) {
	for objects := range 70 {
		z, bias := make([]float32, 3*objects), []float32{1, 2, 3}
		if !fillRows(z, bias) || fillRows(z, nil) {
			t.Errorf("%d objects: biases are not told from none", objects)
		}
		for i, v := range z {
			if v != bias[i/objects] {
				t.Fatalf("%d objects: place %d has %v", objects, i, v)
			}
		}
	}
}
