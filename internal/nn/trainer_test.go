package nn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// checkAdam trains in the golden orders and compares every loss and weight.
func checkAdam[T float32 | float64](t *testing.T, g goldenAdam, want goldenRun, step func(rows []int32) float64, weights func() [][]T, tolerance float64) {
	objects := len(g.Labels)
	worst, batch := 0.0, 0
	for _, order := range g.EpochOrders {
		for from := 0; from < objects; from += g.BatchSize {
			rows := order[from:min(from+g.BatchSize, objects)]
			loss := step(rows) / float64(len(rows))
			d := math.Abs(loss - want.BatchLosses[batch])
			if !(d <= tolerance) {
				t.Errorf("batch %d: loss %v, want %v", batch, loss, want.BatchLosses[batch])
			}
			worst = max(worst, d)
			batch++
		}
	}
	if batch != len(want.BatchLosses) {
		t.Errorf("%d batches, want %d", batch, len(want.BatchLosses))
	}
	for p, m := range weights() {
		for i, v := range m {
			d := math.Abs(float64(v) - want.FinalWeights[p][i])
			if !(d <= tolerance) {
				t.Fatalf("matrix %d, weight %d: %v, want %v", p, i, v, want.FinalWeights[p][i])
			}
			worst = max(worst, d)
		}
	}
	t.Logf("largest difference %.2g", worst)
}

// TestReferenceIsPyTorch ties the reference of the other tests to the golden
// training.
func TestReferenceIsPyTorch(t *testing.T) {
	g, w := readGoldenAdam(t)
	r := newReference(g, w, 1)
	checkAdam(t, g, g.Float64, r.step, func() [][]float64 { return r.weights }, 1e-9)
}

