package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
)

// Flips returns the share of all pairs of an object and a hidden unit whose
// ReLU at θ + Σ t_d v_d is on where it was off at θ, or off where it was on;
// and for each object whether any of its own did.
func (pl *Plane) Flips(ctx context.Context, t ...float64) (share float64, flipped []bool, err error) {
	n, k := pl.pt.Network, pl.pt.Data.Objects
	weights := make([][]float64, n.Layers())
	units := 0
	for p := 1; p < n.Layers(); p++ {
		weights[p] = append([]float64(nil), n.Weights[p]...)
		for d, v := range pl.directions {
			kernel.Axpy64(weights[p], t[d], v[n.Offset(p):][:len(weights[p])])
		}
		units += n.Widths[p]
	}
	flipped = make([]bool, k)
	list := parts(0, k)
	counts := make([]int, len(list))
	err = eachPart(ctx, pl.pt.Workers, list, func(at int, part span) error {
		m, out := part.hi-part.lo, n.Widths[1]
		z := append([]float64(nil), pl.base[part.lo*out:part.hi*out]...)
		for d, move := range pl.moves {
			kernel.Axpy64(z, t[d], move[part.lo*out:part.hi*out])
		}
		for p := 1; p < n.Layers(); p++ {
			kernel.ReLU64(z, z)
			for i, x := range pl.pt.x[p][part.lo*n.Widths[p] : part.hi*n.Widths[p]] {
				if (x > 0) != (z[i] > 0) {
					counts[at]++
					flipped[part.lo+i/n.Widths[p]] = true
				}
			}
			if p+1 < n.Layers() {
				next := make([]float64, m*n.Widths[p+1])
				kernel.MulNT64(next, z, weights[p], m, n.Widths[p+1], n.Widths[p], false)
				z = next
			}
		}
		return nil
	})
	total := 0
	for _, c := range counts {
		total += c
	}
	if units > 0 {
		share = float64(total) / (float64(units) * float64(k))
	}
	return share, flipped, err
}

// Kinks returns for each object how far θ can go along v, to either side,
// until a ReLU of its own flips: the smallest |z|/|Rz| over the hidden units,
// Rz being the derivative of z along v. That is exact for the first layer and
// to first order for the others. +Inf where no unit moves.
func (pt *Point) Kinks(ctx context.Context, v []float64) ([]float64, error) {
	n, k := pt.Network, pt.Data.Objects
	plane, err := pt.Plane(ctx, v)
	if err != nil {
		return nil, err
	}
	nearest := make([]float64, k)
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	err = eachPart(ctx, pt.Workers, parts(0, k), func(_ int, part span) error {
		m, out := part.hi-part.lo, n.Widths[1]
		z, rz := plane.base[part.lo*out:part.hi*out], plane.moves[0][part.lo*out:part.hi*out]
		for p := 1; p < n.Layers(); p++ {
			width := n.Widths[p]
			for i := range z {
				if rz[i] != 0 {
					at := part.lo + i/width
					nearest[at] = min(nearest[at], math.Abs(z[i])/math.Abs(rz[i]))
				}
			}
			if p+1 == n.Layers() {
				break
			}
			x := pt.x[p][part.lo*width : part.hi*width]
			rx := append([]float64(nil), rz...)
			kernel.MaskReLU64(rx, x)
			next := n.Widths[p+1]
			z, rz = make([]float64, m*next), make([]float64, m*next)
			kernel.MulNT64(z, x, n.Weights[p], m, next, width, false)
			kernel.MulNT64(rz, x, v[n.Offset(p):][:width*next], m, next, width, false)
			kernel.MulNT64(rz, rx, n.Weights[p], m, next, width, true)
		}
		return nil
	})
	return nearest, err
}

// KinkOf is how far θ can go in any direction until a ReLU of that object
// flips, to first order; +Inf where none can.
func (pt *Point) KinkOf(object int) float64 { return pt.kinkOf(object).Margin }
