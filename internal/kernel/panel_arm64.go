//go:build !noasm

package kernel

import "unsafe"

// vector reports that the assembly can run here: every arm64 CPU that Go runs on
// has NEON with fused multiply-add. It is a variable for the tests.
var vector = true

const (
	elementwise = false // only the products have assembly
	wide        = false // there is one width of vectors
)

func vectorPath() string { return "neon" }

// panelBytes is the width of a panel of B and C.
func panelBytes() int { return 64 }

// Products of tiles of C, rows × vectors of 16 bytes; strides in bytes, k at
// least 1. See mul_arm64.s.

//go:noescape
func tile4x4s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)

//go:noescape
func tile1x4s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)

//go:noescape
func tile4x1s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)

//go:noescape
func tile1x1s(c *float32, ldc uintptr, a *float32, aRow, aCol uintptr, b *float32, bRow uintptr, k int, add bool)

//go:noescape
func tile4x4d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)

//go:noescape
func tile1x4d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)

//go:noescape
func tile4x1d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)

//go:noescape
func tile1x1d(c *float64, ldc uintptr, a *float64, aRow, aCol uintptr, b *float64, bRow uintptr, k int, add bool)

// panel computes m rows of a panel of C, width elements wide, at most 64
// bytes; strides are in elements. Columns that fill no vector are done by the
// scalar code.
func panel[T float](c *T, ldc int, a *T, aRow, aCol int, b *T, bRow, m, k int, add bool, width int) {
	size := int(unsafe.Sizeof(T(0)))
	lanes := 16 / size
	j := 0
	for j+lanes <= width {
		vectors := 1
		if width-j == 4*lanes {
			vectors = 4
		}
		for i := 0; i < m; {
			rows := 1
			if m-i >= 4 {
				rows = 4
			}
			tile(at(c, i*ldc+j), ldc, at(a, i*aRow), aRow, aCol, at(b, j), bRow, k, add, rows, vectors)
			i += rows
		}
		j += vectors * lanes
	}
	if rest := width - j; rest > 0 {
		scalarPanel(at(c, j), ldc, a, aRow, aCol, at(b, j), bRow, m, rest, k, add)
	}
}

func tile[T float](c *T, ldc int, a *T, aRow, aCol int, b *T, bRow, k int, add bool, rows, vectors int) {
	size := unsafe.Sizeof(T(0))
	cs, ar, ac, br := uintptr(ldc)*size, uintptr(aRow)*size, uintptr(aCol)*size, uintptr(bRow)*size
	if size == 4 {
		c, a, b := (*float32)(unsafe.Pointer(c)), (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b))
		switch {
		case rows == 4 && vectors == 4:
			tile4x4s(c, cs, a, ar, ac, b, br, k, add)
		case vectors == 4:
			tile1x4s(c, cs, a, ar, ac, b, br, k, add)
		case rows == 4:
			tile4x1s(c, cs, a, ar, ac, b, br, k, add)
		default:
			tile1x1s(c, cs, a, ar, ac, b, br, k, add)
		}
		return
	}
	d, x, y := (*float64)(unsafe.Pointer(c)), (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b))
	switch {
	case rows == 4 && vectors == 4:
		tile4x4d(d, cs, x, ar, ac, y, br, k, add)
	case vectors == 4:
		tile1x4d(d, cs, x, ar, ac, y, br, k, add)
	case rows == 4:
		tile4x1d(d, cs, x, ar, ac, y, br, k, add)
	default:
		tile1x1d(d, cs, x, ar, ac, y, br, k, add)
	}
}

// at is &p[i] of an array whose bounds the driver has checked.
func at[T float](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(T(0)))))
}

// scalarPanel is the product of the last columns of a panel.
func scalarPanel[T float](c *T, ldc int, a *T, aRow, aCol int, b *T, bRow, m, n, k int, add bool) {
	cs := unsafe.Slice(c, (m-1)*ldc+n)
	as := unsafe.Slice(a, (m-1)*aRow+(k-1)*aCol+1)
	bs := unsafe.Slice(b, (k-1)*bRow+n)
	switch cs := any(cs).(type) {
	case []float32:
		mulScalar32(cs, ldc, any(as).([]float32), aRow, aCol, any(bs).([]float32), bRow, 1, m, n, k, add)
	case []float64:
		mulScalar64(cs, ldc, any(as).([]float64), aRow, aCol, any(bs).([]float64), bRow, 1, m, n, k, add)
	}
}

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
