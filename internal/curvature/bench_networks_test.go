//go:build unix

package curvature

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// BenchmarkOtherNetworks is one product with H over MNIST objects, of the paper's
// kind of network, of one with biases, and of others, at their initial weights. The
// networks take turns, so that other work on the machine slows all of them, and the
// lower quartiles of the processor times are reported as ratios to the first.
func BenchmarkOtherNetworks(b *testing.B) {
	all := curvaturetest.MNIST(b)
	for _, c := range []struct{ h, numLayers, objects int }{{16, 1, 2000}, {16, 2, 2000}, {16, 3, 2000}, {16, 5, 10000}, {64, 2, 10000}} {
		b.Run(fmt.Sprintf("h=%d/num_layers=%d/objects=%d", c.h, c.numLayers, c.objects), func(b *testing.B) {
			data, err := all.First(c.objects)
			if err != nil {
				b.Fatal(err)
			}
			kinds := []struct {
				name   string
				biased bool
				of     mlp.Activation
			}{{"relu", false, mlp.ReLU}, {"relu+bias", true, mlp.ReLU}, {"tanh", false, mlp.Tanh}, {"tanh+bias", true, mlp.Tanh}, {"gelu", false, mlp.GELU}}
			operators, times := make([]*Operator, len(kinds)), make([][]float64, len(kinds))
			for i, kind := range kinds {
				pt, err := NewPoint(b.Context(), initialNetwork(mlp.PaperWidths(784, c.h, c.numLayers, 10), kind.biased, kind.of), data, 1)
				if err != nil {
					b.Fatal(err)
				}
				if operators[i], err = pt.Operator(Hessian, nil); err != nil {
					b.Fatal(err)
				}
				if got, want := operators[i].pt.Network.Widths, operators[0].pt.Network.Widths; !slices.Equal(got, want) {
					b.Fatalf("%s has widths %v without dead units, %s has %v: their times do not compare", kind.name, got, kinds[0].name, want)
				}
			}
			for b.Loop() {
				for i, op := range operators {
					src, dst := randomVector(op.Dim(), 0), make([]float64, op.Dim())
					from := processorTime(b)
					if err := op.Apply(b.Context(), dst, src, 1); err != nil {
						b.Fatal(err)
					}
					times[i] = append(times[i], processorTime(b)-from)
				}
			}
			quartile := func(i int) float64 {
				slices.Sort(times[i])
				return times[i][len(times[i])/4]
			}
			b.ReportMetric(quartile(0)*1e3, "ms/product")
			for i, kind := range kinds[1:] {
				b.ReportMetric(quartile(i+1)/quartile(0), kind.name)
			}
		})
	}
}

// initialNetwork has PyTorch's initial weights. Its biases are so small that the same
// units are dead as without them, since products leave these out.
func initialNetwork(widths mlp.Widths, biased bool, a mlp.Activation) *mlp.Network {
	n := &mlp.Network{Widths: widths, Activation: a}
	for p, w := range nn.InitialWeights(widths, func(i int) *rng.Stream { return rng.New(0, "benchmark", "init", uint64(i)) }) {
		wide, bias := make([]float64, len(w)), []float64(nil)
		for i, x := range w {
			wide[i] = float64(x)
		}
		if biased {
			bias = randomVector(widths[p+1], p)
			for i := range bias {
				bias[i] *= 1e-6
			}
		}
		n.Weights, n.Biases = append(n.Weights, wide), append(n.Biases, bias)
	}
	return n
}

// processorTime is that of this process in seconds.
func processorTime(b *testing.B) float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}
