package stages

import (
	"fmt"
	"strings"
	"time"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/layers"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/normalise"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
	"github.com/landscape-pipe/landscape-pipe/stages/trajectory"
)

// shape is what the cost of a network's stages depends on.
type shape struct {
	all     int   // objects of the data set
	objects int   // of the sample
	widths  []int // n_0 … n_L
	biases  int   // of all layers together
}

// shapeOf is the shape of a network, its sample and the data set.
func shapeOf(n artifact.Network, all, inputs, classes int) shape {
	s := shape{all: all, objects: n.SampleSize, widths: []int{inputs}}
	for range n.NumLayers + 1 {
		s.widths = append(s.widths, n.HiddenSize)
	}
	s.widths = append(s.widths, classes)
	if n.Bias {
		for _, width := range s.widths[1:] {
			s.biases += width
		}
	}
	return s
}

// String writes the widths as 784-16-16-10.
func (s shape) String() string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.widths), "[]"), " ", "-")
}

func (s shape) layers() int  { return len(s.widths) - 1 }
func (s shape) classes() int { return s.widths[len(s.widths)-1] }

// parameters is the number of weights and biases.
func (s shape) parameters() int {
	total := s.biases
	for p := range s.layers() {
		total += s.widths[p] * s.widths[p+1]
	}
	return total
}

const (
	float = 8 // bytes of a number

	// maxVectors is how many numbers of eigenvectors are kept.
	maxVectors = 32 << 20

	// maxDeflated is how many eigenvalues are projected out of a density.
	maxDeflated = 100

	// basisVectors are kept by Lanczos before it restarts.
	basisVectors = 400

	// normBasis vectors are enough for one eigenvalue at either end.
	normBasis = 60

	// allCores says of a stage that it can use as many cores as it is given.
	allCores = 64
)

// Seconds of one core. How many products Lanczos needs depends on the spectrum;
// the counts below are those seen with trained networks.
const (
	perOperation       = 5e-11 // of products with H over all objects
	perObjectOperation = 1e-9  // of single objects, whose matrices are small
	perCube            = 4e-10 // of solving a matrix whole, per number of rows cubed
	perTrained         = 5e-11 // of a training, per weight and object of an epoch
	perEvaluated       = 5e-11 // of the losses, per weight and object
	perDifference      = 2e-9  // per object and order
)

