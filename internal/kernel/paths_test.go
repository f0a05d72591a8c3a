package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// sparseBytes returns bytes of which some share is not zero.
func sparseBytes(rng *rand.Rand, n int, share float64) []uint8 {
	u := make([]uint8, n)
	for i := range u {
		if rng.Float64() < share {
			u[i] = uint8(rng.IntN(256))
		}
	}
	return u
}

func byteTable32() *[256]float32 {
	var t [256]float32
	for u := range t {
		t[u] = float32(2*u) / 255
	}
	return &t
}

func byteTable64() *[256]float64 {
	var t [256]float64
	for u := range t {
		t[u] = float64(2*u) / 255
	}
	return &t
}

// TestPathsAgree runs every operation on each vector path and on the scalar
// path and compares all that they write, bit for bit, for every length up to
// 70, some longer ones and awkward values. The products have a test of their own.
func TestPathsAgree(t *testing.T) { eachPath(t, pathsAgree) }

func pathsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for i := range 77 {
		n := i
		if i > 70 {
			n = 71 + rng.IntN(120)
		}
		extreme := n%2 == 1
		x, y, z, w := awkward32(rng, n, extreme), awkward32(rng, n, extreme), awkward32(rng, n, extreme), awkward32(rng, n, extreme)
		for i := range z {
			z[i] = abs32(z[i]) // second moments
		}
		d := [5][]float64{}
		for i := range d {
			d[i] = awkward64(rng, n, extreme)
		}
		const rows = 13
		table := awkward32(rng, rows*n, false)
		bytes := sparseBytes(rng, rows*n, 0.3)
		dense := awkward32(rng, rows*n, false)
		adam := AdamStep{0.1, 0.999, 0.001, 0.0031, 1.7, 1e-8}

		type outcome struct {
			f, d []string // what the slices are
			f32  [][]float32
			f64  [][]float64
		}
		run := func() (o outcome) {
			keep32 := func(what string, s []float32) { o.f, o.f32 = append(o.f, what), append(o.f32, s) }
			keep64 := func(what string, s []float64) { o.d, o.f64 = append(o.d, what), append(o.f64, s) }
			c32 := func(s []float32) []float32 { return append([]float32(nil), s...) }
			c64 := func(s []float64) []float64 { return append([]float64(nil), s...) }

			out := make([]float32, n)
			ReLU32(out, x)
			keep32("ReLU32", out)
			out = c32(x)
			MaskReLU32(out, y)
			keep32("MaskReLU32", out)
			aw, am, av := c32(x), c32(y), c32(z)
			Adam32(aw, am, av, w, adam)
			keep32("Adam32", aw)
			keep32("Adam32", am)
			keep32("Adam32", av)
			out = make([]float32, n)
			ColSums32(out, table, rows, n, -0.5)
			keep32("ColSums32", out)
			out = make([]float32, rows*n)
			Transpose32(out, table, rows, n)
			keep32("Transpose32", out)
			out = make([]float32, 3*(n+5))
			Gather32(out, n+5, bytes, n, []int32{7, 0, 12}, 2.0/255, -1)
			keep32("Gather32", out)

			dut := make([]float64, n)
			ReLU64(dut, d[0])
			keep64("ReLU64", dut)
			dut = c64(d[0])
			MaskReLU64(dut, d[1])
			keep64("MaskReLU64", dut)
			keep64("Dot64, Sum64", []float64{Dot64(d[0], d[1]), Sum64(d[2])})
			var four [4]float64
			Dot4x64(&four, d[0], d[1], d[2], d[3], d[4])
			keep64("Dot4x64", four[:])
			dut = c64(d[0])
			Axpy64(dut, 0.3, d[1])
			keep64("Axpy64", dut)
			dut = c64(d[0])
			Axpy4x64(dut, &[4]float64{0.3, -1.7, 1e-3, 3}, d[1], d[2], d[3], d[4])
			keep64("Axpy4x64", dut)
			dut = c64(d[0])
			Scale64(dut, 1.0/3)
			keep64("Scale64", dut)
			dut = make([]float64, n)
			Mul64(dut, d[0], d[1])
			keep64("Mul64", dut)
			dut = c64(d[0])
			SumProducts64(dut, dut, d[1], d[2], d[3])
			keep64("SumProducts64", dut)
			dut = make([]float64, 3*n)
			Transpose64(dut, append(append(c64(d[0]), d[1]...), d[2]...), 3, n)
			keep64("Transpose64", dut)

			if n > 0 {
				const cols = 29
				u := sparseBytes(rand.New(rand.NewPCG(3, uint64(n))), rows*cols, 0.4)
				clear(u[3*cols : 4*cols])
				batch := []int32{4, 3, 11, 0, 12}
				b := awkward32(rand.New(rand.NewPCG(4, uint64(n))), cols*n, extreme)
				s := NewSparse32(u, rows, cols, byteTable32())
				for _, init := range [][]float32{nil, x} {
					out = make([]float32, len(batch)*n)
					SparseMulNN32(out, s, batch, b, n, init)
					keep32("SparseMulNN32", out)
					out = make([]float32, cols*n)
					SparseMulTN32(out, s, batch, dense, n, init)
					keep32("SparseMulTN32", out)
				}
				b64 := awkward64(rand.New(rand.NewPCG(5, uint64(n))), cols*(n+3), extreme)
				s64 := NewSparse64(u, rows, cols, byteTable64())
				dut = make([]float64, 7*(n+1))
				SparseMul64(dut, n+1, s64, 2, 9, b64, n+3, n, d[0])
				keep64("SparseMul64", dut)
				dut = make([]float64, cols*n)
				SparseMul64(dut, n, s64.Transposed(), 0, cols, b64, n+3, n, nil)
				keep64("SparseMul64", dut)
				dut = make([]float64, rows*n)
				MulNN64U8(dut, u, cols, byteTable64(), b64, rows, n, cols, false)
				keep64("MulNN64U8", dut)
				dut = make([]float64, (cols-2)*n)
				MulTN64U8(dut, u[2:], cols, byteTable64(), b64, cols-2, n, rows, true)
				keep64("MulTN64U8", dut)

				const classes = 10
				labels := sparseBytes(rand.New(rand.NewPCG(6, uint64(n))), n, 1)
				for i := range labels {
					labels[i] %= classes
				}
				logits := awkward32(rand.New(rand.NewPCG(7, uint64(n))), classes*n, false)
				for i := range logits {
					logits[i] *= 40
				}
				loss := SoftmaxCrossEntropy32(logits, logits, labels, classes, n, 1.0/64)
				keep32("SoftmaxCrossEntropy32", logits)
				keep64("SoftmaxCrossEntropy32", []float64{loss})
			}
			return o
		}
		got := run()
		var want outcome
		withScalar(func() { want = run() })
		for i, what := range want.f {
			same32(t, fmt.Sprintf("%s of %d", what, n), got.f32[i], want.f32[i])
		}
		for i, what := range want.d {
			same64(t, fmt.Sprintf("%s of %d", what, n), got.f64[i], want.f64[i])
		}
	}
}

func abs32(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}
