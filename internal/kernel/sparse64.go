package kernel

import (
	"fmt"
	"math/bits"
	"sync"
)

// Sparse64 is a matrix of bytes, most of them zero, that stand for the float64
// values table[byte]. It stays in bytes because products over all objects are
// read from memory. It is stored in blocks of columns, row by row in each, so
// that the rows of the dense factor that a block reads stay in the first cache.
// Only NewSparse64 and Transposed make one: the products do not check its columns.
type Sparse64 struct {
	rows, cols int
	width      int      // columns of a block; the last may have fewer
	ptr        []int32  // offsets of row i of block b at b·rows+i, and the end
	index      []uint16 // columns, so cols ≤ 65,536
	u          []uint8  // the bytes, none of them zero
	table      [256]float64
}

// blockColumns is the most columns of a block: that many rows of 16 float64 fit
// into the first cache beside its other content.
const blockColumns = 224

// newSparse64 cuts the columns into blocks of nearly equal width, aligned to
// eight bytes.
func newSparse64(rows, cols, count int, table *[256]float64) *Sparse64 {
	s := &Sparse64{rows: rows, cols: cols, width: 8, index: make([]uint16, count), u: make([]uint8, count), table: *table}
	if blocks := (cols + blockColumns - 1) / blockColumns; blocks > 0 {
		s.width = ((cols+blocks-1)/blocks + 7) &^ 7
	}
	s.ptr = make([]int32, s.blocks()*rows+1)
	return s
}

func (s *Sparse64) blocks() int { return (s.cols + s.width - 1) / s.width }

// NewSparse64 takes the non-zero bytes of u (rows×cols, row-major), which stand
// for table[byte]; table[0] is taken to be zero and never read.
func NewSparse64(u []uint8, rows, cols int, table *[256]float64) *Sparse64 {
	s := newSparse64(rows, cols, countBytes(u, rows, cols), table)
	n := 0
	for b := range s.blocks() {
		lo, hi := b*s.width, min((b+1)*s.width, cols)
		for i := range rows {
			row := u[i*cols+lo : i*cols+hi]
			for j := 0; j < len(row); j += 8 {
				word := wordAt(row, j)
				for marks := nonZero(word); marks != 0; marks &= marks - 1 {
					bit := bits.TrailingZeros64(marks) &^ 7
					s.index[n], s.u[n] = uint16(lo+j+bit/8), uint8(word>>bit)
					n++
				}
			}
			s.ptr[b*rows+i+1] = int32(n)
		}
	}
	return s
}

// Transposed returns the transpose in the same form, for products Sᵀ·D whose
// outputs can be shared between goroutines. S has at most 65,536 rows.
func (s *Sparse64) Transposed() *Sparse64 {
	if s.rows > 1<<16 {
		panic(fmt.Sprintf("kernel: transpose of a sparse matrix with %d rows", s.rows))
	}
	t := newSparse64(s.cols, s.rows, len(s.index), &s.table)
	place := func(i int) int { return i / t.width * t.rows } // where the block of row i of S begins
	s.each(func(i, _ int, columns []uint16, _ []uint8) {
		at := t.ptr[place(i)+1:]
		for _, j := range columns {
			at[j]++
		}
	})
	for q := 1; q < len(t.ptr); q++ {
		t.ptr[q] += t.ptr[q-1]
	}
	next := append([]int32(nil), t.ptr...)
	s.each(func(i, _ int, columns []uint16, bytes []uint8) {
		at := next[place(i):]
		for q, j := range columns {
			t.index[at[j]], t.u[at[j]] = uint16(i), bytes[q]
			at[j]++
		}
	})
	return t
}

// each calls f for every row of every block, all rows of a block together.
func (s *Sparse64) each(f func(row, block int, columns []uint16, bytes []uint8)) {
	for at := range len(s.ptr) - 1 {
		from, to := s.ptr[at], s.ptr[at+1]
		f(at%s.rows, at/s.rows, s.index[from:to], s.u[from:to])
	}
}

// SparseMul64 computes rows lo to hi of init + S·B: row i−lo of C (stride
// ldc, h columns) for row i of S; B has S.cols rows of stride ldb. init holds
// h values, or is nil for +0. In each block of columns with an entry in its row,
// an element has the two chains of [SparseMulNN32], the first of which continues
// that of the previous block. Goroutines share a product by ranges of rows or of
// columns (slices of C, B and init that start at a column). C must not overlap
// the other operands.
func SparseMul64(c []float64, ldc int, s *Sparse64, lo, hi int, b []float64, ldb, h int, init []float64) {
	if lo < 0 || hi < lo || hi > s.rows || ldc < h || ldb < h {
		panic(fmt.Sprintf("kernel: sparse product of rows %d to %d of %d, width %d, strides %d and %d", lo, hi, s.rows, h, ldc, ldb))
	}
	if lo == hi {
		return
	}
	checkSparse(len(c), (hi-lo-1)*ldc+h, len(b), max(0, s.cols-1)*ldb+h, len(init), h)
	if !vector {
		sparseRows64(c, ldc, s, lo, hi, b, ldb, h, init)
		return
	}
	// One panel of columns at a time, with its part of B packed.
	const panel = 16
	if h <= panel || hi-lo < 64 {
		sparseRows64(c, ldc, s, lo, hi, b, ldb, h, init)
		return
	}
	packed := pool64Sparse.Get().(*[]float64)
	defer pool64Sparse.Put(packed)
	if len(*packed) < s.cols*panel {
		*packed = make([]float64, s.cols*panel)
	}
	for j := 0; j < h; j += panel {
		width := min(panel, h-j)
		copyMatrix(*packed, panel, b[j:], ldb, s.cols, width)
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
		ptr := s.ptr[block*s.rows+lo : block*s.rows+hi+1]
		if vector {
			sparseBlock64(c, ldc, h, s, ptr, b, ldb)
			continue
		}
		for i := range hi - lo {
			from, to := ptr[i], ptr[i+1]
			sparseRowScalar64(c[i*ldc:i*ldc+h], s.index[from:to], s.u[from:to], &s.table, b, ldb)
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
