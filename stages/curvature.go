package stages

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/joined"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// CurvatureRequest is what is asked about a network of the user's own.
type CurvatureRequest struct {
	Name  string // what the stages are called by, in brackets
	Files userfiles.Params

	Top, Bottom int     // eigenvalues at either end, each from 0
	Tolerance   float64 // relative error wanted of each
	Exact       int     // matrices of up to so many rows are formed and solved whole
	Seed        int64

	// PerObject is for how many objects, those with the largest bounds, the
	// spectrum of H_i is computed: 0 for none, All for all.
	PerObject int

	Increments    []int // sizes k, ascending
	Others        int   // objects behind k+1 that are held against H^(k), for each k
	Bounds        bool
	Steps, Probes int  // of the density; 0 for none
	Figures       bool // and what is only needed to draw them

	// Fine cuts the work into as many actions as can be, instead of such as
	// take half a minute: an interrupted run loses less, all together takes
	// longer.
	Fine bool
}

func (r CurvatureRequest) limits() limits {
	if r.Fine {
		return fine
	}
	return usual
}

// All asks for each object.
const All = -1

// CurvatureOutput is a result of the graph: an output of a stage. Stage is nil
// where it was not asked for.
type CurvatureOutput struct {
	Stage  *pipeline.Stage
	Output string
}

// CurvatureGraph is the graph for a network of the user's own, and what to
// read from it.
type CurvatureGraph struct {
	Graph *pipeline.Graph

	Weights, Images, Labels, Shape CurvatureOutput // of the user's files

	Spectrum, Density, Rule CurvatureOutput
	Objects, ObjectSummary  CurvatureOutput // of the stage objects or wholeobjects
	Hessians                CurvatureOutput // of the same
	Bounds                  CurvatureOutput // of the stage bounds
	ObjectBounds            CurvatureOutput // rows of objectbounds, of all objects
	Increments              CurvatureOutput

	// Work is what each stage will take that measures something.
	Work map[*pipeline.Stage]Work
}

// NewCurvature wires what is asked about a network of the user's own:
//
//	userfiles      the user's files, checked
//	spectra        both ends of the spectra of H, G and R, with certificates, and
//	               what explains them; where that takes long, in parts:
//	operator       the ends of one of the spectra
//	blocks         the norms of some layer blocks of H or G
//	structure      what is about all three, and all in one piece
//	density        the spectral density of H, by some or all of the probes
//	objects        each object's own curvature; where that takes long, in parts:
//	largest        which objects have the largest bounds of ‖H_i‖
//	wholeobjects   all in one piece
//	objectbounds   of ranges of objects: norms, the ends of the spectra of the
//	               H_i, or all bounds
//	bounds         the bounds against what they bound
//	increments     what one more object does to the Hessian, for some sizes
//	joined         the ranges and sizes in one piece
//	surfaces       the loss around the weights
//	figures        figures
//
// How the work is cut into actions depends on the shape of the network and the
// data. Until that is known, shape is nil and the graph has the stage userfiles
// alone; its output tells the shape.
func NewCurvature(r CurvatureRequest, shape *userfiles.Shape, files userfiles.Files, env Env) (*CurvatureGraph, error) {
	g, err := env.graph()
	if err != nil {
		return nil, err
	}
	w := &curvatureWiring{r: r, kinds: newCurvatureKinds(r, shape, files), c: &CurvatureGraph{Graph: g, Work: map[*pipeline.Stage]Work{}}}
	if err := w.files(); err != nil || shape == nil {
		return w.c, err
	}
	w.shape = *shape
	for _, add := range []func() error{w.spectra, w.objects, w.bounds, w.increments, w.figures} {
		if err := add(); err != nil {
			return nil, err
		}
	}
	return w.c, nil
}

// curvatureWiring is a CurvatureGraph in the making.
type curvatureWiring struct {
	r     CurvatureRequest
	shape userfiles.Shape
	kinds *curvatureKinds
	c     *CurvatureGraph

	eigenvalues, vectors CurvatureOutput // of H
	surface              *pipeline.Stage
}

