package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The tests in this file ask whether the operations compute what their names
// say, against plain float64 arithmetic with a tolerance; that all paths give
// the same bits is asked elsewhere.

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*(1+math.Abs(want))) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func uniform[T float](rng *rand.Rand, n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(rng.Float64()*2 - 1)
	}
	return s
}

func TestProductsAgainstSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	const m, n, k = 19, 23, 31
	a, b, c := uniform[float32](rng, m*k), uniform[float32](rng, k*n), uniform[float32](rng, m*n)
	bytes, table := sparseBytes(rng, m*k, 0.5), byteTable64()
	b64 := uniform[float64](rng, k*n)
	at := make([]float32, k*m)
	bt := make([]float32, n*k)
	Transpose32(at, a, m, k)
	Transpose32(bt, b, k, n)
	nn, tn, nt := append([]float32(nil), c...), make([]float32, m*n), make([]float32, m*n)
	MulNN32(nn, a, b, m, n, k, true)
	MulTN32(tn, at, b, m, n, k, false)
	MulNT32(nt, a, bt, m, n, k, false)
	u8 := make([]float64, m*n)
	MulNN64U8(u8, bytes, k, table, b64, m, n, k, false)
	for i := range m {
		for j := range n {
			sum, sumU8 := 0.0, 0.0
			for p := range k {
				sum += float64(a[i*k+p]) * float64(b[p*n+j])
				sumU8 += table[bytes[i*k+p]] * b64[p*n+j]
			}
			near(t, "MulNN32 with add", float64(nn[i*n+j]), sum+float64(c[i*n+j]), 1e-5)
			near(t, "MulTN32", float64(tn[i*n+j]), sum, 1e-5)
			near(t, "MulNT32", float64(nt[i*n+j]), sum, 1e-5)
			near(t, "MulNN64U8", u8[i*n+j], sumU8, 1e-13)
		}
	}
}

// TestSparseAgainstDense multiplies the same bytes by both ways, which differ
// in rounding only.
func TestSparseAgainstDense(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	const objects, n0, h = 40, 61, 13
	u := sparseBytes(rng, objects*n0, 0.2)
	table := byteTable64()
	s, s64 := NewSparse32(u, objects, n0, byteTable32()), NewSparse64(u, objects, n0, table)
	rows := []int32{7, 39, 0, 12}
	w, d, init := uniform[float32](rng, n0*h), uniform[float32](rng, len(rows)*h), uniform[float32](rng, h)
	z, g := make([]float32, len(rows)*h), make([]float32, n0*h)
	SparseMulNN32(z, s, rows, w, h, init)
	SparseMulTN32(g, s, rows, d, h, init)
	for j := range h {
		for i, r := range rows {
			sum := float64(init[j])
			for p := range n0 {
				sum += table[u[int(r)*n0+p]] * float64(w[p*h+j])
			}
			near(t, "SparseMulNN32", float64(z[i*h+j]), sum, 1e-5)
		}
		for p := range n0 {
			sum := float64(init[j])
			for i, r := range rows {
				sum += table[u[int(r)*n0+p]] * float64(d[i*h+j])
			}
			near(t, "SparseMulTN32", float64(g[p*h+j]), sum, 1e-5)
		}
	}
	w64, d64 := uniform[float64](rng, n0*h), uniform[float64](rng, objects*h)
	got, want := make([]float64, objects*h), make([]float64, objects*h)
	SparseMul64(got, h, s64, 0, objects, w64, h, h, nil)
	MulNN64U8(want, u, n0, table, w64, objects, h, n0, false)
	for i := range want {
		near(t, "SparseMul64", got[i], want[i], 1e-13)
	}
	got, want = make([]float64, n0*h), make([]float64, n0*h)
	SparseMul64(got, h, s64.Transposed(), 0, n0, d64, h, h, nil)
	MulTN64U8(want, u, n0, table, d64, n0, h, objects, false)
	for i := range want {
		near(t, "SparseMul64 of the transpose", got[i], want[i], 1e-13)
	}
}

