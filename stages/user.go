package stages

import (
	"maps"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/layers"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// Request is what is asked about a user's network.
type Request struct {
	Name string // what the stages are called by, in brackets

	Top, Bottom int     // eigenvalues at either end, each from 0
	Tolerance   float64 // relative error wanted of each
	Exact       int     // matrices of up to so many rows are formed and solved whole
	Seed        int64

	// PerObject is for how many objects, those with the largest bounds, the
	// spectrum of H_i is computed: 0 for none, All for all.
	PerObject int

	Increments    []int // sizes k, ascending
	Others        int   // objects after object k+1 that are compared with H^(k), for each k
	Bounds        bool
	Steps, Probes int  // of the density; 0 for none
	Figures       bool // and what is needed only to draw them

	PerLayer bool // the spectra of the diagonal blocks
	Diagonal bool // the diagonals of H and G
	Fisher   bool // the empirical Fisher matrix
}

// All asks for each object.
const All = -1

// UserGraph is the graph for a user's network.
type UserGraph struct {
	Graph *pipeline.Graph
	// Results are the outputs to read, as stage/output: "spectra/spectrum". What
	// was not asked for is missing.
	Results map[string]pipeline.Output
}

// userExports are the files of the results of a user's network.
var userExports = map[string]string{
	"spectra/spectrum": "spectrum.json", "spectra/vectors": "vectors.npy",
	"layers/layers": "layers.json", "layers/diagonals": "diagonals.npy",
	"density/density": "density.json", "density/rule": "density_rule.npy",
	"objects/objects": "objects.npy", "objects/hessians": "hessians.npy", "objects/summary": "objects.json",
	"bounds/bounds": "bounds.json", "bound_rows/rows": "object_bounds.npy",
	"increments/increments": "increments.json", "increments/table": "increments.npy",
	"surfaces/lines": "surface_lines.npy", "surfaces/eigen_plane": "surface_eigen_plane.npy",
	"surfaces/random_plane": "surface_random_plane.npy", "surfaces/summary": "surface.json",
}

// UserExports lists every file that the results of a user's network can be
// exported to.
func UserExports() []string {
	list := slices.Sorted(maps.Values(userExports))
	for _, f := range figures.All {
		if f.OfOneNetwork() {
			for _, suffix := range []string{".svg", ".pdf", ".png"} {
				list = append(list, "figures/"+f.Name+suffix)
			}
		}
	}
	return list
}

// Figures of a user's network are scaled from this size, in
// centimetres.
const userWidth, userHeight = 12, 9

// NewUser wires what is asked about a user's network. The files were read
// and checked before.
func NewUser(r Request, files userfiles.Files, env Env) (*UserGraph, error) {
	w, err := newWiring(env)
	if err != nil {
		return nil, err
	}
	w.exports = userExports
	s := &subject{
		name: r.Name, labels: []pipeline.Label{{Key: "network", Value: r.Name}},
		network: artifact.Network{Given: r.Name}, results: results{},
	}
	w.subjects[s.network.ID()] = s
	add(w, s, userfilesKind(files), nil, files.Params)
	s.shape = shape{all: files.Shape.Objects, objects: files.Shape.Objects, widths: files.Shape.Widths}
	s.shape.biases = files.Shape.Parameters() - s.shape.parameters()
	s.data = inputs{}
	for _, name := range []string{userfiles.Images, userfiles.Labels, userfiles.Weights} {
		s.data[name] = s.results["userfiles/"+name]
	}
	m := r.measurement(s.shape)
	w.measure(s, m)
	add(w, s, &layersKind, s.evaluated("spectra/spectrum", "spectra/vectors"), r.layers(m.spectra))
	for _, f := range figures.All {
		// Layer blocks are measured only of networks that are not too large.
		blocks := f.Name != "layer_blocks" || m.spectra.BlockSteps > 0
		if r.Figures && f.OfOneNetwork() && blocks && len(s.results.of(f.Reads)) == len(f.Reads) {
			w.draw(f, r.Name+","+f.Name, append(slices.Clone(s.labels), pipeline.Label{Key: "figure", Value: f.Name}), "figures/"+f.Name, figures.Params{
				Figure: f.Name, Dataset: r.Name, Input: s.shape.String(), Networks: []artifact.Network{s.network},
				WidthCM: f.Wide * userWidth, HeightCM: f.High * userHeight,
			})
		}
	}
	return &UserGraph{w.graph, s.results}, w.err
}

// measurement is what the request asks of a network of that shape. One
// eigenvalue is searched at either end at least: a norm is the larger of both.
func (r Request) measurement(s shape) measurement {
	top := max(r.Top, 2)
	m := measurement{
		spectra: spectra.Params{
			Top: top, Bottom: max(r.Bottom, 1), HTermEnds: max(r.Top, r.Bottom, 1), Tolerance: r.Tolerance, Floor: 1e-12, Chance: chance,
			Dense: solved(r.Exact, s.parameters()), Gram: solved(r.Exact, s.objects*s.classes()),
			Classes: true, BlockSteps: s.blockSteps(), KinkObjects: min(kinkObjects, s.objects), Seed: r.Seed,
			Vectors: max(2, min(top, maxVectors/s.parameters())),
		},
		boundRows: r.Bounds,
	}
	if r.Steps > 0 {
		m.density = &density.Params{
			Term: "H", Steps: r.Steps, Probes: r.Probes, Deflate: min(m.spectra.Vectors, maxDeflated, s.parameters()/4), Seed: r.Seed,
		}
	}
	if r.PerObject != 0 {
		m.objects = &objects.Params{Hessians: r.PerObject}
		if r.PerObject != All {
			m.objects.Hessians = allOr(r.PerObject, s.objects)
		}
	}
	if r.Bounds && s.objects > 1 {
		m.bounds = &bounds.Params{ // of all objects, as in bound_rows
			Increments: slices.DeleteFunc([]int{10, 100, 1000}, func(k int) bool { return k >= s.objects }),
			Tolerance:  1e-4, Seed: r.Seed,
		}
	}
	if len(r.Increments) > 0 {
		m.increments = &increments.Params{Sizes: r.Increments, Others: r.Others, Tolerance: min(r.Tolerance, 1e-9), Seed: r.Seed}
	}
	if r.Figures && s.objects > 1 && s.parameters() > 1 {
		m.surfaces = surface(s.objects-1, r.Seed)
	}
	return m
}

// layers is what the request asks besides the spectra of the whole H and G.
func (r Request) layers(s spectra.Params) layers.Params {
	p := layers.Params{
		Blocks: r.PerLayer, Diagonal: r.Diagonal, Fisher: r.Fisher,
		Top: s.Top, Bottom: s.Bottom, Tolerance: s.Tolerance, Floor: s.Floor, Chance: s.Chance, Dense: r.Exact, Seed: r.Seed,
	}
	if r.PerLayer {
		p.Steps, p.Probes = r.Steps, r.Probes
	}
	return p
}

// blockSteps is how many steps of power iteration the norms of the layer
// blocks get: none where the vectors of all pairs of layers are too large.
func (s shape) blockSteps() int {
	if pairs := s.layers() * (s.layers() + 1) / 2; pairs > 300 || pairs*s.parameters() > 64<<20 {
		return 0
	}
	return 6
}
