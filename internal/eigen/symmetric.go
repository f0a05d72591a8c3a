package eigen

import (
	"fmt"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// panel is how many Householder reflectors are collected before the rest of
// the matrix is updated: the matrix is then read twice and written once per
// panel instead of once per reflector.
const panel = 32

// Symmetric returns the eigenvalues of the symmetric n×n matrix a (row-major,
// both triangles given; overwritten) in ascending order, and with vectors the
// orthonormal eigenvectors, vector by vector. The result does not depend on
// workers, the number of goroutines that compute.
func Symmetric(a []float64, n int, vectors bool, workers int) (values []float64, rows [][]float64, err error) {
	if len(a) != n*n {
		return nil, nil, fmt.Errorf("symmetric matrix: %d entries given, want %d×%d", len(a), n, n)
	}
	if k := slices.IndexFunc(a, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }); k >= 0 {
		return nil, nil, fmt.Errorf("symmetric matrix: entry (%d, %d) is %v: %w", k/n, k%n, a[k], ErrOverflow)
	}
	scale := kernel.Balance64(kernel.MaxAbs64(a))
	if scale != 1 {
		kernel.Scale64(a, scale)
	}
	t := tridiagonalise(a, n, workers)
	if vectors {
		rows = make([][]float64, n)
		for i := range rows {
			rows[i] = make([]float64, n)
			rows[i][i] = 1
		}
	}
	values, err = Tridiagonal(t.diagonal, t.off, rows)
	if err != nil {
		return nil, nil, err
	}
	if scale != 1 {
		kernel.Scale64(values, 1/scale)
	}
	parallel.Each(workers, len(rows), func(i int) { t.back(rows[i]) })
	return values, rows, nil
}

// Symmetrise averages an n×n matrix with its transpose.
func Symmetrise(a []float64, n int) {
	for i := range n {
		for j := range i {
			x := float64((a[i*n+j] + a[j*n+i]) / 2)
			a[i*n+j], a[j*n+i] = x, x
		}
	}
}

// SpectralNorm returns ‖M‖₂ of a rows×columns matrix, by the Gram matrix of
// its smaller side; 0 for an empty one. M is scaled first, so that squares
// neither over- nor underflow.
func SpectralNorm(m []float64, rows, columns int) (float64, error) {
	scale := kernel.MaxAbs64(m)
	if scale == 0 {
		return 0, nil
	}
	scaled := make([]float64, len(m))
	for i, x := range m {
		scaled[i] = x / scale
	}
	n := min(rows, columns)
	gram := make([]float64, n*n)
	if rows <= columns {
		kernel.MulNT64(gram, scaled, scaled, n, n, columns, false)
	} else {
		kernel.MulTN64(gram, scaled, scaled, n, n, rows, false)
	}
	values, _, err := Symmetric(gram, n, false, 1)
	if err != nil {
		return 0, err
	}
	return float64(scale * math.Sqrt(max(values[n-1], 0))), nil
}

// tridiagonal is QᵀAQ with Q the product of Householder reflectors
// I − β v vᵀ, in order.
type tridiagonal struct {
	diagonal, off []float64
	reflectors    [][]float64 // v of reflector k acts on the components from k+1
	beta          []float64
}

// back maps an eigenvector of the tridiagonal matrix to one of A.
func (t *tridiagonal) back(z []float64) {
	for k := len(t.reflectors) - 1; k >= 0; k-- {
		v := t.reflectors[k]
		kernel.Axpy64(z[k+1:], -float64(t.beta[k]*kernel.Dot64(v, z[k+1:])), v)
	}
}

