package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// awkward returns values among which are zeros of both signs, subnormals,
// numbers that cancel and, if extreme, ones that overflow.
func awkward32(rng *rand.Rand, n int, extreme bool) []float32 {
	s := make([]float32, n)
	for i := range s {
		switch r := rng.IntN(20); {
		case r == 0:
			s[i] = 0
		case r == 1:
			s[i] = float32(math.Copysign(0, -1))
		case r == 2:
			s[i] = math.Float32frombits(rng.Uint32() & 0x807fffff)
		case r == 3:
			s[i] = float32(rng.IntN(5) - 2)
		case r == 4 && extreme:
			s[i] = float32(rng.Float64()*2-1) * math.MaxFloat32
		case r == 5 && extreme:
			s[i] = float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(120)-140))
		default:
			s[i] = float32(rng.Float64()*2 - 1)
		}
	}
	return s
}

func awkward64(rng *rand.Rand, n int, extreme bool) []float64 {
	s := make([]float64, n)
	for i, v := range awkward32(rng, n, false) {
		s[i] = float64(v)
		if v != 0 { // zeros of both signs stay
			s[i] += rng.Float64() * 0x1p-30
		}
		if extreme && rng.IntN(20) == 0 {
			s[i] = math.Ldexp(s[i], rng.IntN(2000)-1000)
		}
	}
	return s
}

// same reports the first element in which got and want differ in a bit; any
// NaN equals any other.
func same32(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d is %x, the scalar code gives %x", what, i, got[i], want[i])
		}
	}
}

func same64(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d is %x, the scalar code gives %x", what, i, got[i], want[i])
		}
	}
}

// TestProductsMatchScalar compares each vector path with the scalar twin, bit
// for bit: all small tails, block edges, strides that make the driver pack, and
// values where roundings differ.
func TestProductsMatchScalar(t *testing.T) { eachPath(t, productsMatchScalar) }

func productsMatchScalar(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	var shapes [][3]int
	for n := 1; n <= 70; n++ {
		shapes = append(shapes, [3]int{rng.IntN(70) + 1, n, rng.IntN(70) + 1}, [3]int{n, rng.IntN(70) + 1, rng.IntN(40) + 1})
	}
	shapes = append(shapes, [3]int{64, 16, 784}, [3]int{16, 8, 641}, [3]int{64, 16, 512}, [3]int{64, 64, 128},
		[3]int{100, 300, 33}, [3]int{197, 20, 330}, [3]int{3, 0, 4}, [3]int{3, 4, 0}, [3]int{0, 3, 4}, [3]int{12, 4, 1024})
	for i, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		extreme, add := i%3 == 0, i%2 == 0
		name := fmt.Sprintf("%d×%d×%d add=%t", m, n, k, add)
		a, b, c := awkward32(rng, m*k, extreme), awkward32(rng, k*n, extreme), awkward32(rng, m*n, extreme)
		check := func(op string, f func(c, a, b []float32, m, n, k int, add bool), aRow, aCol, bRow, bCol int) {
			got := append([]float32(nil), c...)
			want := append([]float32(nil), c...)
			f(got, a, b, m, n, k, add)
			mulScalar32(want, n, a, aRow, aCol, b, bRow, bCol, m, n, k, add)
			same32(t, op+" "+name, got, want)
		}
		check("MulNN32", MulNN32, k, 1, n, 1)
		check("MulTN32", MulTN32, 1, m, n, 1)
		check("MulNT32", MulNT32, k, 1, 1, k)

		a64, b64, c64 := awkward64(rng, m*k, extreme), awkward64(rng, k*n, extreme), awkward64(rng, m*n, extreme)
		check64 := func(op string, f func(c, a, b []float64, m, n, k int, add bool), aRow, aCol, bRow, bCol int) {
			got := append([]float64(nil), c64...)
			want := append([]float64(nil), c64...)
			f(got, a64, b64, m, n, k, add)
			mulScalar64(want, n, a64, aRow, aCol, b64, bRow, bCol, m, n, k, add)
			same64(t, op+" "+name, got, want)
		}
		check64("MulNN64", MulNN64, k, 1, n, 1)
		check64("MulTN64", MulTN64, 1, m, n, 1)
		check64("MulNT64", MulNT64, k, 1, 1, k)
	}
}
