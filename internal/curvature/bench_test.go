package curvature

import (
	"fmt"
	"testing"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature/curvaturetest"
	"github.com/landscape-pipe/landscape-pipe/internal/eigen"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/nn"
	"github.com/landscape-pipe/landscape-pipe/internal/rng"
)

// trained is the paper's network of num_layers 5, trained as the paper does,
// over 10,000 MNIST objects.
func trained(b *testing.B, h int) *Point {
	b.Helper()
	data := curvaturetest.MNIST(b)
	widths := mlp.PaperWidths(784, h, 5, 10)
	stream := func(purpose string) func(int) *rng.Stream {
		return func(i int) *rng.Stream { return rng.New(0, "benchmark", purpose, uint64(i)) }
	}
	trainer, err := nn.NewTrainer(widths, nn.InitialWeights(widths, stream("init")), nil, data, 64,
		nn.Adam{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := trainer.Train(b.Context(), data.Objects, nn.Length{Epochs: 10}, stream("order"), false, func(int, float64) error { return nil }); err != nil {
		b.Fatal(err)
	}
	var weights [][]float64
	for _, w := range trainer.Weights() {
		wide := make([]float64, len(w))
		for i, x := range w {
			wide[i] = float64(x)
		}
		weights = append(weights, wide)
	}
	network, err := mlp.NewNetwork(widths, weights)
	if err != nil {
		b.Fatal(err)
	}
	pt, err := NewPoint(b.Context(), network, data, 2)
	if err != nil {
		b.Fatal(err)
	}
	return pt
}

// BenchmarkHessianVector is one product with H over 10,000 MNIST objects. The
// rate counts the operations of the dense formulas, which other programs do;
// black pixels are skipped here, so it can exceed what the hardware has.
func BenchmarkHessianVector(b *testing.B) {
	for _, h := range []int{4, 16, 64} {
		for _, block := range []int{1, 10} {
			b.Run(fmt.Sprintf("h=%d/block=%d", h, block), func(b *testing.B) {
				pt := trained(b, h)
				op, err := pt.Operator(Hessian, nil)
				if err != nil {
					b.Fatal(err)
				}
				src, dst := make([]float64, block*op.Dim()), make([]float64, block*op.Dim())
				s := rng.New(1, "curvature", "bench", 0)
				for i := range src {
					src[i] = s.Normal()
				}
				for b.Loop() {
					if err := op.Apply(b.Context(), dst, src, block); err != nil {
						b.Fatal(err)
					}
				}
				per := b.Elapsed().Seconds() / float64(b.N*block)
				b.ReportMetric(per*1e3, "ms/product")
				n := pt.Network
				flops := 2 * (6*float64(n.Parameters()) - 4*float64(len(n.Weights[0]))) * float64(pt.Data.Objects)
				b.ReportMetric(flops/per/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkGradient is the unit that a product is compared with: forward and
// backward.
func BenchmarkGradient(b *testing.B) {
	for _, h := range []int{16, 64} {
		b.Run(fmt.Sprintf("h=%d", h), func(b *testing.B) {
			pt := trained(b, h)
			for b.Loop() {
				there, err := NewPoint(b.Context(), pt.Network, pt.Data, pt.Workers)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := there.Gradient(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTop20 finds the 20 largest eigenvalues of H to 1e-6, certificate
// included.
func BenchmarkTop20(b *testing.B) {
	for _, h := range []int{16, 64} {
		b.Run(fmt.Sprintf("h=%d", h), func(b *testing.B) {
			op, err := trained(b, h).Operator(Hessian, nil)
			if err != nil {
				b.Fatal(err)
			}
			products := 0
			for b.Loop() {
				r, err := op.Ends(b.Context(), Ends{Top: 20, Tolerance: 1e-6, Floor: 1e-12}, nil)
				if err != nil {
					b.Fatal(err)
				}
				if !r.Converged {
					b.Fatalf("not converged after %d products", r.Products)
				}
				products = r.Products
			}
			b.ReportMetric(float64(products), "products")
		})
	}
}

// BenchmarkQuadrature is 80 steps from 10 probes.
func BenchmarkQuadrature(b *testing.B) {
	op, err := trained(b, 16).Operator(Hessian, nil)
	if err != nil {
		b.Fatal(err)
	}
	p := eigen.Probing{Steps: 80, Workers: 2}
	for i := range 10 {
		p.Probes = append(p.Probes, randomVector(op.Dim(), i))
	}
	for b.Loop() {
		if _, err := eigen.Quadrature(b.Context(), op, p); err != nil {
			b.Fatal(err)
		}
	}
}
