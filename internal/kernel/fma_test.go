package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exact32 is a·b + c rounded once, by arbitrary precision; c and the product
// are finite.
func exact32(a, b, c float32) float32 {
	const prec = 700 // holds any sum of a product and a float32 exactly
	x := new(big.Float).SetPrec(prec).SetFloat64(float64(a))
	y := new(big.Float).SetPrec(prec).SetFloat64(float64(b))
	z := new(big.Float).SetPrec(prec).SetFloat64(float64(c))
	x.Mul(x, y)
	if x.Sign() == 0 || z.Sign() == 0 && x.Sign() == 0 {
		// Signs of zeros follow the IEEE rules, which float64 has.
		return float32(float64(float64(a)*float64(b)) + float64(c))
	}
	x.Add(x, z)
	if x.Sign() == 0 {
		return 0
	}
	f, _ := x.Float32()
	return f
}

func finite32(x float32) bool { return x-x == 0 }

// triple draws numbers that make rounding hard: all exponents, few bits,
// sums that cancel and results that are subnormal.
func triple(rng *rand.Rand) (a, b, c float32) {
	draw := func() float32 {
		v := math.Float32frombits(rng.Uint32())
		if rng.IntN(2) == 0 {
			v = math.Float32frombits(rng.Uint32() &^ (1<<rng.IntN(23) - 1))
		}
		return v
	}
	a, b, c = draw(), draw(), draw()
	switch rng.IntN(4) {
	case 0: // cancel
		c = -float32(float64(a) * float64(b))
	case 1: // halfway between neighbours, or nearly
		c = float32(math.Ldexp(float64(a)*float64(b), rng.IntN(60)-30))
	case 2: // subnormal result
		a = float32(math.Ldexp(rng.Float64()-0.5, -70))
		b = float32(math.Ldexp(rng.Float64()-0.5, -72-rng.IntN(12)))
		c = math.Float32frombits(rng.Uint32() & 0x80ffffff)
	}
	return a, b, c
}

func TestScalarFMAIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for range 100_000 {
		a, b, c := triple(rng)
		if !finite32(a) || !finite32(b) || !finite32(c) {
			continue
		}
		if got, want := fma32(a, b, c), exact32(a, b, c); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("fma32(%x, %x, %x) = %x, exactly %x", a, b, c, got, want)
		}
	}
}

// TestVectorFMAIsScalarFMA compares the path in use with fma32 on many
// triples, special values among them: a product with k = 1 is one operation.
func TestVectorFMAIsScalarFMA(t *testing.T) {
	special := []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, 0x1p-126, 0x1.fffffep-127, 0x1p-75, 0x1p64, float32(math.Inf(1)), float32(math.Inf(-1)),
	}
	for _, a := range special {
		for _, b := range special {
			for _, c := range special {
				checkFMA(t, a, []float32{b}, []float32{c})
			}
		}
	}
	rng := rand.New(rand.NewPCG(4, 2))
	const n = 1000
	for range 500 {
		a, _, _ := triple(rng)
		b, c := make([]float32, n), make([]float32, n)
		for i := range b {
			var x float32
			x, b[i], c[i] = triple(rng)
			if i%2 == 0 {
				c[i] = -float32(float64(a)*float64(b[i])) + x*0x1p-20
			}
		}
		checkFMA(t, a, b, c)
	}
}

func checkFMA(t *testing.T, a float32, b, c []float32) {
	t.Helper()
	got := append([]float32(nil), c...)
	MulNN32(got, []float32{a}, b, 1, len(b), 1, true)
	for i := range c {
		want := fma32(a, b[i], c[i])
		if math.Float32bits(got[i]) != math.Float32bits(want) && (got[i] == got[i] || want == want) {
			t.Fatalf("fma(%x, %x, %x): product %x, scalar %x", a, b[i], c[i], got[i], want)
		}
	}
}

func FuzzFMA(f *testing.F) {
	f.Add(uint32(0x3f800001), uint32(0x3f800001), uint32(0xbf800002))
	f.Add(uint32(0x1a000001), uint32(0x1a000003), uint32(0x00000001))
	f.Fuzz(func(t *testing.T, a, b, c uint32) {
		checkFMA(t, math.Float32frombits(a), []float32{math.Float32frombits(b)}, []float32{math.Float32frombits(c)})
	})
}

// FuzzProduct compares the paths on shapes and strides of the fuzzer's choice.
func FuzzProduct(f *testing.F) {
	f.Add(uint64(1), uint8(13), uint8(17), uint8(70), uint8(3), uint8(1), true)
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k, pad, layout uint8, add bool) {
		rng := rand.New(rand.NewPCG(seed, 1))
		rows, cols, terms, gap := int(m%80), int(n%80), int(k), int(pad%20)
		aRow, aCol, bRow, bCol := terms+gap, 1, cols+gap, 1
		if layout&1 != 0 {
			aRow, aCol = 1, rows+gap
		}
		if layout&2 != 0 {
			bRow, bCol = 1, terms+gap
		}
		if layout&4 != 0 {
			aRow, aCol = aRow*2, aCol*2
		}
		a := awkward32(rng, rows*aRow+terms*aCol+1, true)
		b := awkward32(rng, terms*bRow+cols*bCol+1, true)
		c := awkward32(rng, (rows+1)*(cols+gap), true)
		want := append([]float32(nil), c...)
		MulStrided32(c, cols+gap, a, aRow, aCol, b, bRow, bCol, rows, cols, terms, add)
		mulScalar32(want, cols+gap, a, aRow, aCol, b, bRow, bCol, rows, cols, terms, add)
		same32(t, "product", c, want) // what lies between the columns of C too
	})
}

// TestNoAllocations holds the promise of a training step.
func TestNoAllocations(t *testing.T) {
	x, w, z := fill[float32](64*784), fill[float32](784*32), fill[float32](64*32)
	d, e := fill[float64](64*96), fill[float64](96*96)
	u := digits(rand.New(rand.NewPCG(1, 1)), 64)
	s, s64 := NewSparse32(u, 64, 784, byteTable32()), NewSparse64(u, 64, 784, byteTable64())
	rows, labels := []int32{5, 1, 7}, make([]uint8, 64)
	big := fill[float64](784 * 40)
	table := byteTable64()
	tests := map[string]func(){
		"products": func() {
			MulNN32(z, x, w, 64, 32, 784, false)
			MulTN32(w, x, z, 784, 32, 64, false)
			MulNT32(z, x, w, 64, 32, 784, true)
			MulNT64(e, d, d, 64, 64, 96, true)
		},
		"sparse": func() {
			SparseMulNN32(z, s, rows, w, 32, nil)
			SparseMulTN32(w, s, rows, z, 32, nil)
			SparseMul64(d, 40, s64, 0, 64, big, 40, 40, nil)
			MulNN64U8(d, u, 784, table, big, 64, 40, 784, false)
		},
		"vectors": func() {
			Adam32(z, z, z, z, AdamStep{})
			SoftmaxCrossEntropy32(z, z, labels, 10, 64, 1)
			Dot64(d, d)
			ColSums32(z, w, 784, 32, -1)
			Gather32(x, 784, u, 784, rows, 1, 0)
		},
	}
	for name, f := range tests {
		f()
		if n := testing.AllocsPerRun(20, f); n >= 1 {
			t.Errorf("%s: %v allocations per call", name, n)
		}
	}
}
