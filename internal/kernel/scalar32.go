package kernel

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
