package kernel

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
