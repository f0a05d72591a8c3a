//go:build !noasm

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vector reports whether the assembly can run here. GODEBUG=cpu.avx2=off,
// cpu.fma=off and cpu.all=off are honoured by the package that detects.
var vector = cpu.X86.HasAVX && cpu.X86.HasAVX2 && cpu.X86.HasFMA

// wide reports whether the 512-bit assembly runs too. It takes whole vectors
// of 512 bits; what is left over goes to the 256-bit code. The element-wise
// assembly reads this variable itself. GODEBUG=cpu.avx512f=off turns it off.
var wide = vector && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL

const elementwise = true // the element-wise operations have assembly, not only the products

func vectorPath() string {
	if wide {
		return "avx512"
	}
	return "avx2+fma"
}

// panelBytes is the width of a panel of B and C: two vectors.
func panelBytes() int {
	if wide {
		return 128
	}
	return 64
}

// lanes32[w] and lanes64[w] select the first w lanes of a vector.
var (
	lanes32 = func() (m [9][8]int32) {
		for w := range m {
			for l := range w {
				m[w][l] = -1
			}
		}
		return
	}()
	lanes64 = func() (m [5][4]int64) {
		for w := range m {
			for l := range w {
				m[w][l] = -1
			}
		}
		return
	}()
)

// panel computes m rows of a panel of C, width elements wide; strides are in
// elements.
func panel[T float](c *T, ldc int, a *T, aRow, aCol int, b *T, bRow, m, k int, add bool, width int) {
	size := unsafe.Sizeof(T(0))
	cs, ar, ac, br := uintptr(ldc)*size, uintptr(aRow)*size, uintptr(aCol)*size, uintptr(bRow)*size
	if wide {
		if whole := width * int(size) / 64; whole > 0 {
			panelWide(unsafe.Pointer(c), cs, unsafe.Pointer(a), ar, ac, unsafe.Pointer(b), br, m, k, add, whole, size == 4)
			if width -= whole * 64 / int(size); width == 0 {
				return
			}
			c, b = (*T)(unsafe.Add(unsafe.Pointer(c), whole*64)), (*T)(unsafe.Add(unsafe.Pointer(b), whole*64))
		}
	}
	if size == 4 {
		c, a, b := (*float32)(unsafe.Pointer(c)), (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b))
		switch {
		case width == 16:
			panel32x2(c, cs, a, ar, ac, b, br, m, k, add)
		case width > 8:
			panel32x2mask(c, cs, a, ar, ac, b, br, m, k, add, &lanes32[width-8])
		case width == 8:
			panel32x1(c, cs, a, ar, ac, b, br, m, k, add)
		default:
			panel32x1mask(c, cs, a, ar, ac, b, br, m, k, add, &lanes32[width])
		}
		return
	}
	d, x, y := (*float64)(unsafe.Pointer(c)), (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b))
	switch {
	case width == 8:
		panel64x2(d, cs, x, ar, ac, y, br, m, k, add)
	case width > 4:
		panel64x2mask(d, cs, x, ar, ac, y, br, m, k, add, &lanes64[width-4])
	case width == 4:
		panel64x1(d, cs, x, ar, ac, y, br, m, k, add)
	default:
		panel64x1mask(d, cs, x, ar, ac, y, br, m, k, add, &lanes64[width])
	}
}

// panelWide is the panel of one or two vectors of 512 bits.
func panelWide(c unsafe.Pointer, ldc uintptr, a unsafe.Pointer, aRow, aCol uintptr, b unsafe.Pointer, bRow uintptr, m, k int, add bool, vectors int, single bool) {
	switch {
	case single && vectors == 2:
		wide32x2((*float32)(c), ldc, (*float32)(a), aRow, aCol, (*float32)(b), bRow, m, k, add)
	case single:
		wide32x1((*float32)(c), ldc, (*float32)(a), aRow, aCol, (*float32)(b), bRow, m, k, add)
	case vectors == 2:
		wide64x2((*float64)(c), ldc, (*float64)(a), aRow, aCol, (*float64)(b), bRow, m, k, add)
	default:
		wide64x1((*float64)(c), ldc, (*float64)(a), aRow, aCol, (*float64)(b), bRow, m, k, add)
	}
}

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

// transposeBands transposes all whole bands of so many rows from row i on, and
// returns the first row that is left.
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