// TestSparseSharing proves that ranges of rows and of columns give the bits
// of the whole product.
func TestSparseSharing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	const objects, n0, h = 300, 50, 45
	s := NewSparse64(sparseBytes(rng, objects*n0, 0.3), objects, n0, byteTable64())
	b, init := uniform[float64](rng, n0*h), uniform[float64](rng, h)
	want, got := make([]float64, objects*h), make([]float64, objects*h)
	SparseMul64(want, h, s, 0, objects, b, h, h, init)
	for _, rows := range [][2]int{{0, 17}, {17, 211}, {211, 300}} {
		for _, cols := range [][2]int{{0, 5}, {5, 40}, {40, 45}} {
			SparseMul64(got[rows[0]*h+cols[0]:], h, s, rows[0], rows[1], b[cols[0]:], h, cols[1]-cols[0], init[cols[0]:])
		}
	}
	same64(t, "SparseMul64 in parts", got, want)
}

func TestSoftmaxAgainstFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	const classes, n = 7, 21
	z := uniform[float32](rng, classes*n)
	for i := range z {
		z[i] *= 12
	}
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(rng.IntN(classes))
	}
	delta := make([]float32, classes*n)
	loss := SoftmaxCrossEntropy32(delta, z, labels, classes, n, 0.25)
	want := 0.0
	for i := range n {
		sum := 0.0
		for c := range classes {
			sum += math.Exp(float64(z[c*n+i]))
		}
		want += math.Log(sum) - float64(z[int(labels[i])*n+i])
		for c := range classes {
			p := math.Exp(float64(z[c*n+i])) / sum
			if c == int(labels[i]) {
				p--
			}
			near(t, "delta", float64(delta[c*n+i]), 0.25*p, 1e-6)
		}
	}
	near(t, "loss", loss, want, 1e-6)
}

func TestAdamAgainstFloat64(t *testing.T) {
	const lr, beta1, beta2, eps = 1e-3, 0.9, 0.999, 1e-8
	rng := rand.New(rand.NewPCG(5, 5))
	w := uniform[float32](rng, 29)
	m, v := make([]float32, len(w)), make([]float32, len(w))
	want := make([]float64, len(w))
	for i := range w {
		want[i] = float64(w[i])
	}
	m64, v64 := make([]float64, len(w)), make([]float64, len(w))
	for step := 1; step <= 5; step++ {
		g := uniform[float32](rng, len(w))
		c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
		Adam32(w, m, v, g, AdamStep{
			OneMinusBeta1: float32(1 - beta1), Beta2: beta2, OneMinusBeta2: float32(1 - beta2),
			StepSize: float32(lr / c1), InvSqrtCorrection2: float32(1 / math.Sqrt(c2)), Eps: eps,
		})
		for i := range w {
			x := float64(g[i])
			m64[i] = beta1*m64[i] + (1-beta1)*x
			v64[i] = beta2*v64[i] + (1-beta2)*x*x
			want[i] -= lr / c1 * m64[i] / (math.Sqrt(v64[i]/c2) + eps)
			near(t, "weight", float64(w[i]), want[i], 1e-6)
		}
	}
}

func TestReductionsAgainstFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, y := uniform[float64](rng, 1001), uniform[float64](rng, 1001)
	dot, sum := 0.0, 0.0
	for i := range x {
		dot += x[i] * y[i]
		sum += x[i]
	}
	near(t, "Dot64", Dot64(x, y), dot, 1e-13)
	near(t, "Sum64", Sum64(x), sum, 1e-13)
	var four [4]float64
	Dot4x64(&four, x, y, x, y, y)
	if four[0] != Dot64(x, y) || four[1] != Dot64(y, y) {
		t.Errorf("Dot4x64 gives %v, Dot64 %v and %v", four, Dot64(x, y), Dot64(y, y))
	}
	a := uniform[float32](rng, 9*20)
	sums := make([]float32, 20)
	ColSums32(sums, a, 9, 20, -2)
	for j := range sums {
		want := 0.0
		for i := range 9 {
			want += float64(a[i*20+j])
		}
		near(t, "ColSums32", float64(sums[j]), -2*want, 1e-6)
	}
}

