package kernel

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Sparse32 holds the non-zero values of a rows×cols matrix row by row, the
// columns of a row ascending: row i is index and value from rowPtr[i] to
// rowPtr[i+1]. Images on a black background are such matrices: with
// x = −1 + v, v = 2u/255, a product with x is a product with the sparse v
// plus a rank-one term, the init of the two products below. Only NewSparse32
// makes one: the products do not check its columns.
type Sparse32 struct {
	rows, cols int
	rowPtr     []int32   // rows+1 offsets
	index      []uint16  // columns, so cols ≤ 65,536
	value      []float32 // the values, none of them zero
}

// NewSparse32 takes the non-zero bytes of u (rows×cols, row-major) as
// value = table[byte]; table[0] is taken to be zero and never read.
func NewSparse32(u []uint8, rows, cols int, table *[256]float32) *Sparse32 {
	count := countBytes(u, rows, cols)
	s := &Sparse32{
		rows: rows, cols: cols,
		rowPtr: make([]int32, 1, rows+1),
		index:  make([]uint16, count),
		value:  make([]float32, count),
	}
	n := 0
	for i := range rows {
		row := u[i*cols : (i+1)*cols]
		for j := 0; j < cols; j += 8 {
			word := wordAt(row, j)
			for marks := nonZero(word); marks != 0; marks &= marks - 1 {
				bit := bits.TrailingZeros64(marks) &^ 7
				s.index[n], s.value[n] = uint16(j+bit/8), table[uint8(word>>bit)]
				n++
			}
		}
		s.rowPtr = append(s.rowPtr, int32(n))
	}
	return s
}

// wordAt reads eight bytes of a row from j on, with zeros after its end.
func wordAt(row []uint8, j int) uint64 {
	if j+8 <= len(row) {
		return binary.LittleEndian.Uint64(row[j:])
	}
	var last [8]uint8
	copy(last[:], row[j:])
	return binary.LittleEndian.Uint64(last[:])
}

// nonZero marks the highest bit of every byte of a word that is not zero.
func nonZero(word uint64) uint64 {
	const low = 0x7f7f7f7f7f7f7f7f
	return (word&low + low | word) &^ low
}

// NonZero returns how many bytes are not zero.
func NonZero(u []uint8) int {
	count := 0
	for j := 0; j < len(u); j += 8 {
		count += bits.OnesCount64(nonZero(wordAt(u, j)))
	}
	return count
}

// countBytes returns how many bytes of a matrix are not zero. It panics if
// the matrix does not fit the sparse forms.
func countBytes(u []uint8, rows, cols int) int {
	if rows < 0 || cols < 0 || cols > 1<<16 || len(u) < rows*cols {
		panic(fmt.Sprintf("kernel: sparse matrix of %d×%d from %d bytes", rows, cols, len(u)))
	}
	return NonZero(u[:rows*cols])
}

// SparseMulNN32 computes C = init + S[rows]·B: C is len(rows)×h, B is
// S.cols×h, both row-major and contiguous; init holds h values, or is nil for
// +0. Each element of C is the sum of two chains of fused multiply-adds: the
// stored values number 0, 2, 4… of the row in the first, which starts at
// init, and 1, 3, 5… in the second, which starts at +0. C must not overlap
// the other operands.
func SparseMulNN32(c []float32, s *Sparse32, rows []int32, b []float32, h int, init []float32) {
	checkSparse(len(c), len(rows)*h, len(b), s.cols*h, len(init), h)
	for i, r := range rows {
		out := c[i*h : (i+1)*h]
		startRow(out, init)
		lo, hi := s.rowPtr[r], s.rowPtr[r+1]
		if vector {
			if i+1 < len(rows) {
				if lo, hi := s.rowPtr[rows[i+1]], s.rowPtr[rows[i+1]+1]; elementwise && lo < hi {
					prefetchRow(&s.index[lo], &s.value[lo], int(hi-lo))
				}
			}
			sparseRow32(out, s.index[lo:hi], s.value[lo:hi], b)
			continue
		}
		sparseRowScalar32(out, s.index[lo:hi], s.value[lo:hi], b, h, 0)
	}
}

// sparseRowScalar32 is the scalar twin of one row of [SparseMulNN32]: out holds
// its columns from first on, of h.
func sparseRowScalar32(out []float32, index []uint16, value, b []float32, h, first int) {
	for j := range out {
		chain := [2]float32{out[j], 0}
		for q, p := range index {
			chain[q&1] = fma32(value[q], b[int(p)*h+first+j], chain[q&1])
		}
		out[j] = chain[0] + chain[1]
	}
}

// SparseMulTN32 computes C = init + S[rows]ᵀ·D: C is S.cols×h, D is
// len(rows)×h, both row-major and contiguous. Each row of C starts at init
// (h values, nil for +0) and takes one fused multiply-add per stored value
// of its column, in the order of rows. C must not overlap the other operands.
func SparseMulTN32(c []float32, s *Sparse32, rows []int32, d []float32, h int, init []float32) {
	checkSparse(len(c), s.cols*h, len(d), len(rows)*h, len(init), h)
	// All rows of C start alike: double what is there until it is full.
	start := c[:s.cols*h]
	if init == nil {
		clear(start)
	} else {
		for n := copy(start, init[:h]); n < len(start); {
			n += copy(start[n:], start[:n])
		}
	}
	for i, r := range rows {
		in := d[i*h : (i+1)*h]
		lo, hi := s.rowPtr[r], s.rowPtr[r+1]
		if vector {
			scatterRow32(c, s.index[lo:hi], s.value[lo:hi], in)
			continue
		}
		for q := lo; q < hi; q++ {
			p := int(s.index[q]) * h
			axpyScalar32(c[p:p+h], s.value[q], in)
		}
	}
}

// startRow sets a row to init, or to +0 if init is nil.
func startRow[T float](row, init []T) {
	if init == nil {
		clear(row)
		return
	}
	copy(row, init)
}

func checkSparse(lenC, wantC, lenB, wantB, lenInit, h int) {
	if h < 1 || lenC < wantC || lenB < wantB || (lenInit != 0 && lenInit < h) {
		panic(fmt.Sprintf("kernel: sparse product of width %d: C holds %d of %d, B %d of %d, init %d", h, lenC, wantC, lenB, wantB, lenInit))
	}
}
