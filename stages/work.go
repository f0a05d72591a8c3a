package stages

import (
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// Work is what a stage will take, as far as it is known beforehand. How many
// products Lanczos needs depends on the spectrum; the numbers are those seen
// with trained networks.
type Work struct {
	Products float64 // with H over all objects, or what takes as long
	Cubes    float64 // of the numbers of rows of matrices that are solved whole

	// Single objects of which ‖G_i‖ and ‖H_i‖_F, the spectrum of H_i, and all
	// bounds are computed.
	Norms, Hessians, Bounds float64
}

// Plus returns the work of both.
func (w Work) Plus(v Work) Work {
	return Work{w.Products + v.Products, w.Cubes + v.Cubes, w.Norms + v.Norms, w.Hessians + v.Hessians, w.Bounds + v.Bounds}
}

func (w Work) times(n int) Work {
	f := float64(n)
	return Work{float64(f * w.Products), float64(f * w.Cubes), float64(f * w.Norms), float64(f * w.Hessians), float64(f * w.Bounds)}
}

// limits are what an action may cost, so that none takes much longer than half
// a minute of two cores.
type limits struct {
	products float64 // operations of products and whole matrices, at 2e10 a second and core
	objects  float64 // operations on single objects, whose matrices are small, at 1e9
}

var (
	usual = limits{1.2e12, 6e10}
	fine  = limits{1, 1} // as many actions as can be
)

// operations counts those of the products and of the whole matrices. A
// solution of these is slower by its operation.
func (w Work) operations(s userfiles.Shape) float64 {
	const solution = 16
	return float64(w.Products*productOperations(s)) + float64(solution*w.Cubes)
}

// productOperations are those of one product with H: two products of matrices
// for the first layer and six for every other.
func productOperations(s userfiles.Shape) float64 {
	first := float64(float64(s.Widths[0]) * float64(s.Widths[1]))
	return float64(float64(s.Objects) * (float64(4*first) + float64(12*(float64(s.Parameters())-first))))
}

// groupSize is how many of count equal things are done in one action of at most
// so many operations, so that the groups are as equal as can be.
func groupSize(each, limit float64, count int) int {
	most := count
	if fit := limit / each; fit < float64(count) {
		most = max(1, int(fit))
	}
	groups := (count + most - 1) / most
	return (count + groups - 1) / groups
}

// together is what one of many products in a block takes, of a single one:
// measured for h = 64.
const together = 0.9

// spectrum is the work of a network's spectra.
type spectrum struct {
	operators map[curvature.Term]Work
	block     Work // of each pair of layers and of each of H and G
	structure Work

	blocks int
}

func (w spectrum) total() Work {
	total := w.structure.Plus(w.block.times(w.blocks))
	for _, term := range []curvature.Term{curvature.Hessian, curvature.GaussNewton, curvature.HTerm} {
		total = total.Plus(w.operators[term])
	}
	return total
}

func spectrumWork(s userfiles.Shape, p spectra.Params) spectrum {
	weights := float64(s.Parameters())
	classes := s.Widths[len(s.Widths)-1]
	w := spectrum{operators: map[curvature.Term]Work{}, structure: Work{Products: 20}}
	for term, products := range map[curvature.Term]int{
		curvature.Hessian:     4*(p.Top+p.Bottom) + 60,
		curvature.GaussNewton: 3*p.Top + 20,
		curvature.HTerm:       6*p.HTermEnds + 20,
	} {
		one := Work{Products: min(float64(products), weights)}
		if s.Parameters() <= p.Dense {
			one.Products += float64(weights / 2) // in blocks
			one.Cubes = float64(weights * weights * weights)
		} else if factors := s.Objects * classes; term == curvature.GaussNewton && factors <= p.Gram {
			rows := float64(factors)
			one.Cubes = float64(rows * rows * rows)
		}
		w.operators[term] = one
	}
	if p.BlockSteps > 0 {
		w.block.Products = float64(together * float64(2*p.BlockSteps))
		w.blocks = 2 * len(curvature.LayerPairs(len(s.Layers)))
	}
	return w
}

// densityWork is that of some probes, in lock step.
func densityWork(steps, probes int) Work {
	return Work{Products: float64(together * float64(steps*probes))}
}

// probesPerAction is how many probes of a density are one action. Their bases
// are in memory together.
func probesPerAction(s userfiles.Shape, l limits, steps, probes int) int {
	each := densityWork(steps, 1).operations(s)
	if most := max(1, maxVectors/(steps*s.Parameters())); most < probes {
		each = max(each, l.products/float64(most))
	}
	return groupSize(each, l.products, probes)
}

// largestWork is that of finding, of all objects, so many with the largest
// bounds. How many bounds more are needed depends on the network.
func largestWork(exact, all int) Work {
	if exact == all {
		return Work{}
	}
	return Work{Bounds: float64(min(max(exact+1, 64), all))}
}

// incrementWork is that of some sizes: three norms each, and one for each other
// object.
func incrementWork(sizes []int, others int, s userfiles.Shape) Work {
	const products = 40 // of a norm
	var w Work
	for _, k := range sizes {
		norms := 3 + min(others, s.Objects-k-1)
		w = w.Plus(Work{Products: float64(float64(products*norms)*float64(k)) / float64(s.Objects), Hessians: 1})
	}
	return w
}
