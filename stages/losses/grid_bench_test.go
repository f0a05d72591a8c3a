package losses_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

const gridObjects = 10_000

// BenchmarkGrid trains and evaluates the paper's 25 networks, one goroutine a
// core taking one network after the other, the widest first: what bench/peers
// compares with, without the engine and its durable writes.
func BenchmarkGrid(b *testing.B) {
	for _, set := range []struct {
		name   string
		inputs func(b *testing.B) map[string][]byte
	}{{"mnist", mnistInputs}, {"cifar10-shape", cifar10Inputs}} {
		b.Run(set.name, func(b *testing.B) {
			inputs := set.inputs(b)
			for b.Loop() {
				grid(b, inputs)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "grid-s")
		})
	}
}

func mnistInputs(b *testing.B) map[string][]byte {
	p, err := fetch.NewParams("mnist", gridObjects)
	if err != nil {
		b.Fatal(err)
	}
	inputs, err := (&fetch.Fetcher{}).Run(b.Context(), p, task.New(nil))
	if err != nil {
		b.Skipf("no MNIST in reach: %v", err)
	}
	return inputs
}

// cifar10Inputs is random data of CIFAR-10's shape: hardly a pixel is black.
func cifar10Inputs(*testing.B) map[string][]byte {
	const width = 3072
	s := rng.New(0, "benchmark", "grid", 0)
	images, labels := make([]uint8, gridObjects*width), make([]uint8, gridObjects)
	for i := range images {
		images[i] = uint8(s.IntN(256))
	}
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
	}
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{gridObjects, width}, images),
		mlp.Labels: npy.Encode([]int{gridObjects}, labels),
	}
}

func grid(b *testing.B, inputs map[string][]byte) {
	var networks []train.Params
	for _, h := range []int{64, 32, 16, 8, 4} {
		for _, l := range []int{10, 7, 5, 3, 1} {
			networks = append(networks, train.Params{
				HiddenSize: h, NumLayers: l, Classes: 10, SampleSize: gridObjects,
				Epochs: 10, BatchSize: 64, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8,
			})
		}
	}
	queue := make(chan train.Params)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for p := range queue {
				if err := one(b, p, inputs); err != nil {
					b.Errorf("h=%d, num_layers=%d: %v", p.HiddenSize, p.NumLayers, err)
				}
			}
		})
	}
	for _, p := range networks {
		queue <- p
	}
	close(queue)
	group.Wait()
}

// one trains and evaluates one network.
func one(b *testing.B, p train.Params, inputs map[string][]byte) error {
	t := task.New(map[string][]byte{mlp.Images: inputs[mlp.Images], mlp.Labels: inputs[mlp.Labels]})
	out, err := train.Run(b.Context(), p, t)
	if err != nil {
		return err
	}
	t.Inputs[mlp.Weights] = out[train.Weights]
	out, err = losses.Run(b.Context(), losses.Params{SampleSize: p.SampleSize}, t)
	if err == nil && len(out[losses.Losses]) == 0 {
		return fmt.Errorf("no losses")
	}
	return err
}