// tridiagonalise reduces a by Householder reflectors, a panel at a time
// (Dongarra, Sorensen and Hammarling, 1989, as in LAPACK's latrd).
func tridiagonalise(a []float64, n, workers int) *tridiagonal {
	t := &tridiagonal{diagonal: make([]float64, n), off: make([]float64, max(n-1, 0))}
	for start := 0; start < n; start += panel {
		end := min(start+panel, n)
		// the updates of this panel: A ← A − Σ v wᵀ + w vᵀ, full length
		var vs, ws [][]float64
		for k := start; k < end; k++ {
			row := a[k*n+k : (k+1)*n] // A[k, k:], still without the panel's updates
			for j := range vs {
				kernel.Axpy64(row, -vs[j][k], ws[j][k:])
				kernel.Axpy64(row, -ws[j][k], vs[j][k:])
			}
			t.diagonal[k] = row[0]
			if k+1 == n {
				break
			}
			v, beta, alpha := reflector(row[1:])
			t.off[k] = alpha
			t.reflectors = append(t.reflectors, v)
			t.beta = append(t.beta, beta)
			full := make([]float64, n)
			copy(full[k+1:], v)
			w := make([]float64, n)
			if beta != 0 {
				product(a, n, k+1, v, w, workers)
				for j := range vs {
					kernel.Axpy64(w[k+1:], -kernel.Dot64(ws[j][k+1:], v), vs[j][k+1:])
					kernel.Axpy64(w[k+1:], -kernel.Dot64(vs[j][k+1:], v), ws[j][k+1:])
				}
				kernel.Scale64(w[k+1:], beta)
				kernel.Axpy64(w[k+1:], -float64(float64(beta/2)*kernel.Dot64(w[k+1:], v)), v)
			}
			vs, ws = append(vs, full), append(ws, w)
		}
		eachRows(workers, end, n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				row := a[i*n+end : (i+1)*n]
				j := 0
				for ; j+2 <= len(vs); j += 2 {
					c := [4]float64{-vs[j][i], -ws[j][i], -vs[j+1][i], -ws[j+1][i]}
					kernel.Axpy4x64(row, &c, ws[j][end:], vs[j][end:], ws[j+1][end:], vs[j+1][end:])
				}
				for ; j < len(vs); j++ {
					kernel.Axpy64(row, -vs[j][i], ws[j][end:])
					kernel.Axpy64(row, -ws[j][i], vs[j][end:])
				}
			}
		})
	}
	return t
}

// eachRows calls f for blocks of rows lo … hi−1 of from … to−1, at most workers
// at a time. A block is large enough to be worth handing to a goroutine.
func eachRows(workers, from, to int, f func(lo, hi int)) {
	const rows = 16
	parallel.Each(workers, (to-from+rows-1)/rows, func(i int) {
		f(from+i*rows, min(from+(i+1)*rows, to))
	})
}

// product sets w[from:] to A[from:, from:]·v, one dot product per row, four rows
// in each pass over v.
func product(a []float64, n, from int, v, w []float64, workers int) {
	eachRows(workers, from, n, func(lo, hi int) {
		i := lo
		for ; i+4 <= hi; i += 4 {
			kernel.Dot4x64((*[4]float64)(w[i:]), a[i*n+from:(i+1)*n], a[(i+1)*n+from:(i+2)*n], a[(i+2)*n+from:(i+3)*n], a[(i+3)*n+from:(i+4)*n], v)
		}
		for ; i < hi; i++ {
			w[i] = kernel.Dot64(a[i*n+from:(i+1)*n], v)
		}
	})
}

// reflector returns v and β with (I − β v vᵀ)x = α e₁, scaled by the largest
// entry against under- and overflow; β = 0 where x is zero.
func reflector(x []float64) (v []float64, beta, alpha float64) {
	v = append([]float64(nil), x...)
	if len(v) == 1 {
		return v, 0, x[0]
	}
	scale := 0.0
	for _, y := range v {
		scale = max(scale, math.Abs(y))
	}
	if scale == 0 {
		return v, 0, 0
	}
	for i := range v {
		v[i] /= scale
	}
	norm := math.Sqrt(kernel.Dot64(v, v))
	alpha = -math.Copysign(norm, v[0])
	v[0] -= alpha
	beta = 2 / kernel.Dot64(v, v)
	return v, beta, float64(alpha * scale)
}

// ascending returns the order that sorts values, stable.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case values[i] < values[j]:
			return -1
		case values[i] > values[j]:
			return 1
		}
		return 0
	})
	return order
}
