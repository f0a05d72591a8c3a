//go:build !noasm

package kernel

// copyMatrix copies an m×n matrix between strides.
func copyMatrix[T float](dst []T, ldd int, src []T, lds, m, n int) {
	for i := range m {
		copy(dst[i*ldd:i*ldd+n], src[i*lds:])
	}
}

// widen sets an m×n matrix to table[u].
func widen[T float](dst []T, ldd int, u []uint8, ldu int, table *[256]T, m, n int) {
	for i := range m {
		to := dst[i*ldd : i*ldd+n]
		for j, v := range u[i*ldu : i*ldu+n] {
			to[j] = table[v]
		}
	}
}

// transpose writes the m×n matrix a (stride lda) as n×m to dst (stride ldd).
func transpose[T float](dst []T, ldd int, a []T, lda, m, n int) {
	for i := range m {
		for j, v := range a[i*lda : i*lda+n] {
			dst[j*ldd+i] = v
		}
	}
}