func TestElementwiseProducts(t *testing.T) {
	// (1+2⁻³⁰)² is not exact: its last bit shows whether a product was rounded before
	// it was added.
	const x = 1 + 0x1p-30
	for _, n := range []int{1, 7, 16, 37} {
		a, c, dst := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], c[i] = x*float64(i+1), -x*float64(i+1)
		}
		Mul64(dst, a, a)
		for i, v := range dst {
			if want := float64(a[i] * a[i]); v != want {
				t.Errorf("Mul64: %v, want %v", v, want)
			}
		}
		SumProducts64(dst, a, a, a, c)
		for _, v := range dst {
			if v != 0 {
				t.Errorf("SumProducts64: %v, want 0: a product was not rounded", v)
			}
		}
		SumProducts64(dst, a, make([]float64, n), a, c)
		for i, v := range dst {
			if want := -float64(a[i] * a[i]); v != want {
				t.Errorf("SumProducts64 with a factor 0: %v, want %v", v, want)
			}
		}
	}
}

// TestShortSlicesPanic holds the only guard between a wrong shape and memory
// that is not the caller's.
func TestShortSlicesPanic(t *testing.T) {
	f, d := make([]float32, 11), make([]float64, 11)
	s := NewSparse32(make([]uint8, 12), 4, 3, byteTable32())
	s64 := NewSparse64(make([]uint8, 12), 4, 3, byteTable64())
	tests := map[string]func(){
		"C":              func() { MulNN32(f, f, f, 3, 4, 1, false) },
		"A":              func() { MulNN32(f, f, f, 3, 1, 4, false) },
		"B":              func() { MulNT64(d, d, d, 1, 3, 4, false) },
		"negative":       func() { MulTN64(d, d, d, 2, -1, 2, false) },
		"bytes":          func() { MulNN64U8(d, make([]uint8, 5), 3, byteTable64(), d, 2, 1, 3, false) },
		"sparse B":       func() { SparseMulNN32(f, s, []int32{0}, f, 4, nil) },
		"sparse D":       func() { SparseMulTN32(f, s, []int32{0, 1, 2, 3}, f[:8], 3, nil) },
		"sparse init":    func() { SparseMulNN32(f, s, []int32{0}, f, 3, f[:2]) },
		"sparse row":     func() { SparseMulNN32(f, s, []int32{4}, f, 3, nil) },
		"sparse rows":    func() { SparseMul64(d, 1, s64, 2, 5, d, 1, 1, nil) },
		"sparse matrix":  func() { NewSparse32(make([]uint8, 11), 4, 3, byteTable32()) },
		"softmax label":  func() { SoftmaxCrossEntropy32(f, f, []uint8{3}, 3, 1, 1) },
		"softmax logits": func() { SoftmaxCrossEntropy32(f, f, make([]uint8, 4), 3, 4, 1) },
		"transpose":      func() { Transpose32(f, f, 3, 4) },
		"column sums":    func() { ColSums32(f, f, 3, 4, 1) },
		"ReLU":           func() { ReLU32(f[:3:3], f) },
		"Adam":           func() { Adam32(f, f, f, f[:3:3], AdamStep{}) },
		"Axpy64":         func() { Axpy64(d, 1, d[:3:3]) },
		"Mul64":          func() { Mul64(d, d, d[:3:3]) },
		"SumProducts64":  func() { SumProducts64(d, d, d, d, d[:3:3]) },
		"Dot64":          func() { Dot64(d, d[:3:3]) },
	}
	for name, call := range tests {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
