package curvature

import (
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// BenchmarkOtherNetworks is one product with H over 10,000 MNIST objects, of the
// paper's kind of network, of one with biases, and of others with them, at their
// initial weights.
func BenchmarkOtherNetworks(b *testing.B) {
	data := curvaturetest.MNIST(b)
	for _, h := range []int{16, 64} {
		for _, kind := range []struct {
			name   string
			biased bool
			of     mlp.Activation
		}{{"relu", false, mlp.ReLU}, {"relu,bias", true, mlp.ReLU}, {"tanh", false, mlp.Tanh}, {"gelu,bias", true, mlp.GELU}} {
			b.Run(fmt.Sprintf("h=%d/%s", h, kind.name), func(b *testing.B) {
				widths := mlp.PaperWidths(784, h, 5, 10)
				n := &mlp.Network{Widths: widths, Activation: kind.of}
				s := rng.New(1, "curvature", "bench", 1)
				for _, w := range nn.InitialWeights(widths, func(i int) *rng.Stream { return rng.New(0, "benchmark", "init", uint64(i)) }) {
					wide, bias := make([]float64, len(w)), []float64(nil)
					for i, x := range w {
						wide[i] = float64(x)
					}
					if kind.biased {
						bias = make([]float64, widths[len(n.Weights)+1])
						for i := range bias {
							bias[i] = s.Normal() / 10
						}
					}
					n.Weights, n.Biases = append(n.Weights, wide), append(n.Biases, bias)
				}
				pt, err := NewPoint(b.Context(), n, data, 1)
				if err != nil {
					b.Fatal(err)
				}
				op, err := pt.Operator(Hessian, nil)
				if err != nil {
					b.Fatal(err)
				}
				src, dst := make([]float64, op.Dim()), make([]float64, op.Dim())
				for i := range src {
					src[i] = s.Normal()
				}
				for b.Loop() {
					if err := op.Apply(b.Context(), dst, src, 1); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
