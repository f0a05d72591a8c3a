package losses

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// hand is a network whose losses are known: one hidden neuron that passes its
// input on, and logits (h, 0).
func hand(t *testing.T) map[string][]byte {
	t.Helper()
	weights, err := mlp.EncodeWeights(mlp.Widths{1, 1, 2}, [][]float32{{1}, {1, 0}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		mlp.Images:  npy.Encode([]int{4, 1}, []float32{-1, 3, 3, 50}),
		mlp.Labels:  npy.Encode([]int{4}, []uint8{0, 0, 1, 0}),
		mlp.Weights: weights,
	}
}

func run(t *testing.T, p Params, in map[string][]byte, workers int) ([]float64, artifact.LossSummary, map[string][]byte) {
	t.Helper()
	job := task.New(in)
	job.Workers = workers
	out, err := Run(context.Background(), p, job)
	if err != nil {
		t.Fatal(err)
	}
	a, err := npy.Decode(out[Losses])
	if err != nil {
		t.Fatal(err)
	}
	losses, err := npy.Values[float64](a)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := artifact.Decode[artifact.LossSummary](out[Summary])
	if err != nil {
		t.Fatal(err)
	}
	return losses, summary, out
}

var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-15*math.Abs(b) })

func TestKnownLosses(t *testing.T) {
	losses, summary, _ := run(t, Params{SampleSize: 2}, hand(t), 1)
	sure := math.Log1p(math.Exp(-3))
	want := []float64{math.Ln2, sure, 3 + sure, math.Exp(-50)}
	if diff := cmp.Diff(want, losses, near); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	gap := (math.Ln2 - sure) / 2
	wantSample := artifact.LossStatistics{
		Objects: 2, Mean: (math.Ln2 + sure) / 2, Std: gap * math.Sqrt2, MAD: gap, Max: math.Ln2,
		Accuracy:     1, // the dead object's logits tie, and the lowest class is its label
		DeadFraction: 0.5,
	}
	if diff := cmp.Diff(wantSample, summary.Sample, near); diff != "" {
		t.Errorf("sample (-want +got):\n%s", diff)
	}
	if a := summary.All; a.Objects != 4 || a.Accuracy != 0.75 || a.DeadFraction != 0.25 || a.Max != losses[2] {
		t.Errorf("all: %+v", a)
	}
}

