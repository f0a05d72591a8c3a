package nn

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// goldenAdam is a training of another implementation in both precisions: the
// same data, initial weights and orders.
type goldenAdam struct {
	LR             float64     `json:"lr"`
	Betas          [2]float64  `json:"betas"`
	Eps            float64     `json:"eps"`
	BatchSize      int         `json:"batch_size"`
	LayerShapes    [][2]int    `json:"layer_shapes"`
	Labels         []uint8     `json:"labels"`
	EpochOrders    [][]int32   `json:"epoch_orders"`
	Inputs         []float64   `json:"inputs"`
	InitialWeights [][]float64 `json:"initial_weights"`
	Float32        goldenRun   `json:"float32"`
	Float64        goldenRun   `json:"float64"`
}

type goldenRun struct {
	BatchLosses  []float64   `json:"batch_losses"`
	FinalWeights [][]float64 `json:"final_weights"`
}

func readGoldenAdam(t *testing.T) (goldenAdam, Widths) {
	t.Helper()
	b, err := os.ReadFile("testdata/adam.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenAdam
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	w := Widths{g.LayerShapes[0][1]}
	for _, s := range g.LayerShapes {
		w = append(w, s[0])
	}
	return g, w
}

func convert[To, From Float](v []From) []To {
	out := make([]To, len(v))
	for i, x := range v {
		out[i] = To(x)
	}
	return out
}

// checkAdam trains in precision T and compares every loss and weight.
func checkAdam[T Float](t *testing.T, run func(goldenAdam) goldenRun, tolerance float64) {
	g, w := readGoldenAdam(t)
	want := run(g)
	var initial [][]T
	for _, m := range g.InitialWeights {
		initial = append(initial, convert[T](m))
	}
	objects := len(g.Labels)
	first := newFloatLayer(convert[T](g.Inputs), w[0], g.BatchSize)
	trainer, err := newTrainer(w, initial, first, objects, g.Labels, g.BatchSize, Adam{g.LR, g.Betas[0], g.Betas[1], g.Eps})
	if err != nil {
		t.Fatal(err)
	}
	worst, batch := 0.0, 0
	for _, order := range g.EpochOrders {
		for from := 0; from < objects; from += g.BatchSize {
			rows := order[from:min(from+g.BatchSize, objects)]
			loss := trainer.Step(rows) / float64(len(rows))
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
	for p, m := range trainer.Weights() {
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

func TestAdamFloat64(t *testing.T) {
	checkAdam[float64](t, func(g goldenAdam) goldenRun { return g.Float64 }, 1e-9)
}

func TestAdamFloat32(t *testing.T) {
	checkAdam[float32](t, func(g goldenAdam) goldenRun { return g.Float32 }, 1e-4)
}

// TestGradient compares the backward pass with differences of the loss.
func TestGradient(t *testing.T) {
	g, w := readGoldenAdam(t)
	first := newFloatLayer(g.Inputs, w[0], 16)
	// Larger weights than PyTorch's, so that the loss bends.
	weights := make([][]float64, len(g.InitialWeights))
	for p, m := range g.InitialWeights {
		for _, v := range m {
			weights[p] = append(weights[p], 3*v)
		}
	}
	trainer, err := newTrainer(w, weights, first, len(g.Labels), g.Labels, 16, Adam{})
	if err != nil {
		t.Fatal(err)
	}
	rows := g.EpochOrders[0][:16]
	trainer.backward(rows)
	gradient := append([]float64(nil), trainer.gradient...)
	largest := 0.0
	for i, want := range gradient {
		const step = 1e-6
		at := trainer.weights[i]
		trainer.weights[i] = at + step
		up := trainer.backward(rows)
		trainer.weights[i] = at - step
		down := trainer.backward(rows)
		trainer.weights[i] = at
		got := (up - down) / (2 * step) / 16
		if math.Abs(got-want) > 1e-7 {
			t.Fatalf("weight %d: the loss changes by %v per unit, the gradient is %v", i, got, want)
		}
		largest = max(largest, math.Abs(want))
	}
	if largest < 1e-3 {
		t.Errorf("largest gradient %v: the test shows nothing", largest)
	}
}

// pixels makes objects of which about share of the bytes are zero, whose class
// is visible in them.
func pixels(objects, width int, share float64) (Inputs, []uint8) {
	s := rng.New(3, "test", "pixels", uint64(100*share))
	in := Inputs{Objects: objects, Width: width, Bytes: make([]uint8, objects*width)}
	labels := make([]uint8, objects)
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
		row := in.Bytes[i*width : (i+1)*width]
		for j := range row {
			if s.Float64() >= share {
				row[j] = uint8(1 + s.IntN(255))
				if j%10 == int(labels[i]) {
					row[j] |= 0xc0
				}
			}
		}
	}
	return in, labels
}

func testStream(p int) *rng.Stream { return rng.New(1, "test", "init", uint64(p)) }

// TestSparseIsDense trains the same network through the sparse and the dense
// products: they round differently and must agree otherwise.
func TestSparseIsDense(t *testing.T) {
	w := PaperWidths(100, 8, 2, 10)
	in, labels := pixels(200, 100, 0.8)
	if !in.sparse() {
		t.Fatal("the data is not taken for sparse")
	}
	if dense, _ := pixels(200, 100, 0.2); dense.sparse() {
		t.Fatal("dense data is taken for sparse")
	}
	initial := InitialWeights(w, testStream)
	adam := Adam{1e-3, 0.9, 0.999, 1e-8}
	train := func(first firstLayer[float32]) ([]float64, [][]float32) {
		trainer, err := newTrainer(w, initial, first, in.Objects, labels, 64, adam)
		if err != nil {
			t.Fatal(err)
		}
		order := func(epoch int) *rng.Stream { return rng.New(1, "test", "order", uint64(epoch)) }
		history, err := trainer.Train(context.Background(), in.Objects, Length{Epochs: 5}, order, true, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		return history, trainer.Weights()
	}
	history, weights := train(newSparseLayer(in, w[1]))
	floats := Inputs{Objects: in.Objects, Width: in.Width, Floats: make([]float32, len(in.Bytes))}
	for i, u := range in.Bytes {
		floats.Floats[i] = float32(Pixel(u))
	}
	for name, other := range map[string]firstLayer[float32]{
		"bytes":  newByteLayer(in, 64),
		"floats": newFirstLayer(floats, 64, w[1]),
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
					t.Fatalf("%s, matrix %d, weight %d: %v sparse, %v dense", name, p, i, weights[p][i], denseWeights[p][i])
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
	w := PaperWidths(100, 8, 2, 10)
	for _, share := range []float64{0.2, 0.8} {
		in, labels := pixels(80, 100, share)
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), in, labels, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]int32, 64)
		rng.Permutation(testStream(9), rows)
		if n := testing.AllocsPerRun(20, func() { trainer.Step(rows) }); n != 0 {
			t.Errorf("%v allocations a step on data with %v zeros", n, share)
		}
	}
}

func TestDivergedNamesTheStep(t *testing.T) {
	w := PaperWidths(20, 4, 1, 10)
	in, labels := pixels(100, 20, 0.5)
	train := func(check bool) error {
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), in, labels, 64, Adam{1e37, 0.9, 0.999, 1e-8})
		if err != nil {
			t.Fatal(err)
		}
		_, err = trainer.Train(context.Background(), 100, Length{Epochs: 3}, testStream, check, func(int) {})
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
	w := PaperWidths(20, 4, 1, 10)
	in, labels := pixels(100, 20, 0.5)
	trainer, err := NewTrainer(w, InitialWeights(w, testStream), in, labels, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	epochs := 0
	_, err = trainer.Train(ctx, 100, Length{Epochs: 10}, testStream, false, func(int) {
		if epochs++; epochs == 2 {
			cancel()
		}
	})
	if err != context.Canceled || epochs != 2 {
		t.Errorf("error %v after %d epochs", err, epochs)
	}
}

func TestInitialWeights(t *testing.T) {
	w := PaperWidths(784, 64, 1, 10)
	weights := InitialWeights(w, testStream)
	for p, m := range weights {
		bound := 1 / math.Sqrt(float64(w[p]))
		sum, squares := 0.0, 0.0
		for _, v := range m {
			if math.Abs(float64(v)) > bound {
				t.Fatalf("matrix %d: %v lies outside ±%v", p, v, bound)
			}
			sum += float64(v) / bound
			squares += float64(v) / bound * float64(v) / bound
		}
		n := float64(len(m))
		if mean := sum / n; math.Abs(mean) > 5/math.Sqrt(3*n) {
			t.Errorf("matrix %d: mean %v of the bound", p, mean)
		}
		if second := squares / n; math.Abs(second-1.0/3) > 5*math.Sqrt(4.0/45/n) {
			t.Errorf("matrix %d: second moment %v of the bound's square", p, second)
		}
	}
}
