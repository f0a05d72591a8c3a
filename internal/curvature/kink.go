package curvature

import (
	"context"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/kernel"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/internal/parallel"
)

// At a kink a ReLU or leaky ReLU switches, and the loss is not smooth. The functions
// below say how far the nearest kink is from θ; other activations have none. The
// distances are infinite then.
//
//	NearestKink      over many objects, in any direction, to first order
//	KinkDistance     of one object, in any direction, to first order
//	KinkUpperBound   over all objects, in any direction: never below the distance
//	KinksAlong       of each object, along one direction
//	Flips            which ReLUs have switched at another point of a plane

// Kink is the nearest kink to first order: the smallest |z|/‖∂z/∂θ‖ over hidden
// units.
type Kink struct {
	Margin float64 // distance in θ; +Inf where no unit can flip
	Object int
	Layer  int // 1 for the first hidden layer
	Unit   int
}

// NearestKink searches the hidden units of the first objects. Within the margin,
// to first order, their loss is smooth. A unit whose z does not depend on θ, as
// after a dead layer, cannot flip.
func (pt *Point) NearestKink(ctx context.Context, objects int) (Kink, error) {
	found := make([]Kink, min(objects, pt.Data.Objects))
	err := parallel.Try(ctx, pt.Workers, len(found), func(i int) error {
		found[i] = pt.kinkOf(i)
		return nil
	})
	best := Kink{Margin: math.Inf(1)}
	for _, k := range found {
		if k.Margin < best.Margin {
			best = k
		}
	}
	return best, err
}

// KinkDistance is how far θ can go in any direction until a ReLU of that object
// flips, to first order; +Inf where none can.
func (pt *Point) KinkDistance(object int) float64 { return pt.kinkOf(object).Margin }

// kinkOf searches the units of one object, layer by layer: ‖∂z_p/∂θ‖² of unit u
// is Σ_{q≤p} ‖x_q‖² ‖row u of ∂z_p/∂z_q‖², where ∂z_p/∂z_p = 1.
func (pt *Point) kinkOf(i int) Kink {
	n := pt.Network
	best := Kink{Margin: math.Inf(1), Object: i}
	if !pt.kinked() {
		return best
	}
	x := make([]float64, n.Widths[0])
	pt.Data.Row(i, x)
	var path [][]float64         // ∂z_p/∂z_q for q = 1 … p, each n_p×n_q
	var squares, norms []float64 // ‖x_q‖², ‖x_q‖
	for p := 1; p < n.Layers(); p++ {
		in, out := n.Widths[p-1], n.Widths[p]
		w := n.Weights[p-1]
		z := make([]float64, out)
		kernel.MulNN64(z, w, x, out, 1, in, false)
		addBias(z, biasOf(n, p-1))
		for q := range path {
			// D_{p−1} ∂z_{p−1}/∂z_q, then W_p times it
			width := len(path[q]) / in
			for u := range in {
				if x[u] > 0 {
					continue
				}
				if slopes := pt.Slopes(p-1, i); slopes != nil {
					kernel.Scale64(path[q][u*width:(u+1)*width], slopes[u])
				} else {
					clear(path[q][u*width : (u+1)*width])
				}
			}
			next := make([]float64, out*width)
			kernel.MulNN64(next, w, path[q], out, width, in, false)
			path[q] = next
		}
		one := make([]float64, out*out)
		for u := range out {
			one[u*out+u] = 1
		}
		square, norm := kernel.Dot64(x, x), kernel.Norm64(x)
		if n.Biased(p - 1) {
			square++
			norm = math.Sqrt(float64(norm*norm) + 1)
		}
		path, squares, norms = append(path, one), append(squares, square), append(norms, norm)
		for u := range out {
			square := 0.0
			for q, b := range path {
				width := len(b) / out
				square += float64(squares[q] * kernel.Dot64(b[u*width:(u+1)*width], b[u*width:(u+1)*width]))
			}
			length := math.Sqrt(square)
			if !kernel.InRange64(square) {
				parts := make([]float64, len(path))
				for q, b := range path {
					width := len(b) / out
					parts[q] = float64(norms[q] * kernel.Norm64(b[u*width:(u+1)*width]))
				}
				length = kernel.Norm64(parts)
			}
			if length > 0 {
				if margin := math.Abs(z[u]) / length; margin < best.Margin {
					best.Margin, best.Layer, best.Unit = margin, p, u
				}
			}
		}
		values(n.Activation, z)
		x = z
	}
	return best
}

