//go:build !noasm

package kernel

import "unsafe"

// copyMatrix copies an m×n matrix between strides.
func copyMatrix[T float](dst []T, ldd int, src []T, lds, m, n int) {
	size := unsafe.Sizeof(T(0))
	whole := n &^ (32/int(size) - 1)
	if whole > 0 {
		copyRows((*float32)(unsafe.Pointer(&dst[0])), uintptr(ldd)*size, (*float32)(unsafe.Pointer(&src[0])), uintptr(lds)*size, m, whole*int(size)/32)
	}
	if whole == n {
		return
	}
	for i := range m {
		for j := whole; j < n; j++ {
			dst[i*ldd+j] = src[i*lds+j]
		}
	}
}

// widen sets an m×n matrix to table[u].
func widen[T float](dst []T, ldd int, u []uint8, ldu int, table *[256]T, m, n int) {
	whole := 0
	if size := unsafe.Sizeof(T(0)); n >= 8 && size == 8 {
		whole = n &^ 7
		lookUp64((*float64)(unsafe.Pointer(&dst[0])), uintptr(ldd)*size, &u[0], uintptr(ldu), (*[256]float64)(unsafe.Pointer(table)), m, whole/8)
	}
	if whole == n {
		return
	}
	for i := range m {
		for j := whole; j < n; j++ {
			dst[i*ldd+j] = table[u[i*ldu+j]]
		}
	}
}

// transpose writes the m×n matrix a (stride lda) as n×m to dst (stride ldd).
func transpose[T float](dst []T, ldd int, a []T, lda, m, n int) {
	i := 0
	if unsafe.Sizeof(T(0)) == 4 {
		i = transposeBands(dst, ldd, a, lda, i, m, n, 8)
	}
	i = transposeBands(dst, ldd, a, lda, i, m, n, 4)
	for ; i < m; i++ {
		for j := range n {
			dst[j*ldd+i] = a[i*lda+j]
		}
	}
}

// transposeBands transposes bands of so many rows from row i on, as long as
// there are whole ones, and returns the first row that is left.
func transposeBands[T float](dst []T, ldd int, a []T, lda, i, m, n, rows int) int {
	size := unsafe.Sizeof(T(0))
	to, from := uintptr(ldd)*size, uintptr(lda)*size
	blocks := n / rows
	for ; i+rows <= m; i += rows {
		switch {
		case blocks == 0:
		case size == 8:
			transposeRows64((*float64)(unsafe.Pointer(&dst[i])), to, (*float64)(unsafe.Pointer(&a[i*lda])), from, blocks)
		case rows == 8:
			transposeRows32((*float32)(unsafe.Pointer(&dst[i])), to, (*float32)(unsafe.Pointer(&a[i*lda])), from, blocks)
		default:
			transposeHalfRows32((*float32)(unsafe.Pointer(&dst[i])), to, (*float32)(unsafe.Pointer(&a[i*lda])), from, blocks)
		}
		for l := i; l < i+rows; l++ {
			for j := blocks * rows; j < n; j++ {
				dst[j*ldd+l] = a[l*lda+j]
			}
		}
	}
	return i
}
