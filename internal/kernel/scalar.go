package kernel

import "math"

// fma32 returns a·b + c rounded once to float32, the value that one hardware
// fused multiply-add gives. The product of two float32 is exact in float64;
// the sum is rounded to odd (TwoSum's error decides the last bit), after
// which the second rounding, to float32, cannot go wrong.
func fma32(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b))
	d := float64(c)
	s := p + d
	t := s - p
	e := (p - (s - t)) + (d - t)
	if e != 0 {
		bits := math.Float64bits(s)
		// Nudging an infinite or NaN sum would turn it into a number (e is NaN
		// there, so this branch is reached).
		if bits&1 == 0 && bits&(0x7ff<<52) != 0x7ff<<52 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}

// fma64 is one fused multiply-add in float64, exact on every platform.
func fma64(a, b, c float64) float64 { return math.FMA(a, b, c) }

// mulScalar32 is the scalar twin of every float32 product: element (i, p) of
// A is a[i*aRow+p*aCol], element (p, j) of B is b[p*bRow+j*bCol].
func mulScalar32(c []float32, ldc int, a []float32, aRow, aCol int, b []float32, bRow, bCol int, m, n, k int, add bool) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if !add {
			clear(row)
		}
		for p := range k {
			x := a[i*aRow+p*aCol]
			if bCol == 1 {
				axpyScalar32(row, x, b[p*bRow:p*bRow+n])
				continue
			}
			for j := range row {
				row[j] = fma32(x, b[p*bRow+j*bCol], row[j])
			}
		}
	}
}

// axpyScalar32 is y = fma(x, b, y), element by element.
func axpyScalar32(y []float32, x float32, b []float32) {
	b = b[:len(y)]
	for j, v := range b {
		y[j] = fma32(x, v, y[j])
	}
}

// mulScalar64 is the scalar twin of every float64 product: element (i, p) of
// A is a[i*aRow+p*aCol], element (p, j) of B is b[p*bRow+j*bCol].
func mulScalar64(c []float64, ldc int, a []float64, aRow, aCol int, b []float64, bRow, bCol int, m, n, k int, add bool) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if !add {
			clear(row)
		}
		for p := range k {
			x := a[i*aRow+p*aCol]
			if bCol == 1 {
				axpyScalar64(row, x, b[p*bRow:p*bRow+n])
				continue
			}
			for j := range row {
				row[j] = fma64(x, b[p*bRow+j*bCol], row[j])
			}
		}
	}
}

// axpyScalar64 is y = fma(x, b, y), element by element.
func axpyScalar64(y []float64, x float64, b []float64) {
	b = b[:len(y)]
	for j, v := range b {
		y[j] = fma64(x, v, y[j])
	}
}
