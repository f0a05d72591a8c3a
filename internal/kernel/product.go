//go:build !noasm && (amd64 || arm64)

package kernel

import (
	"sync"
	"unsafe"
)

// Blocking of the vector products. It changes no bit: a block of k continues each
// chain where the last one left it in C.
const (
	kMost  = 320   // terms per block with panels of 64 bytes: a panel of B, 64·kMost bytes, stays in the first cache
	mMost  = 96    // rows per block where A is read in place
	nMost  = 256   // columns of B packed at a time
	aBytes = 20000 // packed block of A: stays in the first cache too
)

// left is the left operand: element (i, p) is f[i*row+p*col], or
// table[u[i*row+p*col]] where u is given.
type left[T float] struct {
	f        []T
	u        []uint8
	table    *[256]T
	row, col int
}

// workspace holds the packed blocks of one running product.
type workspace[T float] struct {
	a [48 * kMost]T
	b [nMost * kMost]T
}

var (
	pool32 = sync.Pool{New: func() any { return new(workspace[float32]) }}
	pool64 = sync.Pool{New: func() any { return new(workspace[float64]) }}
)

func pool[T float]() *sync.Pool {
	if unsafe.Sizeof(T(0)) == 4 {
		return &pool32
	}
	return &pool64
}

// product is the driver of all dense products. Shapes must have been checked.
func product[T float](c []T, ldc int, a left[T], b []T, bRow, bCol, m, n, k int, add bool) {
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		if !add {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	if a.u != nil && a.col == 1 && m > mMost {
		// All terms of some rows come before the next rows, so that their
		// bytes are read from memory once.
		for i := 0; i < m; i += mMost {
			rows := a
			rows.u = a.u[i*a.row:]
			product(c[i*ldc:], ldc, rows, b, bRow, bCol, min(mMost, m-i), n, k, add)
		}
		return
	}
	size := int(unsafe.Sizeof(T(0)))
	width := panelBytes() / size
	tile := 6
	if wide || (n-1)&(width-1) < width/2 { // width is a power of two
		tile = 12
	}
	kMax, mMax := kMost, mMost
	if wide {
		kMax /= 2 // its panels are twice as wide
	}
	packA := false
	switch {
	case a.col == 1 && (a.u != nil || conflict(a.row*size, tile)):
		packA, mMax = true, 12
		kMax = min(kMax, aBytes/12/size)
	case a.col != 1 && a.row == 1 && (a.u != nil || conflict(a.col*size, min(k, kMax))):
		packA, mMax = true, 48
		kMax = min(kMax, aBytes/48/size)
	}
	blocks := (k + kMax - 1) / kMax
	kc := min(((k+blocks-1)/blocks+7)&^7, k)
	packB := bCol != 1 || m > mMost && bRow > width || m >= 16 && conflict(bRow*size, kc)
	var w *workspace[T]
	if packA || packB {
		w = pool[T]().Get().(*workspace[T])
		defer pool[T]().Put(w)
	}
	for p0 := 0; p0 < k; p0 += kc {
		kb := min(kc, k-p0)
		for n0 := 0; n0 < n; n0 += nMost {
			nb := min(nMost, n-n0)
			right, step := b, bRow
			if packB {
				packRight(w.b[:], b[p0*bRow+n0*bCol:], bRow, bCol, nb, kb)
				right, step = w.b[:], width
			}
			for i0 := 0; i0 < m; i0 += mMax {
				mb := min(mMax, m-i0)
				block := left[T]{row: a.row, col: a.col}
				if packA {
					block = packLeft(w.a[:], a, i0, p0, mb, kb)
				} else {
					block.f = a.f[i0*a.row+p0*a.col:]
				}
				for j := 0; j < nb; j += width {
					at := p0*bRow + n0 + j
					if packB {
						at = j * kb
					}
					panel(&c[i0*ldc+n0+j], ldc, &block.f[0], block.row, block.col, &right[at], step, mb, kb, add || p0 > 0, min(width, nb-j))
				}
			}
		}
	}
}

// conflict reports whether so many lines, stride bytes apart, would not stay
// together in a first cache of 64 sets of 8 lines.
func conflict(stride, lines int) bool {
	sets := 64
	for s := stride / 64; s%2 == 0 && sets > 1; s /= 2 {
		sets /= 2
	}
	return stride >= 128 && lines > 6*sets
}

// packLeft copies, widening bytes, the block of A that starts at (i0, p0) so
// that its rows do not share cache sets.
func packLeft[T float](dst []T, a left[T], i0, p0, m, k int) left[T] {
	at := i0*a.row + p0*a.col
	lines, length, stride := m, k, a.row
	out := left[T]{f: dst, row: (k+15)&^15 | 16, col: 1}
	if a.col != 1 {
		lines, length, stride = k, m, a.col
		out.row, out.col = 1, (m+15)&^15|16
	}
	ld := max(out.row, out.col)
	if a.u == nil {
		copyMatrix(dst, ld, a.f[at:], stride, lines, length)
		return out
	}
	widen(dst, ld, a.u[at:], stride, a.table, lines, length)
	return out
}

// packRight copies k rows and n columns of B into consecutive panels of
// panelBytes, each with its rows together.
func packRight[T float](dst, b []T, bRow, bCol, n, k int) {
	width := panelBytes() / int(unsafe.Sizeof(T(0)))
	for j := 0; j < n; j += width {
		to := dst[j*k : (j+width)*k]
		cols := min(width, n-j)
		from := b[j*bCol:]
		switch {
		case bCol == 1:
			copyMatrix(to, width, from, bRow, k, cols)
		case bRow == 1:
			transpose(to, width, from, bCol, cols, k)
		default:
			for p := range k {
				for l := range cols {
					to[p*width+l] = from[p*bRow+l*bCol]
				}
			}
		}
	}
}
