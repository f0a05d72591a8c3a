package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// ReLU32 sets dst[i] to z[i] where z[i] > 0 and to +0 elsewhere (so −0, and a
// NaN, become +0). dst may be z.
func ReLU32(dst, z []float32) {
	dst = dst[:len(z)]
	if n := len(z) / 8; elementwise && vector && n > 0 {
		relu32(&dst[0], &z[0], n)
		dst, z = dst[n*8:], z[n*8:]
	}
	for i, v := range z {
		if !(v > 0) {
			v = 0
		}
		dst[i] = v
	}
}

// MaskReLU32 is the backward step of [ReLU32]: delta[i] becomes +0 unless
// x[i] > 0, where x is the layer's input or output of the ReLU (both have the
// same mask).
func MaskReLU32(delta, x []float32) {
	x = x[:len(delta)]
	if n := len(x) / 8; elementwise && vector && n > 0 {
		maskReLU32(&delta[0], &x[0], n)
		delta, x = delta[n*8:], x[n*8:]
	}
	for i, v := range x {
		if !(v > 0) {
			delta[i] = 0
		}
	}
}

// AdamStep holds the scalars of one Adam step, each already rounded to float32.
// With step count t: StepSize = lr/(1−β₁ᵗ), InvSqrtCorrection2 = 1/√(1−β₂ᵗ).
type AdamStep struct {
	OneMinusBeta1, Beta2, OneMinusBeta2 float32
	StepSize, InvSqrtCorrection2, Eps   float32
}

// Magnitudes below which Adam32 takes a number for 0.
const (
	minGradient = 0x1p-50
	minMoment1  = 0x1p-56
	minMoment2  = 0x1p-120
)

// Adam32 updates weights w and the moments m and v by the gradient g, all of
// one length, in PyTorch's order, every operation rounded by itself:
//
//	g  = 0 where |g| < 2⁻⁵⁰
//	m += (g − m)·(1−β₁), 0 where |m| < 2⁻⁵⁶
//	v  = v·β₂ + (g·(1−β₂))·g, 0 where v < 2⁻¹²⁰
//	w −= (m·step) / (√v·correction + ε)
//
// Without the three masks the moments of a weight whose gradient stays 0 (a dead
// ReLU) would decay into the subnormal numbers and stay there, and on some
// processors each operation on one takes about 150 cycles. With them none of the
// intermediates is subnormal (below 2⁻¹²⁶), provided that m and v begin at 0, for
// β₁ and β₂ that are 0 or from 2⁻⁶ to 1−2⁻²⁴, ε ≥ 2⁻¹²⁶, and step ≥ 2⁻⁴⁷
// times the denominator, the fourth line's:
//
//   - g·(1−β₂) ≥ 2⁻⁷⁴ and its product with g ≥ 2⁻¹²⁴, or both are 0;
//   - g − m is −m ≥ 2⁻⁵⁶ where g is 0. Else it is a multiple of the last bit of
//     the smaller, which is 2⁻⁷⁹ or more; it is 0 or ≥ 2⁻⁷⁹, and its product
//     with 1−β₁ is 0 or ≥ 2⁻¹⁰³. The new m adds multiples of 2⁻¹²⁶;
//   - v·β₂ is 0 or ≥ 2⁻¹²⁶, and both terms of the new v are positive;
//   - √v is 0 or ≥ 2⁻⁶⁰, and the correction is at least 1;
//   - m·step and the quotient are 0 or ≥ 2⁻¹⁰³, so a weight that begins as a
//     multiple of 2⁻¹²⁶ remains one.
//
// What is left out is far below the last bit of a weight: while √v ≤ ε = 10⁻⁸, a
// first moment of 2⁻⁵⁶ would move a weight by 10⁻⁹ of the step. The masks are
// ordered so that v becomes 0 only where m does (|m| ≤ 16√v for the usual β),
// lest m be divided by ε alone. NaN is kept.
func Adam32(w, m, v, g []float32, s AdamStep) {
	m, v, g = m[:len(w)], v[:len(w)], g[:len(w)]
	if n := len(w) / 8; elementwise && vector && n > 0 {
		adam32(&w[0], &m[0], &v[0], &g[0], (*[6]float32)(unsafe.Pointer(&s)), n)
		w, m, v, g = w[n*8:], m[n*8:], v[n*8:], g[n*8:]
	}
	for i, x := range g {
		if -minGradient < x && x < minGradient {
			x = 0
		}
		d := x - m[i]
		mi := m[i] + float32(d*s.OneMinusBeta1)
		if -minMoment1 < mi && mi < minMoment1 {
			mi = 0
		}
		vi := float32(v[i]*s.Beta2) + float32(float32(x*s.OneMinusBeta2)*x)
		if vi < minMoment2 {
			vi = 0
		}
		root := float32(math.Sqrt(float64(vi)))
		den := float32(root*s.InvSqrtCorrection2) + s.Eps
		w[i] -= float32(mi*s.StepSize) / den
		m[i], v[i] = mi, vi
	}
}

