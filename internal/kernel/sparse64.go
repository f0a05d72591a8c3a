package kernel

import (
	"fmt"
	"math/bits"
	"sync"
)

// Sparse64 is a matrix of bytes most of which are zero, standing for the
// float64 values Table[byte]. It stays in bytes because products over all
// objects are read from memory, and lies in blocks of columns, row by row in
// each, because the rows of the dense factor that a block names then stay in
// the first cache. Only NewSparse64 and Transposed make one: the products
// trust its columns.
type Sparse64 struct {
	Rows, Cols int
	Width      int      // columns of a block; the last may have fewer
	Ptr        []int32  // offsets of row i of block b at b·Rows+i, and the end
	Index      []uint16 // columns, so Cols ≤ 65,536
	U          []uint8  // the bytes, none of them zero
	Table      [256]float64
}

// blockColumns is how many columns a block has at most: as many rows of 16
// float64 fit the first cache beside what else is there.
const blockColumns = 224

// newSparse64 cuts the columns into blocks that are as good as equal and begin
// where eight bytes do.
func newSparse64(rows, cols, count int, table *[256]float64) *Sparse64 {
	s := &Sparse64{Rows: rows, Cols: cols, Width: 8, Index: make([]uint16, count), U: make([]uint8, count), Table: *table}
	if blocks := (cols + blockColumns - 1) / blockColumns; blocks > 0 {
		s.Width = ((cols+blocks-1)/blocks + 7) &^ 7
	}
	s.Ptr = make([]int32, s.blocks()*rows+1)
	return s
}

func (s *Sparse64) blocks() int { return (s.Cols + s.Width - 1) / s.Width }

// NewSparse64 takes the non-zero bytes of u (rows×cols, row-major), standing
// for table[byte]; table[0] is taken to be zero and never read.
func NewSparse64(u []uint8, rows, cols int, table *[256]float64) *Sparse64 {
	s := newSparse64(rows, cols, countBytes(u, rows, cols), table)
	n := 0
	for b := range s.blocks() {
		lo, hi := b*s.Width, min((b+1)*s.Width, cols)
		for i := range rows {
			row := u[i*cols+lo : i*cols+hi]
			for j := 0; j < len(row); j += 8 {
				word := wordAt(row, j)
				for marks := nonZero(word); marks != 0; marks &= marks - 1 {
					bit := bits.TrailingZeros64(marks) &^ 7
					s.Index[n], s.U[n] = uint16(lo+j+bit/8), uint8(word>>bit)
					n++
				}
			}
			s.Ptr[b*rows+i+1] = int32(n)
		}
	}
	return s
}

// Transposed returns the transpose in the same form, for products Sᵀ·D whose
// outputs can be shared between goroutines. S has at most 65,536 rows.
func (s *Sparse64) Transposed() *Sparse64 {
	if s.Rows > 1<<16 {
		panic(fmt.Sprintf("kernel: transpose of a sparse matrix with %d rows", s.Rows))
	}
	t := newSparse64(s.Cols, s.Rows, len(s.Index), &s.Table)
	place := func(i int) int { return i / t.Width * t.Rows } // where the block of row i of S begins
	s.each(func(i, _ int, columns []uint16, _ []uint8) {
		at := t.Ptr[place(i)+1:]
		for _, j := range columns {
			at[j]++
		}
	})
	for q := 1; q < len(t.Ptr); q++ {
		t.Ptr[q] += t.Ptr[q-1]
	}
	next := append([]int32(nil), t.Ptr...)
	s.each(func(i, _ int, columns []uint16, bytes []uint8) {
		at := next[place(i):]
		for q, j := range columns {
			t.Index[at[j]], t.U[at[j]] = uint16(i), bytes[q]
			at[j]++
		}
	})
	return t
}

// each calls f for every row of every block, all rows of a block together.
func (s *Sparse64) each(f func(row, block int, columns []uint16, bytes []uint8)) {
	for at := range len(s.Ptr) - 1 {
		from, to := s.Ptr[at], s.Ptr[at+1]
		f(at%s.Rows, at/s.Rows, s.Index[from:to], s.U[from:to])
	}
}

// SparseMul64 computes rows lo to hi of init + S·B: row i−lo of C (stride
// ldc, h columns) for row i of S; B has S.Cols rows of stride ldb. init holds
// h values, or is nil for +0. In each block of columns that holds something of
// its row, an element has the two chains of [SparseMulNN32], the first of which
// goes on from the block before. Goroutines share a product by ranges of rows or of
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
	// A panel of columns at a time, its part of B together.
	const panel = 16
	if h <= panel || hi-lo < 64 {
		sparseRows64(c, ldc, s, lo, hi, b, ldb, h, init)
		return
	}
	packed := pool64Sparse.Get().(*[]float64)
	defer pool64Sparse.Put(packed)
	if len(*packed) < s.Cols*panel {
		*packed = make([]float64, s.Cols*panel)
	}
	for j := 0; j < h; j += panel {
		width := min(panel, h-j)
		copyMatrix(*packed, panel, b[j:], ldb, s.Cols, width)
		var start []float64
		if init != nil {
			start = init[j : j+width]
		}
		sparseRows64(c[j:], ldc, s, lo, hi, *packed, panel, width, start)
	}
}

var pool64Sparse = sync.Pool{New: func() any { return new([]float64) }}

// sparseRows64 is [SparseMul64] block by block and row by row.
func sparseRows64(c []float64, ldc int, s *Sparse64, lo, hi int, b []float64, ldb, h int, init []float64) {
	for i := range hi - lo {
		startRow(c[i*ldc:i*ldc+h], init)
	}
	for block := range s.blocks() {
		ptr := s.Ptr[block*s.Rows+lo : block*s.Rows+hi+1]
		if vector {
			sparseBlock64(c, ldc, h, s, ptr, b, ldb)
			continue
		}
		for i := range hi - lo {
			from, to := ptr[i], ptr[i+1]
			sparseRowScalar64(c[i*ldc:i*ldc+h], s.Index[from:to], s.U[from:to], &s.Table, b, ldb)
		}
	}
}

// sparseRowScalar64 is the scalar twin of one row of a block of
// [SparseMul64].
func sparseRowScalar64(out []float64, index []uint16, u []uint8, table *[256]float64, b []float64, ldb int) {
	if len(index) == 0 {
		return
	}
	for j := range out {
		chain := [2]float64{out[j], 0}
		for q, p := range index {
			chain[q&1] = fma64(table[u[q]], b[int(p)*ldb+j], chain[q&1])
		}
		out[j] = chain[0] + chain[1]
	}
}
