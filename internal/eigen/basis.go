package eigen

import (
	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// basis is an orthonormal basis q of a subspace with the projection t of the
// operator onto it (len(q)×len(q), one slice per row), and the known images of
// the vectors under the operator.
type basis struct {
	n, workers int
	q, images  [][]float64
	t          [][]float64
	restarted  bool // t is an arrow, then tridiagonal; otherwise tridiagonal from the beginning
}

// orthogonalise removes from w its components along the basis, twice, and
// returns the coefficients of both passes together. The vectors do not fit into a
// cache: each pass over w reads four of them.
func (b *basis) orthogonalise(w []float64) []float64 {
	total := make([]float64, len(b.q))
	for range 2 {
		c := b.dots(w)
		for j := range c {
			total[j] += c[j]
			c[j] = -c[j]
		}
		b.accumulate(w, c)
	}
	return total
}

// dots returns the inner products of w with all vectors.
func (b *basis) dots(w []float64) []float64 {
	c := make([]float64, (len(b.q)+3)/4*4)
	groups := len(b.q) / 4
	parallel.Each(b.workers, groups, func(g int) {
		q := b.q[4*g : 4*g+4]
		kernel.Dot4x64((*[4]float64)(c[4*g:]), q[0], q[1], q[2], q[3], w)
	})
	for j := 4 * groups; j < len(b.q); j++ {
		c[j] = kernel.Dot64(b.q[j], w)
	}
	return c[:len(b.q)]
}

// accumulate adds Σ c_j q_j to w, in the order of j.
func (b *basis) accumulate(w, c []float64) {
	const chunk = 4096 // a piece of w stays in the first cache
	parallel.Each(b.workers, (len(w)+chunk-1)/chunk, func(i int) {
		from, to := i*chunk, min((i+1)*chunk, len(w))
		accumulate(w[from:to], c, b.q, from, to)
	})
}

// accumulate adds Σ c_j v_j[from:to] to w, in the order of j.
func accumulate(w, c []float64, v [][]float64, from, to int) {
	j := 0
	for ; j+4 <= len(c); j += 4 {
		q := v[j : j+4]
		kernel.Axpy4x64(w, (*[4]float64)(c[j:]), q[0][from:to], q[1][from:to], q[2][from:to], q[3][from:to])
	}
	for ; j < len(c); j++ {
		kernel.Axpy64(w, c[j], v[j][from:to])
	}
}

// add appends a unit vector.
func (b *basis) add(v []float64) {
	b.q = append(b.q, v)
	for i := range b.t {
		b.t[i] = append(b.t[i], 0)
	}
	b.t = append(b.t, make([]float64, len(b.q)))
}

// ritz solves the projected problem. It returns the values, ascending, and the
// vectors in coordinates of the basis, or only the last coordinate of each.
func (b *basis) ritz(full bool) ([]float64, [][]float64, error) {
	m := len(b.q)
	if b.restarted {
		a := make([]float64, m*m)
		for i := range m {
			copy(a[i*m:(i+1)*m], b.t[i])
		}
		values, rows, err := Symmetric(a, m, true, b.workers)
		if err == nil && !full {
			for i := range rows {
				rows[i] = rows[i][m-1:]
			}
		}
		return values, rows, err
	}
	diagonal, off := make([]float64, m), make([]float64, m-1)
	rows := make([][]float64, m)
	for i := range m {
		diagonal[i] = b.t[i][i]
		if i+1 < m {
			off[i] = b.t[i+1][i]
		}
		if full {
			rows[i] = make([]float64, m)
			rows[i][i] = 1
		} else {
			rows[i] = []float64{0}
		}
	}
	if !full {
		rows[m-1][0] = 1
	}
	values, err := Tridiagonal(diagonal, off, rows)
	return values, rows, err
}

// combine returns Σ_j s_j v_j of each of the lists s.
func combine(workers int, v, s [][]float64) [][]float64 {
	const chunk = 1024 // the pieces of all vectors stay in the second cache for all lists
	n := len(v[0])
	sums := make([][]float64, len(s))
	for i := range sums {
		sums[i] = make([]float64, n)
	}
	parallel.Each(workers, (n+chunk-1)/chunk, func(piece int) {
		from, to := piece*chunk, min((piece+1)*chunk, n)
		for i := range sums {
			accumulate(sums[i][from:to], s[i], v, from, to)
		}
	})
	return sums
}

// thick restarts with the Ritz vectors nearest to both ends and the next
// Lanczos vector.
func (b *basis) thick(values []float64, vectors [][]float64, s Search, beta float64, next []float64) *basis {
	m := len(b.q)
	keep := ends(m, Search{Top: min(s.Top+s.Top/2+8, m/3), Bottom: min(s.Bottom+s.Bottom/2+8, m/3)})
	r := &basis{n: b.n, workers: b.workers, restarted: true}
	chosen := choose(vectors, keep)
	kept := combine(b.workers, b.q, chosen)
	r.images = combine(b.workers, b.images, chosen)
	for i, at := range keep {
		r.add(kept[i])
		r.t[i][i] = values[at]
	}
	r.add(next)
	last := len(keep)
	for i, at := range keep {
		coupling := float64(beta * vectors[at][m-1])
		r.t[last][i], r.t[i][last] = coupling, coupling
	}
	return r
}

// choose returns the entries of list at the given places.
func choose(list [][]float64, at []int) [][]float64 {
	chosen := make([][]float64, len(at))
	for i, j := range at {
		chosen[i] = list[j]
	}
	return chosen
}