// node is a stage about the network; detail tells it from others of its kind.
func (w *curvatureWiring) node(kind, detail string, export map[string]string, inputs ...pipeline.Input) pipeline.Node {
	n := pipeline.Node{
		Name:   fmt.Sprintf("%s[%s]", kind, w.r.Name),
		Labels: []pipeline.Label{{Key: "network", Value: w.r.Name}},
		Inputs: outputs(inputs), Export: export,
	}
	if detail != "" {
		n.Name = fmt.Sprintf("%s[%s,%s]", kind, w.r.Name, detail)
		n.Labels = append(n.Labels, pipeline.Label{Key: "part", Value: detail})
	}
	return n
}

// of are the inputs of every stage that measures curvature.
func (w *curvatureWiring) of() []pipeline.Input {
	input := func(name string, o CurvatureOutput) pipeline.Input {
		return pipeline.Input{Name: name, From: o.Stage, Output: o.Output}
	}
	return []pipeline.Input{input(mlp.Images, w.c.Images), input(mlp.Labels, w.c.Labels), input(mlp.Weights, w.c.Weights)}
}

func (w *curvatureWiring) files() error {
	s, err := add(w.c.Graph, w.kinds.needs, w.kinds.userfiles, w.node("userfiles", "", nil), w.r.Files)
	w.c.Weights, w.c.Images = CurvatureOutput{s, userfiles.Weights}, CurvatureOutput{s, userfiles.Images}
	w.c.Labels, w.c.Shape = CurvatureOutput{s, userfiles.Labels}, CurvatureOutput{s, userfiles.Summary}
	return err
}

// spectra adds the spectra and the density. One eigenvalue is searched at
// either end at least: a norm is the larger of both.
func (w *curvatureWiring) spectra() error {
	top := max(w.r.Top, 2)
	p := spectra.Params{
		Top: top, Bottom: max(w.r.Bottom, 1), HTermEnds: max(w.r.Top, w.r.Bottom, 1), Tolerance: w.r.Tolerance, Floor: 1e-12,
		Dense: w.r.Exact, Gram: w.r.Exact, Classes: true, BlockSteps: blockSteps(w.shape), KinkObjects: 100, Seed: w.r.Seed,
		Vectors: max(2, min(top, maxVectors/w.shape.Parameters())),
	}
	whole := spectrumWiring{
		graph: w.c.Graph, kinds: &w.kinds.spectrumKinds, shape: w.shape, limits: w.r.limits(), inputs: w.of(), added: w.added,
		node: func(kind, detail string, inputs ...pipeline.Input) pipeline.Node {
			return w.node(kind, detail, nil, inputs...)
		},
		export: func(name string) string {
			return map[string]string{
				"spectrum": "spectrum.json", "vectors": "vectors.npy", "density": "density.json", "density_rule": "density_rule.npy",
			}[name]
		},
	}
	out, err := whole.spectra(p)
	if err != nil {
		return err
	}
	w.c.Spectrum, w.eigenvalues, w.vectors = out.spectrum, out.eigenvalues, out.vectors
	if w.r.Steps == 0 {
		return nil
	}
	w.c.Rule, w.c.Density, err = whole.density(density.Params{
		Term: "H", Steps: w.r.Steps, Deflate: min(p.Vectors, maxDeflated, w.shape.Parameters()/4), Seed: w.r.Seed,
	}, w.r.Probes, out)
	return err
}

// added notes what a stage will take.
func (w *curvatureWiring) added(s *pipeline.Stage, work Work) { w.c.Work[s] = work }

