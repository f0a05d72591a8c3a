package train

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/npy"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
	"github.com/landscape-pipe/landscape-pipe/pipeline/task"
)

// The paper's grid.
var (
	hiddenSizes = []int{4, 8, 16, 32, 64}
	layerCounts = []int{1, 3, 5, 7, 10}
)

// shapes are data sets of the sizes that matter. Values are random, zeros where
// handwriting leaves them: a border, and a middle in which half is ink.
var shapes = []struct {
	name  string
	width int
	zero  func(pixel int) float64 // probability of a zero byte
}{
	{"mnist", 784, func(pixel int) float64 {
		if y, x := pixel/28, pixel%28; y < 4 || y >= 24 || x < 5 || x >= 23 {
			return 0.97
		}
		return 0.62
	}},
	{"cifar", 3072, func(int) float64 { return 0.004 }},
}

func benchInputs(objects, width int, zero func(int) float64) map[string][]byte {
	s := rng.New(1, "benchmark", "data", uint64(width))
	images, labels := make([]uint8, objects*width), make([]uint8, objects)
	for i := range labels {
		labels[i] = uint8(s.IntN(10))
		for j := range width {
			if s.Float64() >= zero(j) {
				images[i*width+j] = uint8(1 + s.IntN(255))
			}
		}
	}
	return map[string][]byte{
		mlp.Images: npy.Encode([]int{objects, width}, images),
		mlp.Labels: npy.Encode([]int{objects}, labels),
	}
}

// BenchmarkTrain trains one network of each size on one core, as the stage
// does it: decoding, two epochs of 10,000 objects, encoding.
func BenchmarkTrain(b *testing.B) {
	for _, shape := range shapes {
		inputs := benchInputs(10_000, shape.width, shape.zero)
		for _, h := range hiddenSizes {
			for _, l := range []int{1, 5, 10} {
				b.Run(fmt.Sprintf("%s/h=%d/l=%d", shape.name, h, l), func(b *testing.B) {
					p := paper(size{h, l}, 0)
					p.Epochs = 2
					for b.Loop() {
						if _, err := Run(context.Background(), p, task.New(inputs)); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.N*p.Epochs*p.SampleSize)/b.Elapsed().Seconds(), "objects/s")
				})
			}
		}
	}
}

// BenchmarkGrid trains the paper's 25 networks, largest first, on as many
// goroutines as there are processors.
func BenchmarkGrid(b *testing.B) {
	inputs := benchInputs(10_000, shapes[0].width, shapes[0].zero)
	for b.Loop() {
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		var group sync.WaitGroup
		for i := len(hiddenSizes) - 1; i >= 0; i-- {
			for j := len(layerCounts) - 1; j >= 0; j-- {
				slots <- struct{}{}
				group.Go(func() {
					defer func() { <-slots }()
					if _, err := Run(context.Background(), paper(size{hiddenSizes[i], layerCounts[j]}, 0), task.New(inputs)); err != nil {
						b.Error(err)
					}
				})
			}
		}
		group.Wait()
	}
}
