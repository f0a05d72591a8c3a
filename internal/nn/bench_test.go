package nn

import (
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// BenchmarkStep times one step of 64 objects through each first layer, on data
// of MNIST's size of which a share of 0.81 or 0.5 is zero.
func BenchmarkStep(b *testing.B) {
	const objects = 10_000
	for _, share := range []float64{0.81, 0.5} {
		d := pixels(b, objects, 784, share)
		for _, h := range []int{4, 8, 16, 32, 64} {
			w := mlp.PaperWidths(784, h, 1, 10)
			for _, c := range []struct {
				name  string
				first firstLayer
			}{
				{"sparse", newSparseLayer(d, h)},
				{"dense", newByteLayer(d, 64)},
			} {
				b.Run(fmt.Sprintf("zeros=%v/h=%d/%s", share, h, c.name), func(b *testing.B) {
					t, err := newTrainer(w, InitialWeights(w, testStream), nil, c.first, d.Labels, 64, Adam{1e-3, 0.9, 0.999, 1e-8})
					if err != nil {
						b.Fatal(err)
					}
					order := make([]int32, objects)
					rng.Permutation(testStream(9), order)
					from := 0
					for b.Loop() {
						t.step(order[from : from+64])
						from = (from + 64) % (objects - 64)
					}
				})
			}
		}
	}
}