func (w *curvatureWiring) increments() error {
	if len(w.r.Increments) == 0 {
		return nil
	}
	groups := incrementGroups(w.r.Increments, w.r.Others, w.shape, w.r.limits())
	var parts []*pipeline.Stage
	for _, sizes := range groups {
		detail, export := "", map[string]string{increments.Increments: "increments.json", increments.Table: "increments.npy"}
		if len(groups) > 1 {
			detail, export = fmt.Sprintf("k=%d-%d", sizes[0], sizes[len(sizes)-1]), nil
		}
		s, err := add(w.c.Graph, w.kinds.needs, w.kinds.increments, w.node("increments", detail, export, w.of()...), increments.Params{
			Sizes: sizes, Others: w.r.Others, Tolerance: min(w.r.Tolerance, 1e-9), Seed: w.r.Seed,
		})
		if err != nil {
			return err
		}
		w.added(s, incrementWork(sizes, w.r.Others, w.shape))
		parts = append(parts, s)
	}
	var err error
	if w.c.Increments, err = w.join("increments", joined.Increments, parts, increments.Increments, "increments.json"); err != nil {
		return err
	}
	_, err = w.join("increments_table", joined.Rows, parts, increments.Table, "increments.npy")
	return err
}

// figures draws what the other stages give.
func (w *curvatureWiring) figures() error {
	if !w.r.Figures {
		return nil
	}
	if w.shape.Objects > 1 && w.shape.Parameters() > 1 {
		inputs := append(w.of(), pipeline.Input{Name: surfaces.Vectors, From: w.vectors.Stage, Output: w.vectors.Output})
		var err error
		w.surface, err = add(w.c.Graph, w.kinds.needs, w.kinds.surfaces, w.node("surfaces", "", map[string]string{
			surfaces.Lines: "surface_lines.npy", surfaces.EigenPlane: "surface_eigen_plane.npy",
			surfaces.RandomPlane: "surface_random_plane.npy", surfaces.Summary: "surface.json",
		}, inputs...), surfaces.Params{
			SampleSize: w.shape.Objects - 1, Points: 81, Side: 25, EigenRadius: 0.1, RandomRadius: 1, Seed: w.r.Seed,
		})
		if err != nil {
			return err
		}
		w.added(w.surface, Work{Products: 400})
	}
	for _, f := range figures.All {
		if f.Shows == figures.One || f.Shows == figures.OverSeeds {
			if err := w.figure(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Figures of a network of the user's own are scaled from this size, in
// centimetres.
const figureWidth, figureHeight = 12, 9

// figure adds a figure if all that it shows was asked for.
func (w *curvatureWiring) figure(f figures.Figure) error {
	if f.Name == "layer_blocks" && blockSteps(w.shape) == 0 {
		return nil
	}
	id := w.r.Name
	p := figures.Params{
		Figure: f.Name, Dataset: id, Input: layersText(w.shape), WidthCM: f.Wide * figureWidth, HeightCM: f.High * figureHeight,
		Series: []chart.Series{{Network: id, HiddenSize: chart.NotKnown, NumLayers: chart.NotKnown, SampleSize: chart.NotKnown, Seed: chart.NotKnown}},
	}
	surface := func(output string) CurvatureOutput { return CurvatureOutput{w.surface, output} }
	from := map[string]CurvatureOutput{
		"spectra/spectrum":      w.c.Spectrum,
		"density/density":       w.c.Density,
		"density/rule":          w.c.Rule,
		"objects/objects":       w.c.Objects,
		"objects/hessians":      w.c.Hessians,
		"objects/summary":       w.c.ObjectSummary,
		"increments/increments": w.c.Increments,
		"surfaces/summary":      surface(surfaces.Summary),
		"surfaces/lines":        surface(surfaces.Lines),
		"surfaces/eigen_plane":  surface(surfaces.EigenPlane),
		"surfaces/random_plane": surface(surfaces.RandomPlane),
		"bounds/bounds":         w.c.Bounds,
	}
	var inputs []pipeline.Input
	for _, result := range f.Reads {
		o := from[result]
		if o.Stage == nil {
			return nil
		}
		inputs = append(inputs, pipeline.Input{Name: figures.Input(result, id), From: o.Stage, Output: o.Output})
	}
	_, err := add(w.c.Graph, w.kinds.needs, w.kinds.figures, w.node("figures", f.Name, drawn("figures/"+f.Name), inputs...), p)
	return err
}
