package kernel

// MulNN64U8 is [MulNN64] with A given as bytes: element (i, p) of A is
// table[u[i*ldu+p]], widened block by block on its way into the cache, so
// that the bytes and not their eightfold are streamed from memory.
func MulNN64U8(c []float64, u []uint8, ldu int, table *[256]float64, b []float64, m, n, k int, add bool) {
	checkProduct(len(c), n, len(u), ldu, 1, len(b), n, 1, m, n, k)
	if vector {
		product(c, n, left[float64]{u: u, table: table, row: ldu, col: 1}, b, n, 1, m, n, k, add)
		return
	}
	for i := range m {
		row := c[i*n : (i+1)*n]
		if !add {
			clear(row)
		}
		for p := range k {
			axpyScalar64(row, table[u[i*ldu+p]], b[p*n:(p+1)*n])
		}
	}
}

// MulTN64U8 is [MulTN64] with A given as bytes: element (p, i) of A (k×m) is
// table[u[p*ldu+i]]. To share it between goroutines give each a range of
// columns of u and the same rows of C.
func MulTN64U8(c []float64, u []uint8, ldu int, table *[256]float64, b []float64, m, n, k int, add bool) {
	checkProduct(len(c), n, len(u), 1, ldu, len(b), n, 1, m, n, k)
	if vector {
		product(c, n, left[float64]{u: u, table: table, row: 1, col: ldu}, b, n, 1, m, n, k, add)
		return
	}
	for i := range m {
		row := c[i*n : (i+1)*n]
		if !add {
			clear(row)
		}
		for p := range k {
			axpyScalar64(row, table[u[p*ldu+i]], b[p*n:(p+1)*n])
		}
	}
}
