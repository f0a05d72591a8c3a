package kernel

import (
	"fmt"
	"math/bits"
	"sync"
)

// Sparse64 is a matrix of bytes most of which are zero, row by row as in
// [Sparse32], standing for the float64 values Table[byte]. It stays in bytes
// because products over all objects are read from memory. Only NewSparse64 and
// Transposed make one: the products trust its columns.
type Sparse64 struct {
	Rows, Cols int
	RowPtr     []int32  // Rows+1 offsets
	Index      []uint16 // columns, so Cols ≤ 65,536
	U          []uint8  // the bytes, none of them zero
	Table      [256]float64
}

// NewSparse64 takes the non-zero bytes of u (rows×cols, row-major), standing
// for table[byte]; table[0] is taken to be zero and never read.
func NewSparse64(u []uint8, rows, cols int, table *[256]float64) *Sparse64 {
	count := countBytes(u, rows, cols)
	s := &Sparse64{
		Rows: rows, Cols: cols,
		RowPtr: make([]int32, 1, rows+1),
		Index:  make([]uint16, count),
		U:      make([]uint8, count),
		Table:  *table,
	}
	n := 0
	for i := range rows {
		row := u[i*cols : (i+1)*cols]
		for j := 0; j < cols; j += 8 {
			word := wordAt(row, j)
			for marks := nonZero(word); marks != 0; marks &= marks - 1 {
				bit := bits.TrailingZeros64(marks) &^ 7
				s.Index[n], s.U[n] = uint16(j+bit/8), uint8(word>>bit)
				n++
			}
		}
		s.RowPtr = append(s.RowPtr, int32(n))
	}
	return s
}

// Transposed returns the transpose in the same form, for products Sᵀ·D whose
// outputs can be shared between goroutines. S has at most 65,536 rows.
func (s *Sparse64) Transposed() *Sparse64 {
	if s.Rows > 1<<16 {
		panic(fmt.Sprintf("kernel: transpose of a sparse matrix with %d rows", s.Rows))
	}
	t := &Sparse64{
		Rows: s.Cols, Cols: s.Rows,
		RowPtr: make([]int32, s.Cols+1),
		Index:  make([]uint16, len(s.Index)),
		U:      make([]uint8, len(s.U)),
		Table:  s.Table,
	}
	for _, j := range s.Index {
		t.RowPtr[j+1]++
	}
	for j := range s.Cols {
		t.RowPtr[j+1] += t.RowPtr[j]
	}
	next := append([]int32(nil), t.RowPtr...)
	for i := range s.Rows {
		for q := s.RowPtr[i]; q < s.RowPtr[i+1]; q++ {
			j := s.Index[q]
			t.Index[next[j]], t.U[next[j]] = uint16(i), s.U[q]
			next[j]++
		}
	}
	return t
}

// SparseMul64 computes rows lo to hi of init + S·B: row i−lo of C (stride
// ldc, h columns) for row i of S; B has S.Cols rows of stride ldb. init holds
// h values, or is nil for +0. Each element has the two chains of
// [SparseMulNN32]. Goroutines share a product by ranges of rows or of
// columns (slices of C, B and init that start at a column). C must not
// overlap the other operands.
func SparseMul64(c []float64, ldc int, s *Sparse64, lo, hi int, b []float64, ldb, h int, init []float64) {
	if lo < 0 || hi < lo || hi > s.Rows || ldc < h || ldb < h {
		panic(fmt.Sprintf("kernel: sparse product of rows %d to %d of %d, width %d, strides %d and %d", lo, hi, s.Rows, h, ldc, ldb))
	}
	if lo == hi {
		return
	}
	checkSparse(len(c), (hi-lo-1)*ldc+h, len(b), max(0, s.Cols-1)*ldb+h, len(init), h)
	if !vector {
		sparseRows64(c, ldc, s, lo, hi, b, ldb, h, init)
		return
	}
	// A panel of columns at a time, its part of B together, and a block of
	// rows, so that the stored values of the one and the other stay in the
	// cache.
	const rowBlock, panel = 256, 16
	if h <= panel || hi-lo < 64 {
		sparseRows64(c, ldc, s, lo, hi, b, ldb, h, init)
		return
	}
	packed := pool64Sparse.Get().(*[]float64)
	defer pool64Sparse.Put(packed)
	if len(*packed) < s.Cols*panel {
		*packed = make([]float64, s.Cols*panel)
	}
	for i := lo; i < hi; i += rowBlock {
		for j := 0; j < h; j += panel {
			width := min(panel, h-j)
			copyMatrix(*packed, panel, b[j:], ldb, s.Cols, width)
			var start []float64
			if init != nil {
				start = init[j : j+width]
			}
			sparseRows64(c[(i-lo)*ldc+j:], ldc, s, i, min(hi, i+rowBlock), *packed, panel, width, start)
		}
	}
}

var pool64Sparse = sync.Pool{New: func() any { return new([]float64) }}

// sparseRows64 is [SparseMul64] row by row.
func sparseRows64(c []float64, ldc int, s *Sparse64, lo, hi int, b []float64, ldb, h int, init []float64) {
	for i := lo; i < hi; i++ {
		out := c[(i-lo)*ldc : (i-lo)*ldc+h]
		startRow(out, init)
		from, to := s.RowPtr[i], s.RowPtr[i+1]
		if vector {
			sparseRow64(out, s.Index[from:to], s.U[from:to], &s.Table, b, ldb)
			continue
		}
		sparseRowScalar64(out, s.Index[from:to], s.U[from:to], &s.Table, b, ldb)
	}
}

// sparseRowScalar64 is the scalar twin of one row of [SparseMul64].
func sparseRowScalar64(out []float64, index []uint16, u []uint8, table *[256]float64, b []float64, ldb int) {
	for j := range out {
		chain := [2]float64{out[j], 0}
		for q, p := range index {
			chain[q&1] = fma64(table[u[q]], b[int(p)*ldb+j], chain[q&1])
		}
		out[j] = chain[0] + chain[1]
	}
}
