package nn

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
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

// data are the golden inputs, rounded to float32.
func (g goldenAdam) data(t *testing.T) *mlp.Data {
	t.Helper()
	labels := make([]int, len(g.Labels))
	for i, y := range g.Labels {
		labels[i] = int(y)
	}
	d, err := mlp.NewData(convert[float64](convert[float32](g.Inputs)), g.LayerShapes[0][1], labels)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readGoldenAdam(t *testing.T) (goldenAdam, mlp.Widths) {
	t.Helper()
	b, err := os.ReadFile("testdata/adam.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenAdam
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	w := mlp.Widths{g.LayerShapes[0][1]}
	for _, s := range g.LayerShapes {
		w = append(w, s[0])
	}
	return g, w
}

func convert[To, From float32 | float64](v []From) []To {
	out := make([]To, len(v))
	for i, x := range v {
		out[i] = To(x)
	}
	return out
}

// reference is a training in float64 without any of the trainer's layouts and
// kernels: one object after the other, each matrix out×in.
type reference struct {
	widths                    mlp.Widths
	inputs                    []float64
	labels                    []uint8
	weights, moment1, moment2 [][]float64
	gradient                  [][]float64
	beta1, beta2, rate, eps   float64
	power1, power2            float64
}

func newReference(g goldenAdam, w mlp.Widths, scale float64) *reference {
	r := &reference{
		widths: w, inputs: g.Inputs, labels: g.Labels,
		beta1: g.Betas[0], beta2: g.Betas[1], rate: g.LR, eps: g.Eps, power1: 1, power2: 1,
	}
	for _, m := range g.InitialWeights {
		weights := make([]float64, len(m))
		for i, v := range m {
			weights[i] = scale * v
		}
		r.weights = append(r.weights, weights)
		r.moment1, r.moment2 = append(r.moment1, make([]float64, len(m))), append(r.moment2, make([]float64, len(m)))
		r.gradient = append(r.gradient, make([]float64, len(m)))
	}
	return r
}

// backward sets the gradient of the mean loss of the objects in rows and
// returns the sum of their losses.
func (r *reference) backward(rows []int32) float64 {
	for p := range r.gradient {
		clear(r.gradient[p])
	}
	total, layers := 0.0, r.widths.Layers()
	for _, row := range rows {
		x := [][]float64{r.inputs[int(row)*r.widths[0]:][:r.widths[0]]}
		for p, w := range r.weights {
			z := make([]float64, r.widths[p+1])
			for u := range z {
				for j, v := range x[p] {
					z[u] += w[u*len(x[p])+j] * v
				}
				if p+1 < layers {
					z[u] = max(z[u], 0)
				}
			}
			x = append(x, z)
		}
		sum, y := 0.0, int(r.labels[row])
		for _, z := range x[layers] {
			sum += math.Exp(z)
		}
		total += math.Log(sum) - x[layers][y]
		delta := make([]float64, r.widths.Classes())
		for c, z := range x[layers] {
			delta[c] = math.Exp(z) / sum / float64(len(rows))
		}
		delta[y] -= 1 / float64(len(rows))
		for p := layers - 1; p >= 0; p-- {
			below := make([]float64, len(x[p]))
			for u, d := range delta {
				for j, v := range x[p] {
					r.gradient[p][u*len(x[p])+j] += d * v
					if v > 0 {
						below[j] += d * r.weights[p][u*len(x[p])+j]
					}
				}
			}
			delta = below
		}
	}
	return total
}

// step takes a step of Adam and returns the sum of the losses before it.
func (r *reference) step(rows []int32) float64 {
	loss := r.backward(rows)
	r.power1, r.power2 = r.power1*r.beta1, r.power2*r.beta2
	for p, gradient := range r.gradient {
		for i, g := range gradient {
			r.moment1[p][i] = r.beta1*r.moment1[p][i] + (1-r.beta1)*g
			r.moment2[p][i] = r.beta2*r.moment2[p][i] + (1-r.beta2)*g*g
			r.weights[p][i] -= r.rate * r.moment1[p][i] / (1 - r.power1) / (math.Sqrt(r.moment2[p][i]/(1-r.power2)) + r.eps)
		}
	}
	return loss
}

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
	trainer, err := NewTrainer(w, initial, g.data(t), g.BatchSize, Adam{g.LR, g.Betas[0], g.Betas[1], g.Eps})
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
// that with differences of the loss. The weights are larger than PyTorch's, so
// that the loss bends.
func TestGradient(t *testing.T) {
	g, w := readGoldenAdam(t)
	r, rows := newReference(g, w, 3), g.EpochOrders[0][:16]
	trainer := goldenTrainer(t, g, w, 3)
	loss, want := trainer.backward(rows), r.backward(rows)
	if math.Abs(loss-want) > 1e-5*want {
		t.Errorf("loss %v, want %v", loss, want)
	}
	gradient, largest := slices.Concat(r.gradient...), 0.0
	for p, m := range r.weights {
		for i := range m {
			const step = 1e-6
			want, at := gradient[w.Offset(p)+i], m[i]
			m[i] = at + step
			up := r.backward(rows)
			m[i] = at - step
			down := r.backward(rows)
			m[i] = at
			if got := (up - down) / (2 * step) / 16; math.Abs(got-want) > 1e-7 {
				t.Fatalf("matrix %d, weight %d: the loss changes by %v per unit, the gradient is %v", p, i, got, want)
			}
			in := i
			if p == 0 { // the trainer holds the first matrix transposed
				in = i%w[0]*w[1] + i/w[0]
			}
			if got := float64(trainer.g[p][in]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("matrix %d, weight %d: gradient %v, want %v", p, i, got, want)
			}
			largest = max(largest, math.Abs(want))
		}
	}
	if largest < 1e-3 {
		t.Errorf("largest gradient %v: the test shows nothing", largest)
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
// products: they round differently and must agree otherwise.
func TestSparseIsDense(t *testing.T) {
	w := mlp.PaperWidths(100, 8, 2, 10)
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
		trainer, err := newTrainer(w, initial, first, d.Labels, 64, adam)
		if err != nil {
			t.Fatal(err)
		}
		order := func(epoch int) *rng.Stream { return rng.New(1, "test", "order", uint64(epoch)) }
		history, err := trainer.Train(context.Background(), d.Objects, Length{Epochs: 5}, order, true, func(int, float64) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return history, trainer.Weights()
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
	w := mlp.PaperWidths(100, 8, 2, 10)
	for _, share := range []float64{0.2, 0.8} {
		d := pixels(t, 80, 100, share)
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), d, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
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
		trainer, err := NewTrainer(w, InitialWeights(w, testStream), d, 64, Adam{1e37, 0.9, 0.999, 1e-8})
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
	trainer, err := NewTrainer(w, InitialWeights(w, testStream), d, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
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

func TestInitialWeights(t *testing.T) {
	w := mlp.PaperWidths(784, 64, 1, 10)
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
		if _, err := NewTrainer(c.w, nil, d, c.batch, Adam{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not say %q", c.w, err, c.want)
		}
	}
	third, err := mlp.NewData([]float64{0.5, 1, 1. / 3, 2}, 2, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	want := "object 1, value 0 is 0.3333333333333333: training takes features of float32"
	if _, err := NewTrainer(mlp.Widths{2, 2}, [][]float32{make([]float32, 4)}, third, 1, Adam{}); err == nil || err.Error() != want {
		t.Errorf("a feature that float32 rounds: error %v, want %s", err, want)
	}
}