// estimate returns how long a stage takes on one core, what it needs at its
// peak in addition to its inputs, in bytes, and how many cores it can use. The
// time decides which stages begin first and is what people are told; no result
// depends on it.
func estimate(s shape, params any) (work time.Duration, memory int64, cores int) {
	seconds := 0.0
	cores = 1
	switch p := params.(type) {
	case fetch.Params:
		if d, err := fetch.Lookup(p.Dataset); err == nil {
			memory = d.Memory(p.Objects)
		}
	case train.Params:
		seconds, memory = s.training(p), s.trainingMemory(p)
	case train.UntilParams: // as if half of the epochs reached the goal, each with an evaluation that costs as much
		seconds, memory = s.training(p.Training), s.trainingMemory(p.Training)+s.pointMemory()
	case train.HeldOutParams:
		of := p.Training
		updates := of.Steps
		if updates == 0 {
			updates = of.Epochs * ((s.objects-1)/of.BatchSize + 1)
		}
		evaluated := float64(updates / p.Every * p.Objects)
		seconds = s.training(of) + float64(perEvaluated*evaluated*float64(s.parameters()))
		memory = s.trainingMemory(of) + s.pointMemory()
	case train.SnapshotParams:
		seconds, memory = s.training(p.Training), s.trainingMemory(p.Training)
	case losses.Params: // of all objects
		s.objects = s.all
		seconds, memory, cores = perEvaluated*float64(s.objects)*float64(s.parameters()), s.pointMemory(), allCores
	case differences.Params:
		seconds, memory, cores = perDifference*float64(s.objects)*float64(p.Permutations), int64(s.objects)*16*float, allCores
	case claims.Params:
		memory = int64(s.all) * 16 * float
	case figures.Params:
		memory = 128 << 20
	case spectra.Params:
		seconds, memory, cores = s.spectra(p), s.pointMemory()+s.lanczosMemory(max(p.Dense, p.Gram), p.Dense > 0), allCores
	case layers.Params:
		seconds = s.products(2)
		if p.Blocks { // of H and of G
			seconds += s.products(s.layers() * (2*min(4*(p.Top+p.Bottom)+60, s.parameters()) + p.Steps*p.Probes))
		}
		if p.Fisher {
			seconds += s.products(4*p.Top + 60)
		}
		memory, cores = s.pointMemory()+s.lanczosMemory(p.Dense, true), allCores
	case density.Params:
		seconds = s.products(p.Steps*p.Probes + 40*p.Bottom)
		vectors := p.Steps
		if p.Bottom > 0 {
			vectors = max(vectors, basisVectors)
		}
		memory = s.pointMemory() + int64(vectors+4+maxDeflated)*int64(s.parameters())*float
		cores = allCores
	case objects.Params:
		exact := p.Hessians
		if exact < 0 || exact > s.objects {
			exact = s.objects
		}
		seconds = float64(float64(s.objects)*s.objectNorms()) + float64(float64(exact)*s.objectHessian())
		if exact < s.objects { // some bounds say which have the largest
			seconds += float64(float64(min(max(exact+1, 64), s.objects)) * s.objectBounds())
		}
		memory, cores = s.pointMemory(), allCores
	case bounds.Params:
		some := p.Objects + p.Top
		if p.Objects == 0 {
			some = s.objects
		}
		seconds = s.products(20+25*len(p.Increments)) + float64(float64(s.objects)*s.objectNorms()) + float64(float64(some)*(s.objectHessian()+s.objectBounds()))
		memory, cores = s.pointMemory()+s.lanczosMemory(0, false), allCores
	case bounds.RowParams:
		seconds, memory, cores = float64(s.objects)*s.objectBounds(), s.pointMemory(), allCores
	case increments.Params:
		for _, k := range p.Sizes { // three norms, and one for each other object
			norms := 3 + min(p.Others, s.objects-k-1)
			seconds += s.products(40*norms)*float64(k)/float64(s.objects) + s.objectHessian()
		}
		memory, cores = s.pointMemory()+s.lanczosMemory(0, false), allCores
	case rotation.Params:
		seconds = s.products((3*p.Dimension + 60) * len(p.Epochs))
		memory, cores = s.pointMemory()+s.lanczosMemory(0, false), allCores
	case trajectory.Params:
		seconds = s.products(40 * len(p.Epochs))
		memory, cores = s.pointMemory()+s.lanczosMemory(0, false), allCores
	case trajectory.NormsParams: // 24 products were seen for both norms
		if p.Batch > 0 {
			s.objects = p.Batch
		}
		seconds = s.products((24 + p.PowerIterations) * len(p.Epochs))
		memory, cores = s.pointMemory()+2*normBasis*int64(s.parameters())*float, allCores
	case normalise.Params:
		seconds, memory = perDifference*float64(s.all)*float64(s.widths[0]), 2*float*int64(s.all)*int64(s.widths[0])
	case surfaces.Params, ball.Params, samplesize.Params:
		seconds, memory, cores = s.products(400), s.pointMemory()+s.lanczosMemory(0, false), allCores
	}
	return time.Duration(min(seconds, 1e9) * float64(time.Second)), memory, cores
}

func (s shape) training(p train.Params) float64 {
	seen := p.Epochs * s.objects
	if p.Steps > 0 {
		seen = p.Steps * p.BatchSize
	}
	return float64(perTrained * float64(seen) * float64(s.parameters()))
}

// trainingMemory is that of the objects as numbers, of the weights, gradients and
// Adam's two means, and of the activations of a batch, in float32.
func (s shape) trainingMemory(p train.Params) int64 {
	const float = 4
	units := (p.NumLayers + 2) * p.HiddenSize
	return float * (int64(s.objects)*int64(s.widths[0]) + 6*int64(s.parameters()) + 4*int64(units)*int64(p.BatchSize))
}

