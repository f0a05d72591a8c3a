package stages

import (
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// measured are the stages of one network's curvature.
type measured struct {
	spectrumOutputs
	density, rule              CurvatureOutput // of the first network of each size, else empty
	objects, bounds            *pipeline.Stage
	increments                 *pipeline.Stage // of close-ups and their other seeds, else nil
	surfaces, ball, samplesize *pipeline.Stage // of close-ups, else nil
}

// size is a network whatever its seed and recipe.
type size struct {
	dataset, input                    string
	hiddenSize, numLayers, sampleSize int
}

func (n network) size() size {
	return size{n.dataset, n.input, n.hiddenSize, n.numLayers, n.sampleSize}
}

// measured yields the networks of the experiment whose curvature is measured.
func (e *Experiment) measured(yield func(network) bool) {
	for n := range e.grid {
		if slices.Contains(e.CurvatureSeeds, n.seed) && !yield(n) {
			return
		}
	}
}

// followed yields the network of the experiment whose training is followed by
// snapshots, if there is one.
func (e *Experiment) followed(yield func(network) bool) {
	if len(e.Snapshots) > 0 {
		yield(e.closeUp())
	}
}

// closeUp is the network that the experiment's figures of one network show.
func (e *Experiment) closeUp() network {
	return e.network(e.AtHiddenSize, e.AtNumLayers, slices.Index(e.SampleSizes, slices.Max(e.SampleSizes)), e.Seeds[0])
}

// wanted is what the experiments ask of single networks.
type wanted struct {
	closeUps  map[network]bool  // seen closely by some figure
	stepped   map[network]bool  // in increments_over_k
	snapshots map[network][]int // epochs, ascending
}

func (p *Params) wanted() wanted {
	w := wanted{map[network]bool{}, map[network]bool{}, map[network][]int{}}
	for i := range p.Experiments {
		e := &p.Experiments[i]
		for _, name := range e.Figures {
			f := figureNamed(name)
			for _, n := range shownIn(e, f) {
				w.closeUps[n] = w.closeUps[n] || f.Curved() && f.Shows == figures.One
				w.stepped[n] = w.stepped[n] || f.ReadsOf("increments")
			}
		}
		if len(e.Snapshots) > 0 {
			n := e.closeUp()
			epochs := append(w.snapshots[n], e.Snapshots...)
			slices.Sort(epochs)
			w.snapshots[n] = slices.Compact(epochs)
		}
	}
	return w
}

// curvature adds the second-order stages of a network, once:
//
//	spectra      both ends of the spectra of H, G and R, with certificates, and
//	             what explains them; of large networks in several actions
//	density      the spectral density of H, for the first network of each size
//	objects      each object's own curvature
//	bounds       the paper's bounds and the corrected ones
func (w *wiring) curvature(data *dataset, n network) error {
	of := w.networks[n]
	if of.curvature != nil {
		return nil
	}
	c, k := w.params.Curvature, n.sampleSize
	inputs := w.evaluated(data, n)
	blockSteps := 0 // each costs two products for every pair of layers
	if w.closeUps[n] {
		blockSteps = 2
	}
	var m measured
	var err error
	shape := n.shape(data)
	vectors := min(c.Top, max(eigenvectors(c), maxVectors/shape.Parameters()))
	whole := spectrumWiring{
		graph: w.graph, kinds: &w.kinds.spectrumKinds, shape: shape, limits: usual, inputs: inputs, node: n.part,
		export: func(string) string { return "" },
		added:  func(*pipeline.Stage, Work) {},
	}
	if m.spectrumOutputs, err = whole.spectra(spectra.Params{
		SampleSize: k, Top: c.Top, Bottom: c.Bottom, HTermEnds: min(c.Top, c.Bottom), Tolerance: c.Tolerance, Floor: 1e-10,
		Gram: 400, Classes: true, BlockSteps: blockSteps, KinkObjects: 100, Vectors: vectors, Seed: c.Seed,
	}); err != nil {
		return err
	}
	if !w.dense[n.size()] || w.closeUps[n] {
		w.dense[n.size()] = true
		if m.rule, m.density, err = whole.density(density.Params{
			SampleSize: k, Term: "H", Steps: c.Steps, Deflate: vectors, Seed: c.Seed,
		}, c.Probes, m.spectrumOutputs); err != nil {
			return err
		}
	}
	if m.objects, err = add(w.graph, w.kinds.needs, w.kinds.objects, n.node("objects", inputs...), objects.Params{
		SampleSize: k, Hessians: c.Hessians,
	}); err != nil {
		return err
	}
	boundParams := bounds.DefaultParams()
	boundParams.SampleSize, boundParams.Objects, boundParams.Increments = k, min(c.BoundObjects, k), w.stepsAndOwn(k)
	boundParams.Tolerance, boundParams.Seed = c.Tolerance, c.Seed
	boundParams.Top = min(boundParams.Top, k-boundParams.Objects)
	known := append(inputs, pipeline.Input{Name: bounds.Eigenvalues, From: m.eigenvalues.Stage, Output: m.eigenvalues.Output})
	if m.bounds, err = add(w.graph, w.kinds.needs, w.kinds.bounds, n.node("bounds", known...), boundParams); err != nil {
		return err
	}
	of.curvature = &m
	return nil
}

// closeUp adds what is measured around the weights of one network, the one
// that an experiment's figures hold fixed, once:
//
//	surfaces     the loss on lines and planes through the weights
//	ball         |L_{k+1} − L_k| on spheres about the weights
//	samplesize   from which sample size on one more object hardly changes the loss
func (w *wiring) closeUp(data *dataset, n network) error {
	m := w.networks[n].curvature
	if m.surfaces != nil {
		return nil
	}
	inputs := append(w.evaluated(data, n), pipeline.Input{Name: surfaces.Vectors, From: m.vectors.Stage, Output: m.vectors.Output})
	seed, k := w.params.Curvature.Seed, n.sampleSize
	var err error
	if m.surfaces, err = add(w.graph, w.kinds.needs, w.kinds.surfaces, n.node("surfaces", inputs...), surfaces.Params{
		SampleSize: min(k, w.params.Data.Objects-1), Points: 81, Side: 25, EigenRadius: 0.1, RandomRadius: 1, Seed: seed,
	}); err != nil {
		return err
	}
	sphere := ball.DefaultParams()
	sphere.SampleSize, sphere.Tolerance, sphere.Seed = k, w.params.Curvature.Tolerance, seed
	if m.ball, err = add(w.graph, w.kinds.needs, w.kinds.ball, n.node("ball", inputs...), sphere); err != nil {
		return err
	}
	size := samplesize.DefaultParams()
	size.Dimensions = eigenvectors(w.params.Curvature)
	size.SampleSize, size.Seed = k, seed
	m.samplesize, err = add(w.graph, w.kinds.needs, w.kinds.samplesize, n.node("samplesize", inputs...), size)
	return err
}

// increments adds what one more object does to the Hessian of a network, and
// where it is a close-up to its top eigenspace, once.
func (w *wiring) increments(data *dataset, n network) error {
	m := w.networks[n].curvature
	if m.increments != nil {
		return nil
	}
	p := increments.Params{Sizes: w.steps(n.sampleSize), Others: w.params.Curvature.Others, Tolerance: w.params.Curvature.Tolerance, Seed: w.params.Curvature.Seed}
	if w.closeUps[n] {
		p.Rotation = eigenvectors(w.params.Curvature)
	}
	var err error
	m.increments, err = add(w.graph, w.kinds.needs, w.kinds.increments, n.node("increments", w.evaluated(data, n)...), p)
	return err
}

// stepsAndOwn are those of steps, and k−1: what the last object of the sample
// does to the mean over the others.
func (w *wiring) stepsAndOwn(k int) []int {
	sizes := append(w.steps(k), k-1)
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// steps are the sizes of [curvature].increments that a sample of k objects
// reaches, ascending.
func (w *wiring) steps(k int) []int {
	sizes := slices.DeleteFunc(slices.Clone(w.params.Curvature.Increments), func(size int) bool {
		return size > min(k, w.params.Data.Objects-1)
	})
	slices.Sort(sizes)
	return sizes
}

// shape is that of the network and its sample.
func (n network) shape(data *dataset) userfiles.Shape {
	s := userfiles.Shape{Objects: n.sampleSize, Widths: []int{data.InputSize}, Layers: make([]string, n.numLayers+2)}
	for range n.numLayers + 1 {
		s.Widths = append(s.Widths, n.hiddenSize)
	}
	s.Widths = append(s.Widths, data.Classes)
	return s
}

// evaluated are the inputs of every stage that evaluates a trained network.
func (w *wiring) evaluated(data *dataset, n network) []pipeline.Input {
	return []pipeline.Input{
		{Name: mlp.Images, From: data.stage, Output: fetch.Images},
		{Name: mlp.Labels, From: data.stage, Output: fetch.Labels},
		{Name: mlp.Weights, From: w.networks[n].train, Output: train.Weights},
	}
}

// eigenvectors is how many top eigenvectors of H are compared, and used as
// directions: as many as there are classes would be the outliers of G.
func eigenvectors(c Curvature) int { return min(c.Top, 10) }

// rotation adds the weights of a network on the way of its training, and how
// far the top eigenspace of its Hessian turns between them, once.
func (w *wiring) rotation(data *dataset, n network) error {
	of, epochs := w.networks[n], w.snapshots[n]
	if of.rotation != nil {
		return nil
	}
	inputs, err := w.trainedOn(data, n)
	if err != nil {
		return err
	}
	taken, err := add(w.graph, w.kinds.needs, w.kinds.snapshots, n.node("snapshots", inputs...), train.SnapshotParams{
		Training: w.training(data, n), Epochs: epochs,
	})
	if err != nil {
		return err
	}
	inputs = append(w.evaluated(data, n), pipeline.Input{Name: rotation.Snapshots, From: taken, Output: train.OutputSnapshots})
	c := w.params.Curvature
	of.rotation, err = add(w.graph, w.kinds.needs, w.kinds.rotation, n.node("rotation", inputs...), rotation.Params{
		SampleSize: n.sampleSize, Epochs: epochs, Dimension: eigenvectors(c), Tolerance: min(c.Tolerance, 1e-8), Seed: c.Seed,
	})
	return err
}
