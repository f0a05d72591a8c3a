package stages

import "github.com/landscape-pipe/landscape-pipe/stages/userfiles"

// What is known beforehand of the cost of a network's curvature. It decides how
// work is cut into actions, so it depends on the shape alone: a cut by measured
// times would be another one at the second start, and nothing would be found
// again.

const (
	float = 8 // bytes of a number

	// maxVectors is how many numbers of eigenvectors are kept.
	maxVectors = 32 << 20

	// basisVectors are kept by Lanczos before it restarts.
	basisVectors = 400

	// operations are what an action may cost: less than half a minute of two
	// cores, at 1e9 a second and core where matrices are small.
	operations = 6e10
)

// CurvatureMemory is what a stage needs at its peak besides its inputs, in
// bytes: the inputs as numbers, the activations and what is passed back, and
// the basis of Lanczos with the parts of a product.
func CurvatureMemory(s userfiles.Shape) int64 {
	units := 0
	for _, n := range s.Widths[1:] {
		units += n
	}
	weights := s.Parameters()
	basis := min(basisVectors, weights) + 64
	total := int64(s.Objects)*int64(s.Widths[0]+4*units)*float + int64(weights)*int64(basis)*float
	if weights <= 4000 { // three whole matrices and one to solve
		total += 4 * int64(weights) * int64(weights) * float
	}
	return total
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
func hessianObjects(s userfiles.Shape) int { return objectsFor(hessianOperations(s)) }

// hessianOperations counts with half of the units active, which is what random
// weights have; in trained networks it is fewer.
func hessianOperations(s userfiles.Shape) float64 {
	d := float64(compressed(s)) / 2
	return float64(4*d*d*min(d, 60)) + float64(4*s.Parameters())
}

// boundObjects is of how many objects one action computes all bounds.
func boundObjects(s userfiles.Shape) int { return objectsFor(boundOperations(s)) }

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
func objectsFor(each float64) int { return max(16, min(int(operations/each), 1<<20)) }

// incrementGroups cuts sizes so that each group is one action.
func incrementGroups(sizes []int, s userfiles.Shape) [][]int {
	// Three norms of each size, by products of two operations for each weight
	// and object, six of them in the time of one where matrices are small.
	const norms, products = 3, 40
	var groups [][]int
	cost := 0.0
	for _, k := range sizes {
		each := hessianOperations(s) + float64(float64(norms*products)*float64(k+32)*float64(s.Parameters()))
		if len(groups) == 0 || cost+each > operations {
			groups, cost = append(groups, nil), 0
		}
		last := len(groups) - 1
		groups[last], cost = append(groups[last], k), cost+each
	}
	return groups
}