// ColSums32 sets dst[j] to scale times the sum of column j of the m×n
// row-major matrix a, rows added in index order starting at +0, the scale
// applied last.
func ColSums32(dst, a []float32, m, n int, scale float32) {
	if n < 0 || m < 0 || len(dst) < n || len(a) < m*n {
		panic(fmt.Sprintf("kernel: column sums of %d×%d from %d elements into %d", m, n, len(a), len(dst)))
	}
	dst = dst[:n]
	j := 0
	if elementwise && vector && m > 0 {
		if wide {
			for ; n-j >= 64; j += 64 {
				colSums32x4wide(&dst[j], &a[j], uintptr(n)*4, m)
			}
			for ; n-j >= 16; j += 16 {
				colSums32x1wide(&dst[j], &a[j], uintptr(n)*4, m)
			}
		}
		for ; n-j >= 32; j += 32 {
			colSums32x4(&dst[j], &a[j], uintptr(n)*4, m)
		}
		for ; n-j >= 8; j += 8 {
			colSums32x1(&dst[j], &a[j], uintptr(n)*4, m)
		}
		if n-j >= 4 {
			colSums32half(&dst[j], &a[j], uintptr(n)*4, m)
			j += 4
		}
	}
	if j < n {
		rest := dst[j:]
		clear(rest)
		for i := range m {
			for l, v := range a[i*n+j : (i+1)*n] {
				rest[l] += v
			}
		}
	}
	for j := range dst {
		dst[j] *= scale
	}
}

// Transpose32 sets dst (n×m) to the transpose of a (m×n), both row-major and
// contiguous. dst must not overlap a.
func Transpose32(dst, a []float32, m, n int) {
	checkTranspose(len(dst), len(a), m, n)
	if vector {
		transpose(dst, m, a, n, m, n)
		return
	}
	for i := range m {
		for j, v := range a[i*n : (i+1)*n] {
			dst[j*m+i] = v
		}
	}
}

// Gather32 widens rows of bytes to float32: row i of dst (stride ld ≥ cols)
// is fma(u, scale, shift) of row rows[i] of u, a matrix of bytes with cols
// columns. A stride that is an odd multiple of 16 keeps rows out of each
// other's cache sets.
func Gather32(dst []float32, ld int, u []uint8, cols int, rows []int32, scale, shift float32) {
	var table [256]float32
	if len(rows) > 0 && (!elementwise || !vector || cols%8 != 0) {
		for v := range table {
			table[v] = fma32(float32(v), scale, shift)
		}
	}
	for i, r := range rows {
		out := dst[i*ld : i*ld+cols]
		in := u[int(r)*cols : (int(r)+1)*cols]
		if n := cols / 8; elementwise && vector && n > 0 {
			widen32(&out[0], &in[0], scale, shift, n)
			out, in = out[n*8:], in[n*8:]
		}
		for j, b := range in {
			out[j] = table[b]
		}
	}
}

func checkTranspose(lenDst, lenA, m, n int) {
	if m < 0 || n < 0 || lenDst < m*n || lenA < m*n {
		panic(fmt.Sprintf("kernel: transpose of %d×%d from %d elements into %d", m, n, lenA, lenDst))
	}
}