// kinked reports whether the activation has a kink.
func (pt *Point) kinked() bool {
	return pt.Network.Activation == mlp.ReLU || pt.Network.Activation == mlp.LeakyReLU
}

// KinkUpperBound returns an upper bound of the distance in the space of weights to
// the nearest point where an active ReLU of some object switches off: changing
// W_p alone by z_u x_pᵀ/‖x_p‖², a step of length |z_u|/‖x_p‖, is enough. It is
// +Inf where no unit is active.
func (pt *Point) KinkUpperBound() float64 {
	n, nearest := pt.Network, math.Inf(1)
	if !pt.kinked() {
		return nearest
	}
	for i := range pt.Data.Objects {
		norm := pt.Data.Norm(i)
		if n.Biased(0) {
			norm = math.Sqrt(float64(norm*norm) + 1)
		}
		for p := 1; p < n.Layers(); p++ {
			x := pt.Activations(p, i)
			for _, z := range x {
				if z > 0 && norm > 0 {
					nearest = min(nearest, z/norm)
				}
			}
			norm = kernel.Norm64(x)
			if n.Biased(p) {
				norm = math.Sqrt(float64(norm*norm) + 1)
			}
		}
	}
	return nearest
}

// KinksAlong returns for each object how far θ can go along v, to either side,
// until one of its ReLUs flips: the smallest |z|/|Rz| over the hidden units,
// where Rz is the derivative of z along v. It is exact for the first layer, to
// first order for the others, and +Inf where no unit moves.
func (pt *Point) KinksAlong(ctx context.Context, v []float64) ([]float64, error) {
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
		if !pt.kinked() {
			return nil
		}
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
			pt.chain(rx, p, part.lo)
			next := n.Widths[p+1]
			z, rz = make([]float64, m*next), make([]float64, m*next)
			kernel.MulNT64(z, x, n.Weights[p], m, next, width, setBias(z, biasOf(n, p)))
			kernel.MulNT64(rz, x, n.MatrixOf(v, p), m, next, width, setBias(rz, n.BiasOf(v, p)))
			kernel.MulNT64(rz, rx, n.Weights[p], m, next, width, true)
		}
		return nil
	})
	return nearest, err
}

// Flips compares θ + Σ t_d v_d with θ. It returns the share of all pairs of an
// object and a hidden unit whose ReLU has flipped, and for each object whether
// any of its ReLUs has.
func (pl *Plane) Flips(ctx context.Context, t ...float64) (share float64, flipped []bool, err error) {
	n, k := pl.pt.Network, pl.pt.Data.Objects
	weights, biases := pl.at(t)
	units := 0
	for p := 1; p < n.Layers(); p++ {
		units += n.Widths[p]
	}
	flipped = make([]bool, k)
	if !pl.pt.kinked() {
		return 0, flipped, nil
	}
	list := parts(0, k)
	counts := make([]int, len(list))
	err = eachPart(ctx, pl.pt.Workers, list, func(at int, part span) error {
		m, out := part.hi-part.lo, n.Widths[1]
		z := append([]float64(nil), pl.base[part.lo*out:part.hi*out]...)
		for d, move := range pl.moves {
			kernel.Axpy64(z, t[d], move[part.lo*out:part.hi*out])
		}
		for p := 1; p < n.Layers(); p++ {
			values(n.Activation, z)
			for i, x := range pl.pt.x[p][part.lo*n.Widths[p] : part.hi*n.Widths[p]] {
				if (x > 0) != (z[i] > 0) {
					counts[at]++
					flipped[part.lo+i/n.Widths[p]] = true
				}
			}
			if p+1 < n.Layers() {
				next := make([]float64, m*n.Widths[p+1])
				kernel.MulNT64(next, z, weights[p], m, n.Widths[p+1], n.Widths[p], setBias(next, biases[p]))
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