// TestCollapsedNetwork: a network that says nothing has one loss for all
// objects, so its deviations are exactly 0 whatever their number.
func TestCollapsedNetwork(t *testing.T) {
	weights, err := mlp.EncodeWeights(mlp.Widths{1, 1, 10}, [][]float32{{1}, make([]float32, 10)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const objects = 999
	in := map[string][]byte{
		mlp.Images:  npy.Encode([]int{objects, 1}, make([]uint8, objects)),
		mlp.Labels:  npy.Encode([]int{objects}, make([]uint8, objects)),
		mlp.Weights: weights,
	}
	_, summary, _ := run(t, Params{SampleSize: 100}, in, 1)
	for _, s := range []artifact.LossStatistics{summary.Sample, summary.All} {
		if s.MAD != 0 || s.Std != 0 || s.Mean != s.Max || s.DeadFraction != 1 || math.Abs(s.Mean-math.Ln10) > 1e-15 {
			t.Errorf("%+v", s)
		}
	}
}

// TestWorkersAndChunks: neither the workers nor the objects after an object
// change its loss.
func TestWorkersAndChunks(t *testing.T) {
	w := mlp.PaperWidths(30, 5, 2, 10)
	stream := func(p int) *rng.Stream { return rng.New(1, "test", "weights", uint64(p)) }
	weights, err := mlp.EncodeWeights(w, nn.InitialWeights(w, stream), nil)
	if err != nil {
		t.Fatal(err)
	}
	const objects = 333
	images, labels := make([]uint8, objects*30), make([]uint8, objects)
	s := stream(100)
	for i := range images {
		images[i] = uint8(s.IntN(256))
	}
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
	}
	in := func(n int) map[string][]byte {
		return map[string][]byte{
			mlp.Images:  npy.Encode([]int{n, 30}, images[:30*n]),
			mlp.Labels:  npy.Encode([]int{n}, labels[:n]),
			mlp.Weights: weights,
		}
	}
	losses, summary, one := run(t, Params{SampleSize: 100}, in(objects), 1)
	_, _, many := run(t, Params{SampleSize: 100}, in(objects), 7)
	for name := range one {
		if !bytes.Equal(one[name], many[name]) {
			t.Errorf("%s differs between 1 and 7 workers", name)
		}
	}
	fewer, alone, _ := run(t, Params{SampleSize: 100}, in(100), 1)
	if diff := cmp.Diff(losses[:100], fewer); diff != "" {
		t.Errorf("the losses of the first 100 depend on the others (-with +without):\n%s", diff)
	}
	if alone.Sample != alone.All || alone.Sample != summary.Sample {
		t.Errorf("three ways to the sample's summary: %+v, %+v, %+v", summary.Sample, alone.Sample, alone.All)
	}
}

// TestDigests holds the bytes of the result for each way to read the data. They
// must not change with the processor, the build tags or the workers.
func TestDigests(t *testing.T) {
	w := mlp.PaperWidths(97, 9, 2, 10)
	stream := func(p int) *rng.Stream { return rng.New(2, "test", "weights", uint64(p)) }
	weights, err := mlp.EncodeWeights(w, nn.InitialWeights(w, stream), nil)
	if err != nil {
		t.Fatal(err)
	}
	const objects = 130
	s := stream(100)
	labels := make([]uint8, objects)
	pixels, features := make([]uint8, objects*97), make([]float32, objects*97)
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
	}
	for i := range pixels {
		pixels[i] = uint8(s.IntN(256))
		features[i] = s.Float32() - 0.5
	}
	for _, c := range []struct {
		name            string
		images          []byte
		losses, summary string
	}{
		{"bytes", npy.Encode([]int{objects, 97}, pixels), "a660908b5922d1cd", "ca844dfc21fee2eb"},
		{"features", npy.Encode([]int{objects, 97}, features), "b9fca821e7c6a672", "da5bd9a87a72efe9"},
	} {
		in := map[string][]byte{mlp.Images: c.images, mlp.Labels: npy.Encode([]int{objects}, labels), mlp.Weights: weights}
		_, _, out := run(t, Params{SampleSize: 100}, in, 2)
		for _, o := range []struct{ name, want string }{{Losses, c.losses}, {Summary, c.summary}} {
			sum := sha256.Sum256(out[o.name])
			if got := hex.EncodeToString(sum[:8]); got != o.want {
				t.Errorf("%s: %s is %s, want %s", c.name, o.name, got, o.want)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	wide, err := mlp.EncodeWeights(mlp.Widths{2, 1, 2}, [][]float32{{1, 1}, {1, 0}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		sample int
		change func(map[string][]byte)
		want   string
	}{
		{"sample too large", 5, func(map[string][]byte) {}, "sample size is 5: want 1 to 4"},
		{"no sample", 0, func(map[string][]byte) {}, "sample size is 0"},
		{"other width", 2, func(m map[string][]byte) { m[mlp.Weights] = wide }, "input images has 1 values per object, the network's first matrix takes 2"},
		{"label", 2, func(m map[string][]byte) { m[mlp.Labels] = npy.Encode([]int{4}, []uint8{0, 0, 2, 0}) }, "input labels: label of object 2 is 2"},
		{"no weights", 2, func(m map[string][]byte) { delete(m, mlp.Weights) }, "input weights"},
		{"cut images", 2, func(m map[string][]byte) { m[mlp.Images] = m[mlp.Images][:100] }, "input images"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := hand(t)
			c.change(in)
			_, err := Run(context.Background(), Params{SampleSize: c.sample}, task.New(in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(cancelled, Params{SampleSize: 2}, task.New(hand(t))); err != context.Canceled {
		t.Errorf("cancelled: error %v", err)
	}
}
