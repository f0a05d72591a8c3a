package stages

import (
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/curvature"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
	"github.com/landscape-pipe/landscape-pipe/stages/userfiles"
)

// measured are the stages of one network's curvature.
type measured struct {
	spectrumOutputs
	density, rule                          CurvatureOutput
	objects, bounds                        *pipeline.Stage
	increments, surfaces, ball, samplesize *pipeline.Stage // of close-ups, else nil
}

// measured yields the networks of the experiment whose curvature is measured.
func (e *Experiment) measured(yield func(network) bool) {
	for n := range e.grid {
		if slices.Contains(e.CurvatureSeeds, n.seed) && !yield(n) {
			return
		}
	}
}

// closeUps yields the one of them that is measured more closely.
func (e *Experiment) closeUps(yield func(network) bool) {
	for n := range e.measured {
		if n == e.closeUp() && !yield(n) {
			return
		}
	}
}

// closeUp is the network that the experiment's figures of one network show.
func (e *Experiment) closeUp() network {
	return network{e.Dataset, e.Input, e.AtHiddenSize, e.AtNumLayers, slices.Max(e.SampleSizes), e.Seeds[0]}
}

// curvature adds the second-order stages of a network, once:
//
//	spectra      both ends of the spectra of H, G and R, with certificates, and
//	             what explains them; of large networks in several actions
//	density      the spectral density of H
//	objects      each object's own curvature
//	bounds       the paper's bounds and the corrected ones
func (w *wiring) curvature(data *dataset, n network, closeUp bool) error {
	of := w.networks[n]
	if of.curvature != nil {
		return nil
	}
	c, k := w.params.Curvature, n.sampleSize
	inputs := w.evaluated(data, n)
	blockSteps := 0 // each costs two products for every pair of layers
	if closeUp {
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
	if m.rule, m.density, err = whole.density(density.Params{
		SampleSize: k, Term: "H", Steps: c.Steps, Deflate: vectors, Seed: c.Seed,
	}, c.Probes, m.spectrumOutputs); err != nil {
		return err
	}
	if m.objects, err = pipeline.Add(w.graph, w.kinds.objects, n.node("objects", inputs...), objects.Params{
		SampleSize: k, Hessians: c.Hessians,
	}); err != nil {
		return err
	}
	boundParams := bounds.DefaultParams()
	boundParams.SampleSize, boundParams.Objects, boundParams.Increments = k, min(c.BoundObjects, k), w.increments(k)
	boundParams.Tolerance, boundParams.Seed = c.Tolerance, c.Seed
	boundParams.Top = min(boundParams.Top, k-boundParams.Objects)
	known := append(inputs, pipeline.Input{Name: bounds.Eigenvalues, From: m.eigenvalues.Stage, Output: m.eigenvalues.Output})
	if m.bounds, err = pipeline.Add(w.graph, w.kinds.bounds, n.node("bounds", known...), boundParams); err != nil {
		return err
	}
	of.curvature = &m
	return nil
}

// closeUp adds what is measured around the weights of one network, the one
// that an experiment's figures hold fixed, once:
//
//	increments   what one more object does to the Hessian and its top eigenspace
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
	if m.increments, err = pipeline.Add(w.graph, w.kinds.increments, n.node("increments", inputs[:len(inputs)-1]...), increments.Params{
		Sizes: w.increments(k), Rotation: eigenvectors(w.params.Curvature), Others: w.params.Curvature.Others, Tolerance: w.params.Curvature.Tolerance, Seed: seed,
	}); err != nil {
		return err
	}
	if m.surfaces, err = pipeline.Add(w.graph, w.kinds.surfaces, n.node("surfaces", inputs...), surfaces.Params{
		SampleSize: min(k, w.params.Data.Objects-1), Points: 81, Side: 25, EigenRadius: 0.1, RandomRadius: 1, Seed: seed,
	}); err != nil {
		return err
	}
	sphere := ball.DefaultParams()
	sphere.SampleSize, sphere.Tolerance, sphere.Seed = k, w.params.Curvature.Tolerance, seed
	if m.ball, err = pipeline.Add(w.graph, w.kinds.ball, n.node("ball", inputs...), sphere); err != nil {
		return err
	}
	size := samplesize.DefaultParams()
	size.Dimensions = eigenvectors(w.params.Curvature)
	size.SampleSize, size.Tolerance, size.Seed = k, w.params.Curvature.Tolerance, seed
	m.samplesize, err = pipeline.Add(w.graph, w.kinds.samplesize, n.node("samplesize", inputs...), size)
	return err
}

// increments are the sizes of [curvature] that a sample of k objects reaches,
// ascending.
func (w *wiring) increments(k int) []int {
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
		{Name: curvature.Images, From: data.stage, Output: fetch.Images},
		{Name: curvature.Labels, From: data.stage, Output: fetch.Labels},
		{Name: curvature.Weights, From: w.networks[n].train, Output: train.Weights},
	}
}

// eigenvectors is how many top eigenvectors of H are compared, and used as
// directions: as many as there are classes would be the outliers of G.
func eigenvectors(c Curvature) int { return min(c.Top, 10) }
