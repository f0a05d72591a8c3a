package losses

import (
	"context"
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// BenchmarkLosses evaluates 10,000 objects of MNIST's size on one core.
func BenchmarkLosses(b *testing.B) {
	const objects = 10_000
	stream := func(p int) *rng.Stream { return rng.New(1, "benchmark", "losses", uint64(p)) }
	s := stream(100)
	images, labels := make([]uint8, objects*784), make([]uint8, objects)
	for i := range images {
		images[i] = uint8(max(0, s.IntN(1280)-1024))
	}
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
	}
	for _, h := range []int{4, 16, 64} {
		w := mlp.PaperWidths(784, h, 5, 10)
		weights, err := mlp.EncodeWeights(w, nn.InitialWeights(w, stream), nil)
		if err != nil {
			b.Fatal(err)
		}
		in := map[string][]byte{
			mlp.Images:  npy.Encode([]int{objects, 784}, images),
			mlp.Labels:  npy.Encode([]int{objects}, labels),
			mlp.Weights: weights,
		}
		b.Run(fmt.Sprintf("h=%d", h), func(b *testing.B) {
			for b.Loop() {
				if _, err := Run(context.Background(), Params{SampleSize: objects}, task.New(in)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*objects)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}
