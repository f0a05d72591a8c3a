//go:build !noasm

package kernel

// sparseRow32 goes over the columns of one row of a sparse product, four
// vectors at a time. The stored columns were checked when S was made.
func sparseRow32(out []float32, index []uint16, value, b []float32) {
	count := len(index)
	if count == 0 {
		// The second chain is +0; adding it turns −0 into +0.
		for j := range out {
			out[j] += 0
		}
		return
	}
	h := len(out)
	row := uintptr(h) * 4
	j := 0
	if wide {
		for ; h-j >= 64; j += 64 {
			sparse32x4wide(&out[j], &index[0], &value[0], count, &b[j], row)
		}
		if h-j >= 32 {
			sparse32x2wide(&out[j], &index[0], &value[0], count, &b[j], row)
			j += 32
		}
		if h-j >= 16 {
			sparse32x1wide(&out[j], &index[0], &value[0], count, &b[j], row)
			j += 16
		}
	}
	for ; h-j >= 32; j += 32 {
		sparse32x4(&out[j], &index[0], &value[0], count, &b[j], row)
	}
	if h-j >= 16 {
		sparse32x2(&out[j], &index[0], &value[0], count, &b[j], row)
		j += 16
	}
	if h-j >= 8 {
		sparse32x1(&out[j], &index[0], &value[0], count, &b[j], row)
		j += 8
	}
	switch {
	case h-j == 4:
		sparse32half(&out[j], &index[0], &value[0], count, &b[j], row)
	case h > j:
		sparse32x1mask(&out[j], &index[0], &value[0], count, &b[j], row, &lanes32[h-j])
	}
}

// scatterRow32 adds a row of D times each stored value to the rows of C.
func scatterRow32(c []float32, index []uint16, value, d []float32) {
	count := len(index)
	if count == 0 {
		return
	}
	h := len(d)
	row := uintptr(h) * 4
	j := 0
	if wide {
		for ; h-j >= 64; j += 64 {
			scatter32x4wide(&c[j], row, &index[0], &value[0], count, &d[j])
		}
		if h-j >= 32 {
			scatter32x2wide(&c[j], row, &index[0], &value[0], count, &d[j])
			j += 32
		}
		if h-j >= 16 {
			scatter32x1wide(&c[j], row, &index[0], &value[0], count, &d[j])
			j += 16
		}
	}
	for ; h-j >= 64; j += 64 {
		scatter32x8(&c[j], row, &index[0], &value[0], count, &d[j])
	}
	if h-j >= 32 {
		scatter32x4(&c[j], row, &index[0], &value[0], count, &d[j])
		j += 32
	}
	if h-j >= 16 {
		scatter32x2(&c[j], row, &index[0], &value[0], count, &d[j])
		j += 16
	}
	if h-j >= 8 {
		scatter32x1(&c[j], row, &index[0], &value[0], count, &d[j])
		j += 8
	}
	switch {
	case h-j == 4:
		scatter32half(&c[j], row, &index[0], &value[0], count, &d[j])
	case h > j:
		scatter32x1mask(&c[j], row, &index[0], &value[0], count, &d[j], &lanes32[h-j])
	}
}

// sparseBlock64 adds to the rows of c (stride ldc, h columns) the products of
// the rows of one block of a sparse matrix, whose values begin at ptr[0].
func sparseBlock64(c []float64, ldc, h int, s *Sparse64, ptr []int32, b []float64, ldb int) {
	if ptr[0] == ptr[len(ptr)-1] {
		return
	}
	index, u := &s.index[ptr[0]], &s.u[ptr[0]]
	rows, out, row := len(ptr)-1, uintptr(ldc)*8, uintptr(ldb)*8
	j := 0
	if wide {
		for ; h-j >= 16; j += 16 {
			sparse64x2wide(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
		}
		if h-j >= 8 {
			sparse64x1wide(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
			j += 8
		}
	}
	for ; h-j >= 16; j += 16 {
		sparse64x4(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
	}
	switch {
	case h-j >= 12:
		sparse64x3(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
		j += 12
	case h-j >= 8:
		sparse64x2(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
		j += 8
	case h-j >= 4:
		sparse64x1(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row)
		j += 4
	}
	if h > j {
		sparse64x1mask(&c[j], out, &ptr[0], rows, index, u, &s.table, &b[j], row, &lanes64[h-j])
	}
}