// goldenTrainer starts a training on the golden data with weights times scale.
func goldenTrainer(t *testing.T, g goldenAdam, w mlp.Widths, scale float64) *Trainer {
	t.Helper()
	var initial [][]float32
	for _, m := range newReference(g, w, scale).weights {
		initial = append(initial, convert[float32](m))
	}
	trainer, err := NewTrainer(w, initial, nil, g.data(t), g.BatchSize, Adam{g.LR, g.Betas[0], g.Betas[1], g.Eps})
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func TestAdam(t *testing.T) {
	g, w := readGoldenAdam(t)
	trainer := goldenTrainer(t, g, w, 1)
	checkAdam(t, g, g.Float32, trainer.step, trainer.Weights, 1e-4)
}

// TestGradient compares the trainer's backward pass with the reference's, and
// that with differences of the loss, without and with biases. The parameters are larger
// than PyTorch's, so that the loss bends.
func TestGradient(t *testing.T) {
	g, w := readGoldenAdam(t)
	for _, biases := range [][][]float64{nil, goldenBiases(w, 3)} {
		r, rows := newBiasedReference(g, w, 3, biases), g.EpochOrders[0][:16]
		trainer := biasedTrainer(t, g, r)
		loss, want := trainer.backward(rows), r.backward(rows)
		if math.Abs(loss-want) > 1e-5*want {
			t.Errorf("loss %v, want %v", loss, want)
		}
		var gradient [][]float64
		for _, m := range r.gradient {
			gradient = append(gradient, slices.Clone(m))
		}
		of, largest := slices.Concat(trainer.g, trainer.gb)[:len(gradient)], 0.0
		for p, m := range slices.Concat(r.weights, r.biases) {
			for i := range m {
				const step = 1e-6
				want, at := gradient[p][i], m[i]
				m[i] = at + step
				up := r.backward(rows)
				m[i] = at - step
				down := r.backward(rows)
				m[i] = at
				if got := (up - down) / (2 * step) / 16; math.Abs(got-want) > 1e-7 {
					t.Fatalf("list %d, parameter %d: the loss changes by %v per unit, the gradient is %v", p, i, got, want)
				}
				in := i
				if p == 0 { // the trainer holds the first matrix transposed
					in = i%w[0]*w[1] + i/w[0]
				}
				if got := float64(of[p][in]); math.Abs(got-want) > 1e-6 {
					t.Fatalf("list %d, parameter %d: gradient %v, want %v", p, i, got, want)
				}
				largest = max(largest, math.Abs(want))
			}
		}
		if largest < 1e-3 {
			t.Errorf("largest gradient %v: the test shows nothing", largest)
		}
	}
}

// pixels makes objects of which about share of the bytes are zero, whose class
// is visible in them.
func pixels(t testing.TB, objects, width int, share float64) *mlp.Data {
	t.Helper()
	s := rng.New(3, "test", "pixels", uint64(100*share))
	bytes, labels := make([]uint8, objects*width), make([]int, objects)
	for i := range labels {
		labels[i] = s.IntN(10)
		row := bytes[i*width : (i+1)*width]
		for j := range row {
			if s.Float64() >= share {
				row[j] = uint8(1 + s.IntN(255))
				if j%10 == labels[i] {
					row[j] |= 0xc0
				}
			}
		}
	}
	d, err := mlp.NewPixels(bytes, width, labels)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asFeatures returns pixels as the features that a network sees.
func asFeatures(t *testing.T, d *mlp.Data) *mlp.Data {
	t.Helper()
	values := make([]float64, len(d.Bytes))
	for i, u := range d.Bytes {
		values[i] = float64(float32(mlp.Pixels()[u]))
	}
	f, err := mlp.NewData(values, d.Width, d.Labels)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func testStream(p int) *rng.Stream { return rng.New(1, "test", "init", uint64(p)) }

// TestSparseIsDense trains the same network through the sparse and the dense
// products, without and with biases: they round differently and must agree otherwise.
func TestSparseIsDense(t *testing.T) {
	w := mlp.PaperWidths(100, 8, 2, 10)
	for _, biases := range [][][]float32{nil, InitialBiases(w, testStream)} {
		checkSparseIsDense(t, w, biases)
	}
}

func checkSparseIsDense(t *testing.T, w mlp.Widths, biases [][]float32) {
	t.Helper()
	d := pixels(t, 200, 100, 0.8)
	if !isSparse(d) {
		t.Fatal("the data is not taken for sparse")
	}
	if isSparse(pixels(t, 200, 100, 0.2)) {
		t.Fatal("dense data is taken for sparse")
	}
	initial := InitialWeights(w, testStream)
	adam := Adam{1e-3, 0.9, 0.999, 1e-8}
	train := func(first firstLayer) ([]float64, [][]float32) {
		trainer, err := newTrainer(w, initial, biases, first, d.Labels, 64, adam)
		if err != nil {
			t.Fatal(err)
		}
		order := func(epoch int) *rng.Stream { return rng.New(1, "test", "order", uint64(epoch)) }
		history, err := trainer.Train(context.Background(), d.Objects, Length{Epochs: 5}, order, true, func(int, float64) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return history, append(trainer.Weights(), trainer.Biases()...)
	}
	history, weights := train(newSparseLayer(d, w[1]))
	for name, other := range map[string]firstLayer{
		"bytes":  newByteLayer(d, 64),
		"floats": newFirstLayer(asFeatures(t, d), 64, w[1]),
	} {
		denseHistory, denseWeights := train(other)
		for e := range history {
			if math.Abs(history[e]-denseHistory[e]) > 1e-5 {
				t.Errorf("%s, epoch %d: loss %v sparse, %v dense", name, e, history[e], denseHistory[e])
			}
		}
		for p := range weights {
			for i := range weights[p] {
				if math.Abs(float64(weights[p][i]-denseWeights[p][i])) > 1e-4 {
					t.Fatalf("%s, list %d, parameter %d: %v sparse, %v dense", name, p, i, weights[p][i], denseWeights[p][i])
				}
			}
		}
	}
	if history[4] > history[0]-0.005 {
		t.Errorf("the network learns nothing: %v", history)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties the kernels' pools at random")
	}
	w := mlp.PaperWidths(100, 8, 2, 10)
	for _, share := range []float64{0.2, 0.8} {
		d := pixels(t, 80, 100, share)
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), InitialBiases(w, testStream), d, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]int32, 64)
		rng.Permutation(testStream(9), rows)
		if n := testing.AllocsPerRun(20, func() { trainer.step(rows) }); n != 0 {
			t.Errorf("%v allocations a step on data with %v zeros", n, share)
		}
	}
}

func TestDivergedNamesTheStep(t *testing.T) {
	w := mlp.PaperWidths(20, 4, 1, 10)
	d := pixels(t, 100, 20, 0.5)
	train := func(check bool) error {
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), nil, d, 64, Adam{1e37, 0.9, 0.999, 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		_, err = trainer.Train(context.Background(), 100, Length{Epochs: 3}, testStream, check, func(int, float64) error { return nil })
		return err
	}
	if diff := cmp.Diff(&DivergedError{Epoch: 1, Step: 2}, train(true)); diff != "" {
		t.Errorf("examined after each step (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&DivergedError{Epoch: 1}, train(false)); diff != "" {
		t.Errorf("examined after each epoch (-want +got):\n%s", diff)
	}
}

func TestTrainStops(t *testing.T) {
	w := mlp.PaperWidths(20, 4, 1, 10)
	d := pixels(t, 100, 20, 0.5)
	trainer, err := NewTrainer(w, InitialWeights(w, testStream), nil, d, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	epochs := 0
	_, err = trainer.Train(ctx, 100, Length{Epochs: 10}, testStream, false, func(int, float64) error {
		if epochs++; epochs == 2 {
			cancel()
		}
		return nil
	})
	if err != context.Canceled || epochs != 2 {
		t.Errorf("error %v after %d epochs", err, epochs)
	}
}

func TestInitialParameters(t *testing.T) {
	w := mlp.PaperWidths(784, 64, 1, 10)
	for p, m := range InitialWeights(w, testStream) {
		checkUniform(t, fmt.Sprintf("matrix %d", p), m, w[p])
	}
	w = mlp.PaperWidths(100, 4000, 1, 10)
	for p, b := range InitialBiases(w, testStream) {
		if len(b) != w[p+1] {
			t.Errorf("layer %d has %d biases", p, len(b))
		}
		checkUniform(t, fmt.Sprintf("biases %d", p), b, w[p])
	}
}

// checkUniform compares the range and two moments with those of U(−1/√fanIn, 1/√fanIn).
func checkUniform(t *testing.T, name string, list []float32, fanIn int) {
	t.Helper()
	bound := 1 / math.Sqrt(float64(fanIn))
	sum, squares := 0.0, 0.0
	for _, v := range list {
		if math.Abs(float64(v)) > bound {
			t.Fatalf("%s: %v lies outside ±%v", name, v, bound)
		}
		sum += float64(v) / bound
		squares += float64(v) / bound * float64(v) / bound
	}
	n := float64(len(list))
	if mean := sum / n; math.Abs(mean) > 5/math.Sqrt(3*n) {
		t.Errorf("%s: mean %v of the bound", name, mean)
	}
	if second := squares / n; math.Abs(second-1.0/3) > 5*math.Sqrt(4.0/45/n) {
		t.Errorf("%s: second moment %v of the bound's square", name, second)
	}
}

func TestTrainerRefuses(t *testing.T) {
	d := pixels(t, 10, 3, 0.5)
	for _, c := range []struct {
		w     mlp.Widths
		batch int
		want  string
	}{
		{mlp.Widths{3}, 1, "at least inputs and classes"},
		{mlp.Widths{3, 257}, 1, "257 classes, want 2 to 256"},
		{mlp.Widths{1 << 20, 1 << 12, 2}, 1, "more than 2^31 weights"},
		{mlp.Widths{4, 10}, 1, "objects have 3 values"},
		{mlp.Widths{3, 2}, 1, "label of object"},
		{mlp.Widths{3, 10}, 0, "batches of 0"},
		{mlp.Widths{3, 10}, 1, "0 weight matrices, want 1"},
	} {
		if _, err := NewTrainer(c.w, nil, nil, d, c.batch, Adam{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not say %q", c.w, err, c.want)
		}
	}
	third, err := mlp.NewData([]float64{0.5, 1, 1. / 3, 2}, 2, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	want := "object 1, value 0 is 0.3333333333333333: training takes features of float32"
	if _, err := NewTrainer(mlp.Widths{2, 2}, [][]float32{make([]float32, 4)}, nil, third, 1, Adam{}); err == nil || err.Error() != want {
		t.Errorf("a feature that float32 rounds: error %v, want %s", err, want)
	}
}
