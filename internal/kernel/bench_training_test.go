package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkSparse32 does the first layer of a batch of 64 images with the
// share of zeros that MNIST has; its GFLOP/s count the stored values only.
func BenchmarkSparse32(b *testing.B) {
	const objects, n0, batch = 2000, 784, 64
	rng := rand.New(rand.NewPCG(1, 1))
	s := NewSparse32(digits(rng, objects), objects, n0, byteTable32())
	rows := make([]int32, batch)
	stored := 0
	for i := range rows {
		rows[i] = int32(rng.IntN(objects))
		stored += int(s.rowPtr[rows[i]+1] - s.rowPtr[rows[i]])
	}
	for _, h := range []int{4, 8, 16, 32, 64} {
		w, z, sums := fill[float32](n0*h), fill[float32](batch*h), make([]float32, h)
		flops := 2 * float64(stored*h)
		b.Run(fmt.Sprintf("forward/%d", h), func(b *testing.B) {
			measure(b, flops, 32, func() { SparseMulNN32(z, s, rows, w, h, sums) })
		})
		b.Run(fmt.Sprintf("gradient/%d", h), func(b *testing.B) {
			measure(b, flops, 32, func() { SparseMulTN32(w, s, rows, z, h, sums) })
		})
	}
}

// digits draws images whose non-zero bytes lie in runs in the middle, about
// a fifth of all.
func digits(rng *rand.Rand, objects int) []uint8 {
	const side = 28
	u := make([]uint8, objects*side*side)
	for i := range objects {
		for y := 4; y < 24; y++ {
			for range 2 {
				x := 4 + rng.IntN(17)
				for l := range 2 + rng.IntN(4) {
					u[(i*side+y)*side+x+l] = uint8(1 + rng.IntN(255))
				}
			}
		}
	}
	return u
}

func BenchmarkTrainingVectors32(b *testing.B) {
	for _, n := range []int{4000, 70000} {
		w, m, v, g := fill[float32](n), fill[float32](n), make([]float32, n), fill[float32](n)
		s := AdamStep{0.1, 0.999, 0.001, 0.0031, 1.7, 1e-8}
		b.Run(fmt.Sprintf("adam/%d", n), func(b *testing.B) {
			measure(b, float64(n), 32, func() { Adam32(w, m, v, g, s) })
		})
	}
	x, y := fill[float32](64*64), fill[float32](64*64)
	b.Run("relu/4096", func(b *testing.B) { measure(b, 4096, 32, func() { ReLU32(x, y) }) })
	b.Run("mask/4096", func(b *testing.B) { measure(b, 4096, 32, func() { MaskReLU32(x, y) }) })
	b.Run("transpose/64×64", func(b *testing.B) { measure(b, 4096, 32, func() { Transpose32(x, y, 64, 64) }) })
	labels := make([]uint8, 64)
	z := fill[float32](10 * 64)
	b.Run("softmax/10×64", func(b *testing.B) {
		measure(b, 640, 32, func() { SoftmaxCrossEntropy32(x, z, labels, 10, 64, 1.0/64) })
	})
	sums, w := make([]float32, 64), fill[float32](784*64)
	for _, h := range []int{4, 16, 64} {
		b.Run(fmt.Sprintf("colsums/784×%d", h), func(b *testing.B) {
			measure(b, float64(784*h), 32, func() { ColSums32(sums, w, 784, h, -1) })
		})
	}
	u, rows := make([]uint8, 64*784), make([]int32, 64)
	b.Run("gather/64×784", func(b *testing.B) {
		measure(b, 64*784, 32, func() { Gather32(w, 784, u, 784, rows, 2.0/255, -1) })
	})
}

// BenchmarkBlocks64 is float64 over 10,000 objects, as the curvature needs it.
func BenchmarkBlocks64(b *testing.B) {
	const objects, n0 = 10000, 784
	u := digits(rand.New(rand.NewPCG(1, 1)), objects)
	table := byteTable64()
	s := NewSparse64(u, objects, n0, table)
	t := s.Transposed()
	for _, h := range []int{4, 8, 16, 64, 160} {
		w, z := fill[float64](n0*h), fill[float64](objects*h)
		dense := 2 * float64(objects*n0*h)
		stored := 2 * float64(len(s.u)*h)
		b.Run(fmt.Sprintf("bytes-NN/%d", h), func(b *testing.B) {
			measure(b, dense, 64, func() { MulNN64U8(z, u, n0, table, w, objects, h, n0, false) })
		})
		b.Run(fmt.Sprintf("bytes-TN/%d", h), func(b *testing.B) {
			measure(b, dense, 64, func() { MulTN64U8(w, u, n0, table, z, n0, h, objects, false) })
		})
		b.Run(fmt.Sprintf("sparse-NN/%d", h), func(b *testing.B) {
			measure(b, stored, 64, func() { SparseMul64(z, h, s, 0, objects, w, h, h, nil) })
		})
		b.Run(fmt.Sprintf("sparse-TN/%d", h), func(b *testing.B) {
			measure(b, stored, 64, func() { SparseMul64(w, h, t, 0, n0, z, h, h, nil) })
		})
	}
	for _, h := range []int{16, 64} {
		w, x, z := fill[float64](h*h), fill[float64](objects*h), fill[float64](objects*h)
		flops := 2 * float64(objects*h*h)
		b.Run(fmt.Sprintf("hidden-NN/%d", h), func(b *testing.B) {
			measure(b, flops, 64, func() { MulNN64(z, x, w, objects, h, h, false) })
		})
		b.Run(fmt.Sprintf("hidden-NT/%d", h), func(b *testing.B) {
			measure(b, flops, 64, func() { MulNT64(z, x, w, objects, h, h, false) })
		})
		b.Run(fmt.Sprintf("hidden-TN/%d", h), func(b *testing.B) {
			measure(b, flops, 64, func() { MulTN64(w, x, z, h, h, objects, false) })
		})
	}
}

func BenchmarkVectors64(b *testing.B) {
	for _, n := range []int{14000, 250000} {
		var x [5][]float64
		for i := range x {
			x[i] = fill[float64](n)
		}
		b.Run(fmt.Sprintf("dot/%d", n), func(b *testing.B) {
			measure(b, 2*float64(n), 64, func() { Dot64(x[0], x[1]) })
		})
		b.Run(fmt.Sprintf("dot4/%d", n), func(b *testing.B) {
			var d [4]float64
			measure(b, 8*float64(n), 64, func() { Dot4x64(&d, x[0], x[1], x[2], x[3], x[4]) })
		})
		b.Run(fmt.Sprintf("axpy4/%d", n), func(b *testing.B) {
			measure(b, 8*float64(n), 64, func() { Axpy4x64(x[4], &[4]float64{}, x[0], x[1], x[2], x[3]) })
		})
	}
}
