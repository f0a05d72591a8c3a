package stages

import (
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// What is known beforehand of the cost of a network's curvature. It decides how
// work is cut into actions, so it depends on the shape alone: a cut by measured
// times would be another one at the second start, and nothing would be found
// again.

const (
	float = 8 // bytes of a number

	// maxVectors is how many numbers of eigenvectors are kept.
	maxVectors = 32 << 20

	// maxDeflated is how many eigenvalues are projected out of a density.
	maxDeflated = 100

	// basisVectors are kept by Lanczos before it restarts.
	basisVectors = 400
)

// CurvatureMemory is what any stage of a request needs at its peak besides its
// inputs, in bytes.
func CurvatureMemory(r CurvatureRequest, s userfiles.Shape) int64 {
	return max(curvatureMemory(s, r.Exact), probesMemory(s, r.limits(), r.Steps, r.Probes))
}

// pointMemory is that of the inputs as numbers, the activations and what is
// passed back, and of the parts of a product.
func pointMemory(s userfiles.Shape) int64 {
	units := 0
	for _, n := range s.Widths[1:] {
		units += n
	}
	return int64(s.Objects)*int64(s.Widths[0]+4*units)*float + 64*int64(s.Parameters())*float
}

// curvatureMemory adds the largest of what a stage besides the density has: the
// basis of Lanczos with its images, the class means and a basis of their span, or whole
// matrices of up to exact rows.
func curvatureMemory(s userfiles.Shape, exact int) int64 {
	weights, classes := int64(s.Parameters()), int64(s.Widths[len(s.Widths)-1])
	most := 2 * min(basisVectors, weights) * weights
	if means := classes * classes * weights; means <= curvature.MostClassNumbers {
		most = max(most, 2*means)
	}
	if factors := int64(s.Objects) * classes; weights <= int64(exact) {
		most = max(most, 4*weights*weights) // of H, G and R, and one to solve
	} else if factors <= int64(exact) {
		most = max(most, factors*factors)
	}
	return pointMemory(s) + most*float
}

// probesMemory adds the bases of the probes of one action, and the vectors that
// are projected out.
func probesMemory(s userfiles.Shape, l limits, steps, probes int) int64 {
	if steps == 0 || probes == 0 {
		return 0
	}
	return pointMemory(s) + int64(steps+4)*int64(probesPerAction(s, l, steps, probes))*int64(s.Parameters())*float + maxDeflated*int64(s.Parameters())*float
}

// blockSteps is how many steps of power iteration the norms of the layer
// blocks get: none where the vectors of all pairs of layers are too large.
func blockSteps(s userfiles.Shape) int {
	layers := len(s.Layers)
	if pairs := layers * (layers + 1) / 2; pairs > 300 || pairs*s.Parameters() > 64<<20 {
		return 0
	}
	return 6
}

// compressed is the dimension to which a single object's Hessian compresses if
// all units are active.
func compressed(s userfiles.Shape) int {
	d := s.Widths[1] - 1
	for p := 2; p < len(s.Widths); p++ {
		d += s.Widths[p] + s.Widths[p-1] - 1
	}
	return d
}

// hessianObjects is of how many objects one action computes the spectrum of
// H_i.
func hessianObjects(s userfiles.Shape, l limits) int { return objectsFor(hessianOperations(s), l) }

// hessianOperations counts with half of the units active, which is what random
// weights have; in trained networks it is fewer.
func hessianOperations(s userfiles.Shape) float64 {
	d := float64(compressed(s)) / 2
	return float64(4*d*d*min(d, 60)) + float64(4*s.Parameters())
}

// normObjects is of how many objects one action computes the norms.
func normObjects(s userfiles.Shape, l limits) int { return objectsFor(normOperations(s), l) }

// normOperations counts with half of the units active, too.
func normOperations(s userfiles.Shape) float64 {
	layers, classes := len(s.Layers), s.Widths[len(s.Widths)-1]
	active := func(p int) int { return s.Widths[p] / 2 }
	cost := 4*s.Parameters() + 30*classes*classes*classes // the eigenvalues of G_i
	for p := 1; p <= layers; p++ {
		for q := p; q <= layers; q++ {
			cost += 2 * classes * active(p) * active(q)
			if q > p+1 { // the matrix from layer to layer
				cost += 2 * active(p) * active(q-2) * active(q-1)
			}
		}
	}
	return float64(cost)
}

// boundObjects is of how many objects one action computes all bounds.
func boundObjects(s userfiles.Shape, l limits) int { return objectsFor(boundOperations(s), l) }

func boundOperations(s userfiles.Shape) float64 {
	cost, layers := 0.0, len(s.Layers)
	for q := 1; q <= layers; q++ { // products of the matrices from each layer to each
		for p := 1; p < q; p++ {
			cost += float64(2 * float64(s.Widths[q]) * float64(s.Widths[q-1]) * float64(s.Widths[p]))
			small := float64(min(s.Widths[q], s.Widths[p])) // and their norms
			cost += float64(3 * small * small * float64(max(s.Widths[q], s.Widths[p])))
		}
	}
	return cost + float64(4*s.Parameters())
}

// objectsFor is how many objects fit into an action.
func objectsFor(each float64, l limits) int { return max(16, min(int(l.objects/each), 1<<20)) }

// incrementGroups cuts sizes so that each group is one action.
func incrementGroups(sizes []int, others int, s userfiles.Shape, l limits) [][]int {
	// Three norms of each size and one of each other object, by products of two
	// operations for each weight and object, six of them in the time of one
	// where matrices are small.
	const products = 40
	norms := 3 + others
	var groups [][]int
	cost := 0.0
	for _, k := range sizes {
		each := hessianOperations(s) + float64(float64(products*norms)*float64(k+32)*float64(s.Parameters()))
		if len(groups) == 0 || cost+each > l.objects {
			groups, cost = append(groups, nil), 0
		}
		last := len(groups) - 1
		groups[last], cost = append(groups[last], k), cost+each
	}
	return groups
}