// products is the time of so many products with H over all objects. Each is two
// products of matrices for the first layer and six for every other.
func (s shape) products(count int) float64 {
	first := float64(s.widths[0] * s.widths[1])
	return float64(perOperation * float64(count) * float64(s.objects) * (float64(4*first) + float64(12*(float64(s.parameters())-first))))
}

func (s shape) spectra(p spectra.Params) float64 {
	weights, factors := s.parameters(), s.objects*s.classes()
	seconds := s.products(20)
	for _, products := range []int{4*(p.Top+p.Bottom) + 60, 3*p.Top + 20, 6*p.HTermEnds + 20} {
		seconds += s.products(min(products, weights))
		if weights <= p.Dense {
			seconds += s.products(weights/2) + float64(perCube*float64(weights)*float64(weights)*float64(weights))
		}
	}
	if weights > p.Dense && factors <= p.Gram {
		seconds += float64(perCube * float64(factors) * float64(factors) * float64(factors))
	}
	if p.BlockSteps > 0 {
		seconds += s.products(2 * p.BlockSteps * s.layers() * (s.layers() + 1))
	}
	return seconds
}

// pointMemory is that of the inputs as numbers, the activations and what is
// passed back, and of the parts of a product.
func (s shape) pointMemory() int64 {
	units := 0
	for _, n := range s.widths[1:] {
		units += n
	}
	return int64(s.objects)*int64(s.widths[0]+4*units)*float + 64*int64(s.parameters())*float
}

// lanczosMemory is the largest of the basis of Lanczos with its images, the class
// means and a basis of their span, and whole matrices of at most so many rows.
func (s shape) lanczosMemory(exact int, dense bool) int64 {
	weights, classes := int64(s.parameters()), int64(s.classes())
	most := 2 * min(basisVectors, weights) * weights
	if means := classes * classes * weights; means <= curvature.MostClassNumbers {
		most = max(most, 2*means)
	}
	if factors := int64(s.objects) * classes; dense && weights <= int64(exact) {
		most = max(most, 4*weights*weights) // of H, G and R, and one to solve
	} else if factors <= int64(exact) {
		most = max(most, factors*factors)
	}
	return most * float
}

// compressed is the dimension to which a single object's Hessian compresses if
// all units are active.
func (s shape) compressed() int {
	d := s.widths[1] - 1
	for p := 2; p < len(s.widths); p++ {
		d += s.widths[p] + s.widths[p-1] - 1
	}
	return d
}

// objectHessian is the time of the spectrum of one H_i. It counts with half of
// the units active, which is what random weights have; in trained networks it is
// fewer.
func (s shape) objectHessian() float64 {
	d := float64(s.compressed()) / 2
	return float64(perObjectOperation * (float64(4*d*d*min(d, 60)) + float64(4*s.parameters())))
}

// objectNorms is the time of ‖G_i‖ and ‖H_i‖_F of one object, with half of the
// units active.
func (s shape) objectNorms() float64 {
	layers, classes := s.layers(), s.classes()
	active := func(p int) int { return s.widths[p] / 2 }
	cost := 4*s.parameters() + 30*classes*classes*classes // the eigenvalues of G_i
	for p := 1; p <= layers; p++ {
		for q := p; q <= layers; q++ {
			cost += 2 * classes * active(p) * active(q)
			if q > p+1 { // the matrix from layer to layer
				cost += 2 * active(p) * active(q-2) * active(q-1)
			}
		}
	}
	return float64(perObjectOperation * float64(cost))
}

// objectBounds is the time of all bounds of one object.
func (s shape) objectBounds() float64 {
	cost, layers := 0.0, s.layers()
	for q := 1; q <= layers; q++ { // products of the matrices from each layer to each
		for p := 1; p < q; p++ {
			cost += float64(2 * float64(s.widths[q]) * float64(s.widths[q-1]) * float64(s.widths[p]))
			small := float64(min(s.widths[q], s.widths[p])) // and their norms
			cost += float64(3 * small * small * float64(max(s.widths[q], s.widths[p])))
		}
	}
	return float64(perObjectOperation * (cost + float64(4*s.parameters())))
}
