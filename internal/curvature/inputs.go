package curvature

import (
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
)

// mostFilled is the largest share of pixels that are not black at which products
// with the pixels skip the black ones. The choice depends only on the data,
// never on the machine, because the two ways round differently.
const mostFilled = 0.35

// inputs is the matrix X of inputs, one object per row, in the forms that
// products need.
type inputs struct {
	*mlp.Data
	table  *[256]float64 // x = −1 + 2u/255 of a pixel u
	scale  [256]float64  // 2u/255
	sparse bool          // most pixels are black
	parts  []keptPart    // the sparse forms of whole parts
}

// keptPart is a sparse form, made by the first product that needs it.
type keptPart struct {
	once sync.Once
	part *sparsePart
}

func newInputs(d *mlp.Data) *inputs {
	in := &inputs{Data: d, table: mlp.Pixels()}
	if d.Bytes == nil {
		return in
	}
	for u := range in.scale {
		in.scale[u] = float64(2*u) / 255
	}
	nonZero, of := d.Filled()
	in.sparse = float64(nonZero) <= mostFilled*float64(of) && d.Width <= 1<<16
	in.parts = make([]keptPart, (d.Objects+partObjects-1)/partObjects)
	return in
}

// sparsePart holds the pixels of a range of objects that are not black, as
// 2u/255, by objects and by pixels: x = −1 + 2u/255, so products with x are
// products with this plus a rank-one term.
type sparsePart struct {
	objects, pixels *kernel.Sparse64
}

// sparsePart returns the sparse form of a range of objects, nil where the data
// have none. The forms of whole parts are kept.
func (d *inputs) sparsePart(part span) *sparsePart {
	if !d.sparse {
		return nil
	}
	if part.lo%partObjects != 0 || part.hi != min(part.lo+partObjects, d.Objects) {
		return d.newSparsePart(part)
	}
	whole := &d.parts[part.lo/partObjects]
	whole.once.Do(func() { whole.part = d.newSparsePart(part) })
	return whole.part
}

func (d *inputs) newSparsePart(part span) *sparsePart {
	s := kernel.NewSparse64(d.Bytes[part.lo*d.Width:part.hi*d.Width], part.hi-part.lo, d.Width, &d.scale)
	return &sparsePart{objects: s, pixels: s.Transposed()}
}

// panelColumns is how many columns of a dense operand are stored together. A
// sparse product reads its rows in no order; panels this narrow stay in the first
// cache.
const panelColumns = 16

// inPanels returns a rows×n matrix cut into panels of columns, one after the
// other, each rows×16 (the last may be narrower).
func inPanels(a []float64, rows, n int) []float64 {
	if n <= panelColumns {
		return a
	}
	dst := make([]float64, rows*n)
	for j := 0; j < n; j += panelColumns {
		w := min(panelColumns, n-j)
		to := dst[j*rows:]
		for i := range rows {
			copy(to[i*w:(i+1)*w], a[i*n+j:])
		}
	}
	return dst
}

// operand is a matrix that X is multiplied with: Width×n, row-major, or in
// panels with its negated column sums where X is sparse.
type operand struct {
	values, sums []float64
}

// operand prepares b, Width×n, as a factor of X.
func (d *inputs) operand(b []float64, n int) operand {
	if !d.sparse {
		return operand{values: b}
	}
	panels := inPanels(b, d.Width, n)
	return operand{values: panels, sums: negatedColumnSums(panels, d.Width, n)}
}

// times sets c ((hi−lo)×n) to X[lo:hi]·B. s is the sparse form of the objects
// of part, nil where there is none.
func (d *inputs) times(c []float64, b operand, s *sparsePart, part span, lo, hi, n int) {
	switch {
	case s != nil:
		for j := 0; j < n; j += panelColumns {
			w := min(panelColumns, n-j)
			kernel.SparseMul64(c[j:], n, s.objects, lo-part.lo, hi-part.lo, b.values[j*d.Width:], w, w, b.sums[j:j+w])
		}
	case d.Values != nil:
		kernel.MulNN64(c, d.Values[lo*d.Width:hi*d.Width], b.values, hi-lo, n, d.Width, false)
	default:
		kernel.MulNN64U8(c, d.Bytes[lo*d.Width:hi*d.Width], d.Width, d.table, b.values, hi-lo, n, d.Width, false)
	}
}

// transposedTimes sets c (Width×n) to Xᵀ·B over the objects of part, where B has
// one row per object.
func (d *inputs) transposedTimes(c, b []float64, s *sparsePart, part span, n int) {
	m := part.hi - part.lo
	switch {
	case s != nil:
		b := inPanels(b, m, n)
		sums := negatedColumnSums(b, m, n)
		for j := 0; j < n; j += panelColumns {
			w := min(panelColumns, n-j)
			kernel.SparseMul64(c[j:], n, s.pixels, 0, d.Width, b[j*m:], w, w, sums[j:j+w])
		}
	case d.Values != nil:
		kernel.MulTN64(c, d.Values[part.lo*d.Width:part.hi*d.Width], b, d.Width, n, m, false)
	default:
		kernel.MulTN64U8(c, d.Bytes[part.lo*d.Width:part.hi*d.Width], d.Width, d.table, b, d.Width, n, m, false)
	}
}

// negatedColumnSums returns −Σ_i b[i] of a rows×n matrix in the form of [inPanels],
// rows in order.
func negatedColumnSums(b []float64, rows, n int) []float64 {
	sums := make([]float64, n)
	for j := 0; j < n; j += panelColumns {
		w := min(panelColumns, n-j)
		for lo := 0; lo < rows; lo += partObjects {
			m := min(partObjects, rows-lo)
			kernel.MulNN64(sums[j:j+w], minusOnes[:m], b[j*rows+lo*w:], 1, w, m, lo > 0)
		}
	}
	return sums
}
