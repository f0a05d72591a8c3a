package kernel

// ReLU64 is [ReLU32] in float64.
func ReLU64(dst, z []float64) {
	dst = dst[:len(z)]
	if n := len(z) / 4; elementwise && vector && n > 0 {
		relu64(&dst[0], &z[0], n)
		dst, z = dst[n*4:], z[n*4:]
	}
	for i, v := range z {
		if !(v > 0) {
			v = 0
		}
		dst[i] = v
	}
}

// MaskReLU64 is [MaskReLU32] in float64.
func MaskReLU64(delta, x []float64) {
	x = x[:len(delta)]
	if n := len(x) / 4; elementwise && vector && n > 0 {
		maskReLU64(&delta[0], &x[0], n)
		delta, x = delta[n*4:], x[n*4:]
	}
	for i, v := range x {
		if !(v > 0) {
			delta[i] = 0
		}
	}
}

// Transpose64 is [Transpose32] in float64.
func Transpose64(dst, a []float64, m, n int) {
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

// Dot64 is Σ x[i]·y[i] with 8 virtual lanes: lane l takes one fused
// multiply-add for each of the elements l, l+8, l+16, … in order; then lanes
// l and l+4 are added, l and l+2, l and l+1.
func Dot64(x, y []float64) float64 {
	var lane [8]float64
	y = y[:len(x)]
	if n := len(x) / 8; elementwise && vector && n > 0 {
		dot64(&lane, &x[0], &y[0], n)
		x, y = x[n*8:], y[n*8:]
	}
	dotTail64(&lane, x, y)
	return tree64(&lane)
}

// Dot4x64 sets dst[q] to Dot64(xq, y) for q = 0…3, reading y once. All have
// the length of y.
func Dot4x64(dst *[4]float64, x0, x1, x2, x3, y []float64) {
	var lane [4][8]float64
	x := [4][]float64{x0[:len(y)], x1[:len(y)], x2[:len(y)], x3[:len(y)]}
	done := 0
	if n := len(y) / 8; elementwise && vector && n > 0 {
		dot4x64(&lane, &x0[0], &x1[0], &x2[0], &x3[0], &y[0], n)
		done = n * 8
	}
	for q := range dst {
		dotTail64(&lane[q], x[q][done:], y[done:])
		dst[q] = tree64(&lane[q])
	}
}

// dotTail64 takes products into the lanes, from lane 0 on.
func dotTail64(lane *[8]float64, x, y []float64) {
	for i, v := range x {
		lane[i&7] = fma64(v, y[i], lane[i&7])
	}
}

// Sum64 is Σ x[i] with the lanes and the tree of [Dot64].
func Sum64(x []float64) float64 {
	var lane [8]float64
	for ; len(x) >= 8; x = x[8:] {
		for l, v := range x[:8] {
			lane[l] += v
		}
	}
	for l, v := range x {
		lane[l] += v
	}
	return tree64(&lane)
}

func tree64(lane *[8]float64) float64 {
	for w := 4; w > 0; w >>= 1 {
		for l := range w {
			lane[l] += lane[l+w]
		}
	}
	return lane[0]
}

// Axpy64 is y = fma(alpha, x, y), element by element; x has the length of y.
func Axpy64(y []float64, alpha float64, x []float64) {
	x = x[:len(y)]
	if n := len(y) / 4; elementwise && vector && n > 0 {
		axpy64(&y[0], alpha, &x[0], n)
		y, x = y[n*4:], x[n*4:]
	}
	axpyScalar64(y, alpha, x)
}

// Axpy4x64 is four [Axpy64] with x0 to x3 in turn, in one pass over y. All
// have the length of y.
func Axpy4x64(y []float64, alpha *[4]float64, x0, x1, x2, x3 []float64) {
	n := len(y)
	x0, x1, x2, x3 = x0[:n], x1[:n], x2[:n], x3[:n]
	done := 0
	if n := n / 4; elementwise && vector && n > 0 {
		axpy4x64(&y[0], alpha, &x0[0], &x1[0], &x2[0], &x3[0], n)
		done = n * 4
	}
	for i := done; i < n; i++ {
		y[i] = fma64(alpha[3], x3[i], fma64(alpha[2], x2[i], fma64(alpha[1], x1[i], fma64(alpha[0], x0[i], y[i]))))
	}
}

// Scale64 is x = alpha·x, element by element.
func Scale64(x []float64, alpha float64) {
	if n := len(x) / 4; elementwise && vector && n > 0 {
		scale64(&x[0], alpha, n)
		x = x[n*4:]
	}
	for i := range x {
		x[i] *= alpha
	}
}

// Mul64 sets dst[i] to a[i]·b[i]; a and b have the length of dst, which may be one of
// them.
func Mul64(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	if n := len(dst) / 4; elementwise && vector && n > 0 {
		mul64(&dst[0], &a[0], &b[0], n)
		dst, a, b = dst[n*4:], a[n*4:], b[n*4:]
	}
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// SumProducts64 sets dst[i] to a[i]·b[i] + c[i]·d[i], both products rounded; all have
// the length of dst, which may be one of them.
func SumProducts64(dst, a, b, c, d []float64) {
	a, b, c, d = a[:len(dst)], b[:len(dst)], c[:len(dst)], d[:len(dst)]
	if n := len(dst) / 4; elementwise && vector && n > 0 {
		sumProducts64(&dst[0], &a[0], &b[0], &c[0], &d[0], n)
		dst, a, b, c, d = dst[n*4:], a[n*4:], b[n*4:], c[n*4:], d[n*4:]
	}
	for i := range dst {
		dst[i] = float64(a[i]*b[i]) + float64(c[i]*d[i])
	}
}
