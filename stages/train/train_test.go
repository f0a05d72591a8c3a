package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// picture makes objects of which a bit less than share of the bytes are zero,
// white where the class says so, and their labels.
func picture(objects, width int, share float64) (images, labels []uint8) {
	s := rng.New(5, "test", "picture", 0)
	images, labels = make([]uint8, objects*width), make([]uint8, objects)
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
		for j := range width {
			switch {
			case j%10 == int(labels[i]):
				images[i*width+j] = 255
			case s.Float64() >= share:
				images[i*width+j] = uint8(1 + s.IntN(255))
			}
		}
	}
	return images, labels
}

func inputs(images, labels []uint8) map[string][]byte {
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{len(labels), len(images) / len(labels)}, images),
		mlp.Labels: npy.Encode([]int{len(labels)}, labels),
	}
}

func small() Params {
	return Params{
		HiddenSize: 8, NumLayers: 1, Classes: 10, SampleSize: 150, Seed: 1,
		Epochs: 3, BatchSize: 64, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
	}
}

// readings are the same 200 objects for each way to read the data.
func readings() (sparse, dense, features map[string][]byte) {
	few, labels := picture(200, 97, 0.8)
	many, _ := picture(200, 97, 0.1)
	values := make([]float32, len(many))
	for i, u := range many {
		values[i] = float32(mlp.Pixels()[u]) / 3
	}
	features = inputs(many, labels)
	features[mlp.Images] = npy.Encode([]int{200, 97}, values)
	return inputs(few, labels), inputs(many, labels), features
}

// TestDigests holds the bytes of short trainings through each way to read the
// data. They must not change with the processor, the build tags or the workers.
func TestDigests(t *testing.T) {
	sparse, dense, features := readings()
	for _, c := range []struct {
		name             string
		in               map[string][]byte
		weights, history string
	}{
		{"sparse bytes", sparse, "28a0b7e2143a75ed", "b857a9baab12ad3e"},
		{"dense bytes", dense, "9dd1c9cc763e8c01", "bfc1c0cfa5e68f8a"},
		{"features", features, "00163e5c9155c5e7", "4f02c448fb5dc101"},
	} {
		for _, workers := range []int{1, 3} {
			job := task.New(c.in)
			job.Workers = workers
			out, err := Run(context.Background(), small(), job)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range []struct{ name, want string }{{Weights, c.weights}, {History, c.history}} {
				sum := sha256.Sum256(out[o.name])
				if got := hex.EncodeToString(sum[:8]); got != o.want {
					t.Errorf("%s, %d workers: %s is %s, want %s", c.name, workers, o.name, got, o.want)
				}
			}
		}
	}
}

