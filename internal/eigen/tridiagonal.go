package eigen

import (
	"fmt"
	"math"
)

// maxSweeps bounds the QL iterations for one eigenvalue; two or three are
// usual.
const maxSweeps = 60

// Tridiagonal returns the eigenvalues of the symmetric tridiagonal matrix with
// diagonal d (n) and off-diagonal e (n−1), in ascending order, by the implicit
// QL method with Wilkinson's shift (Bowdler, Martin, Reinsch and Wilkinson,
// Numer. Math. 11, 1968).
//
// rows, if not nil, holds the rows of a matrix Z that the rotations are
// applied to from the right, transposed: rows[i] is column i of Z. With Z = I
// the result rows[i] is the eigenvector of the i-th value; with the first row
// of I only (n slices of length 1) it is each eigenvector's first component.
// d, e and rows are not kept, rows is reordered and changed in place.
func Tridiagonal(d, e []float64, rows [][]float64) ([]float64, error) {
	n := len(d)
	if n == 0 {
		return nil, nil
	}
	if len(e) != n-1 || rows != nil && len(rows) != n {
		return nil, fmt.Errorf("tridiagonal matrix: diagonal has %d entries, off-diagonal %d, vectors %d", n, len(e), len(rows))
	}
	d = append([]float64(nil), d...)
	e = append(append([]float64(nil), e...), 0)
	norm := 0.0
	for i := range n {
		norm = max(norm, math.Abs(d[i])+math.Abs(e[i]))
	}
	for l := range n {
		if err := deflate(d, e, rows, l, float64(unit*norm)); err != nil {
			return nil, err
		}
	}
	sortPairs(d, rows)
	return d, nil
}

// deflate does QL sweeps until e[l] is negligible: relative to its neighbours,
// which keeps small eigenvalues of graded matrices, or below tiny; otherwise the
// iteration would chase the rounding noise of a singular matrix.
func deflate(d, e []float64, rows [][]float64, l int, tiny float64) error {
	for sweep := 0; ; sweep++ {
		m := l
		for ; m < len(d)-1; m++ {
			scale := math.Abs(d[m]) + math.Abs(d[m+1])
			if math.Abs(e[m]) <= max(float64(unit*scale), tiny) {
				break
			}
		}
		if m == l {
			return nil
		}
		if sweep == maxSweeps {
			return fmt.Errorf("tridiagonal matrix: no convergence of eigenvalue %d after %d QL sweeps", l, maxSweeps)
		}
		// Wilkinson's shift from the leading 2×2 block
		g := (d[l+1] - d[l]) / float64(2*e[l])
		r := hypot(g, 1)
		g = d[m] - d[l] + e[l]/(g+math.Copysign(r, g))
		s, c, p := 1.0, 1.0, 0.0
		i := m - 1
		for ; i >= l; i-- {
			f, b := float64(s*e[i]), float64(c*e[i])
			r = hypot(f, g)
			e[i+1] = r
			if r == 0 { // underflow: recover by skipping the rest of the sweep
				d[i+1] -= p
				e[m] = 0
				break
			}
			s, c = f/r, g/r
			g = d[i+1] - p
			r = float64((d[i]-g)*s) + float64(2*float64(c*b))
			p = float64(s * r)
			d[i+1] = g + p
			g = float64(c*r) - b
			if rows != nil {
				rotate(rows[i], rows[i+1], c, s)
			}
		}
		if r == 0 && i >= l {
			continue
		}
		d[l] -= p
		e[l] = g
		e[m] = 0
	}
}

// rotate applies (x, y) ← (c·x − s·y, s·x + c·y).
func rotate(x, y []float64, c, s float64) {
	y = y[:len(x)]
	for k, f := range y {
		y[k] = float64(s*x[k]) + float64(c*f)
		x[k] = float64(c*x[k]) - float64(s*f)
	}
}

// sortPairs sorts the values in ascending order and the rows with them; equal
// values keep their order.
func sortPairs(d []float64, rows [][]float64) {
	order := ascending(d)
	values := append([]float64(nil), d...)
	for i, from := range order {
		d[i] = values[from]
	}
	if rows != nil {
		old := append([][]float64(nil), rows...)
		for i, from := range order {
			rows[i] = old[from]
		}
	}
}

// unit is the unit roundoff times two: the distance from 1 to the next
// float64.
const unit = 0x1p-52

// hypot is sqrt(a² + b²) without overflow, the same on every CPU (math.Hypot
// is not).
func hypot(a, b float64) float64 {
	a, b = math.Abs(a), math.Abs(b)
	if a < b {
		a, b = b, a
	}
	if a == 0 {
		return 0
	}
	q := b / a
	return float64(a * math.Sqrt(1+float64(q*q)))
}
