//go:build !noasm

package kernel

// The kernels of sparse_arm64.s; strides in bytes, counts at least 1.

//go:noescape
func chain4s(c *float32, index *uint16, value *float32, count int, b *float32, row uintptr)

//go:noescape
func chain1s(c *float32, index *uint16, value *float32, count int, b *float32, row uintptr)

//go:noescape
func chain4d(c *float64, index *uint16, u *uint8, table *[256]float64, count int, b *float64, row uintptr)

//go:noescape
func scatter4s(c *float32, row uintptr, index *uint16, value *float32, count int, d *float32)

//go:noescape
func scatter1s(c *float32, row uintptr, index *uint16, value *float32, count int, d *float32)

// sparseRow32 goes over the columns of one row of a sparse product; columns
// that fill no vector are done by the scalar code.
func sparseRow32(out []float32, index []uint16, value, b []float32) {
	h := len(out)
	j := 0
	for h-j >= 4 {
		width := 4
		if h-j >= 16 {
			width = 16
		}
		var odd [16]float32
		chain32(out[j:j+width], index, value, b[j:], h)
		if len(index) > 1 {
			chain32(odd[:width], index[1:], value[1:], b[j:], h)
		}
		for l := range width {
			out[j+l] += odd[l]
		}
		j += width
	}
	sparseRowScalar32(out[j:], index, value, b, h, j)
}

// chain32 takes every second stored value, from the first on, times its row
// of b (stride h) to 16 or 4 columns of c.
func chain32(c []float32, index []uint16, value, b []float32, h int) {
	n := (len(index) + 1) / 2
	switch {
	case n == 0:
	case len(c) == 16:
		chain4s(&c[0], &index[0], &value[0], n, &b[0], uintptr(h)*4)
	default:
		chain1s(&c[0], &index[0], &value[0], n, &b[0], uintptr(h)*4)
	}
}

// scatterRow32 adds a row of D times each stored value to the rows of C.
func scatterRow32(c []float32, index []uint16, value, d []float32) {
	if len(index) == 0 {
		return
	}
	h := len(d)
	j := 0
	for ; h-j >= 16; j += 16 {
		scatter4s(&c[j], uintptr(h)*4, &index[0], &value[0], len(index), &d[j])
	}
	for ; h-j >= 4; j += 4 {
		scatter1s(&c[j], uintptr(h)*4, &index[0], &value[0], len(index), &d[j])
	}
	if j == h {
		return
	}
	for q, p := range index {
		axpyScalar32(c[int(p)*h+j:(int(p)+1)*h], value[q], d[j:])
	}
}

// sparseBlock64 adds to the rows of c (stride ldc, h columns) the products of
// the rows of one block of a sparse matrix, whose values begin at ptr[0].
func sparseBlock64(c []float64, ldc, h int, s *Sparse64, ptr []int32, b []float64, ldb int) {
	for i := range len(ptr) - 1 {
		if from, to := ptr[i], ptr[i+1]; from < to {
			sparseRow64(c[i*ldc:i*ldc+h], s.index[from:to], s.u[from:to], &s.table, b, ldb)
		}
	}
}

// sparseRow64 adds one row, eight columns at a time.
func sparseRow64(out []float64, index []uint16, u []uint8, table *[256]float64, b []float64, ldb int) {
	h := len(out)
	j := 0
	for ; h-j >= 8; j += 8 {
		var odd [8]float64
		if n := (len(index) + 1) / 2; n > 0 {
			chain4d(&out[j], &index[0], &u[0], table, n, &b[j], uintptr(ldb)*8)
		}
		if n := len(index) / 2; n > 0 {
			chain4d(&odd[0], &index[1], &u[1], table, n, &b[j], uintptr(ldb)*8)
		}
		for l, v := range odd {
			out[j+l] += v
		}
	}
	if j < h {
		sparseRowScalar64(out[j:], index, u, table, b[j:], ldb)
	}
}