func TestRunLearns(t *testing.T) {
	images, labels := picture(300, 97, 0.8)
	var progress []int
	job := task.New(inputs(images, labels))
	job.Progress = func(done, total int) { progress = append(progress, 100*done/total) }
	p := small()
	p.Epochs = 40
	p.LearningRate = 1e-2
	out, err := Run(context.Background(), p, job)
	if err != nil {
		t.Fatal(err)
	}
	if len(progress) != p.Epochs || progress[0] != 2 || progress[p.Epochs-1] != 100 {
		t.Errorf("progress in per cent: %v", progress)
	}
	a, err := npy.Decode(out[History])
	if err != nil {
		t.Fatal(err)
	}
	history, err := a.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != p.Epochs || history[0] > 2.4 || history[p.Epochs-1] > 0.5*history[0] {
		t.Errorf("the loss does not fall: %v", history)
	}
	network, data, err := mlp.Decode(map[string][]byte{mlp.Images: job.Inputs[mlp.Images], mlp.Labels: job.Inputs[mlp.Labels], Weights: out[Weights]}, p.SampleSize)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(mlp.Widths{97, 8, 8, 10}, network.Widths); diff != "" {
		t.Errorf("widths (-want +got):\n%s", diff)
	}
	// The loss that training saw last and that of the result belong together.
	e, err := nn.Evaluate(context.Background(), network, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for _, l := range e.Losses {
		mean += l / float64(len(e.Losses))
	}
	if last := history[p.Epochs-1]; mean > last || mean < 0.5*last {
		t.Errorf("mean loss of the result %v, of the last epoch %v", mean, last)
	}
}

// TestOnlyTheSampleCounts changes what comes after the sample and then the sample.
func TestOnlyTheSampleCounts(t *testing.T) {
	images, labels := picture(200, 97, 0.8)
	p := small()
	run := func(p Params) []byte {
		out, err := Run(context.Background(), p, task.New(inputs(images, labels)))
		if err != nil {
			t.Fatal(err)
		}
		return out[Weights]
	}
	want := run(p)
	for i := p.SampleSize * 97; i < len(images); i++ {
		images[i] ^= 0xff
	}
	labels[199] ^= 1
	if !slices.Equal(want, run(p)) {
		t.Error("an object outside the sample has an influence")
	}
	images[97] ^= 0x80
	if slices.Equal(want, run(p)) {
		t.Error("an object of the sample has no influence")
	}
	images[97] ^= 0x80
	p.Seed++
	if slices.Equal(want, run(p)) {
		t.Error("the seed has no influence")
	}
}

func TestErrors(t *testing.T) {
	images, labels := picture(20, 7, 0.8)
	good := inputs(images, labels)
	with := func(name string, b []byte) map[string][]byte {
		m := map[string][]byte{mlp.Images: good[mlp.Images], mlp.Labels: good[mlp.Labels]}
		m[name] = b
		return m
	}
	change := func(f func(*Params)) Params {
		p := small()
		p.SampleSize = 20
		f(&p)
		return p
	}
	fine := change(func(*Params) {})
	if _, err := Run(context.Background(), fine, task.New(good)); err != nil {
		t.Fatalf("the case that the others change: %v", err)
	}
	wrong := slices.Clone(labels)
	wrong[13] = 10
	for _, c := range []struct {
		name string
		p    Params
		in   map[string][]byte
		want string
	}{
		{"hidden size", change(func(p *Params) { p.HiddenSize = 0 }), good, "hidden size is 0"},
		{"layers", change(func(p *Params) { p.NumLayers = -1 }), good, "layers is -1"},
		{"classes", change(func(p *Params) { p.Classes = 300 }), good, "300 classes"},
		{"sample", change(func(p *Params) { p.SampleSize = 21 }), good, "sample size is 21: want 1 to 20"},
		{"batch", change(func(p *Params) { p.BatchSize = 0 }), good, "batch size is 0"},
		{"rate", change(func(p *Params) { p.LearningRate = math.Inf(1) }), good, "learning rate is +Inf"},
		{"beta", change(func(p *Params) { p.Beta2 = 1 }), good, "betas are 0.9 and 1"},
		{"epsilon", change(func(p *Params) { p.Epsilon = 1e-60 }), good, "epsilon is 1e-60"},
		{"label", fine, with(mlp.Labels, npy.Encode([]int{20}, wrong)), "input labels: label of object 13 is 10"},
		{"label count", fine, with(mlp.Labels, npy.Encode([]int{19}, labels[:19])), "labels has [19]: want objects × values, and one label per object"},
		{"image type", fine, with(mlp.Images, npy.Encode([]int{20, 1}, append(make([]float64, 19), 0.1))), "object 19, value 0 is 0.1: training takes features of float32"},
		{"image shape", fine, with(mlp.Images, npy.Encode([]int{140}, images)), "input images has shape [140]"},
		{"feature", fine, with(mlp.Images, npy.Encode([]int{20, 2}, append(make([]float32, 39), float32(math.NaN())))), "object 19, value 1 is NaN"},
		{"no images", fine, map[string][]byte{mlp.Labels: good[mlp.Labels]}, "input images"},
		{"diverged", change(func(p *Params) { p.LearningRate = 1e37 }), good, "epoch 2, step 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Run(context.Background(), c.p, task.New(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(cancelled, fine, task.New(good)); err != context.Canceled {
		t.Errorf("cancelled: error %v", err)
	}
}
