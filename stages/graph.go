// Package stages wires the stages below this folder, plain functions of values
// that know neither the engine nor each other, into graphs of actions. [New]
// is the paper's method, from params.toml ([LoadParams]) to figures and
// verdicts; [NewUser] measures a user's network by the same
// second-order stages.
//
// This file is the method, to be read from top to bottom. kinds.go is the table of
// all kinds of stages, networks.go says which networks an experiment names and
// figure.go which of them a figure shows; watched.go is what is measured during
// trainings; data.go says what networks learn from; wiring.go adds single stages.
package stages

import (
	"maps"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/mlp"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/claims"
	"github.com/landscape-pipe/landscape-pipe/stages/density"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/fetch"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/neededsize"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/spectra"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
	"github.com/landscape-pipe/landscape-pipe/stages/tables"
	"github.com/landscape-pipe/landscape-pipe/stages/train"
)

// New wires the paper's method for the experiments of p. The params must come
// from [LoadParams], [ParseParams] or [DefaultParams].
//
// Experiments may share a network. Its stages are added once, and neither they
// nor their keys know of experiments. Those that stand in for others run only where
// these are left out ([Params.Without]).
func New(p Params, env Env) (*pipeline.Graph, error) {
	w, err := newWiring(env)
	if err != nil {
		return nil, err
	}
	p.Experiments = p.running()
	w.params, w.wants = p, p.wants()
	for i := range p.Experiments {
		e := &p.Experiments[i]
		for n, start := range e.grid {
			w.trained(n, start)
			if e.HeldOut {
				w.heldOut(n, e.HeldOutEvery)
			}
		}
		for n := range e.measured {
			w.measured(n)
		}
		for n := range e.followed {
			w.followed(n)
		}
		for n := range e.traced {
			w.traced(n)
		}
		for n := range e.normed {
			w.normed(n, slices.Contains(e.NormSeeds, n.Seed))
		}
	}
	for i := range p.Experiments { // they read what the loop before has measured
		if e := &p.Experiments[i]; e.HeldOutTarget > 0 {
			w.neededSizes(e)
		}
	}
	for _, d := range p.drawings() {
		w.drawing(d)
	}
	w.claims()
	w.tables()
	return w.graph, w.err
}

// trained adds the training of a network, by the paper's recipe on the first k
// objects, and what follows from its weights alone:
//
//	train         the weights; a warm start begins with those of another network
//	train_until   the same of a training that lasts until a goal is reached
//	losses        the loss of every object
//	differences   |L_{k+1} − L_k| over random orders of the sample's losses
func (w *wiring) trained(n artifact.Network, start *artifact.Network) {
	if w.subjects[n.ID()] != nil || w.err != nil {
		return
	}
	d := w.dataset(n)
	if w.err != nil {
		return
	}
	s := &subject{name: n.ID(), labels: labelsOf(n), network: n, shape: shapeOf(n, w.params.objectsOf(n.Dataset), d.inputSize, d.classes), results: results{}}
	w.subjects[n.ID()] = s
	s.learns = inputs{mlp.Images: d.images, mlp.Labels: d.labels}
	if start != nil {
		s.learns[train.Start] = w.subjects[start.ID()].results["train/weights"]
	}
	if n.Until() {
		add(w, s, &trainUntilKind, s.learns, train.UntilParams{Training: w.training(n, d.classes), Loss: n.UntilLoss, Gradient: n.UntilGradient})
		s.results["train/weights"] = s.results["train_until/weights"]
	} else {
		add(w, s, &trainKind, s.learns, w.training(n, d.classes))
	}
	s.data = inputs{mlp.Images: d.images, mlp.Labels: d.labels, mlp.Weights: s.results["train/weights"]}
	add(w, s, &lossesKind, s.data, losses.Params{SampleSize: n.SampleSize})
	curve := w.params.Differences
	add(w, s, &differencesKind, inputs{differences.Losses: s.results["losses/losses"]}, differences.Params{
		SampleSize: n.SampleSize, Permutations: curve.Permutations, EMA: curve.EMA, Seed: curve.Seed,
	})
}

// heldOut adds what a network makes of objects that it was not trained on:
//
//	held_out         their losses, as of the training objects
//	held_out_curve   accuracy and mean loss after every so many updates of its training
func (w *wiring) heldOut(n artifact.Network, every int) {
	if w.err != nil {
		return
	}
	s, objects, from := w.subjects[n.ID()], w.params.Data.HeldOut, 0
	var d *dataset
	if test := testSplit(n.Dataset, n.Input); test != "" {
		d = w.objects(test, objects)
	} else {
		d, from = w.dataset(n), w.params.objectsOf(n.Dataset)-objects
	}
	if w.err != nil {
		return
	}
	add(w, s, &heldOutKind, inputs{mlp.Images: d.images, mlp.Labels: d.labels, mlp.Weights: s.data[mlp.Weights]}, losses.Params{SampleSize: objects, From: from})
	if every > 0 {
		in := maps.Clone(s.learns)
		in[train.HeldOutImages], in[train.HeldOutLabels] = d.images, d.labels
		add(w, s, &heldOutCurveKind, in, train.HeldOutParams{Training: w.training(n, d.classes), Objects: objects, From: from, Every: every})
	}
}

// testSplit returns the name of the test split of a data set; empty where the last of
// its objects are held out.
func testSplit(dataset, input string) string {
	if of, err := fetch.Lookup(dataset); err == nil && input == InputDirect {
		return of.Test
	}
	return ""
}

// neededSizes adds, for each shape of the experiment, how many objects are enough, from
// its networks of all sizes and seeds. The result belongs to the first seed of the
// largest size.
func (w *wiring) neededSizes(e *Experiment) {
	of := map[artifact.Network]*neededsize.Params{} // by the network that has the result
	for n := range e.grid {
		at := e.largest(n.HiddenSize, n.NumLayers)
		if of[at] == nil {
			of[at] = &neededsize.Params{Target: e.HeldOutTarget, Resamples: 1000, Seed: w.params.Differences.Seed}
		}
		of[at].Networks = append(of[at].Networks, n)
	}
	for n := range e.grid {
		p := of[n]
		if p == nil || w.err != nil {
			continue
		}
		in := inputs{}
		for _, each := range p.Networks {
			w.reads(in, each, neededsize.Reads)
			w.reads(in, each, w.subjects[each.ID()].results.of(neededsize.Optional))
		}
		add(w, w.subjects[n.ID()], &neededSizeKind, in, *p)
	}
}

// training are the params of a network's training. A param that changes no bit of
// it has one value: the epochs where the steps are given, the size of batches that
// hold the whole sample, what only another optimiser reads.
func (w *wiring) training(n artifact.Network, classes int) train.Params {
	recipe := w.params.Train
	switch {
	case n.Until():
		recipe.Epochs = n.MaxEpochs
	case n.Steps > 0:
		recipe.Epochs = 0
	}
	if n.LearningRate > 0 {
		recipe.LearningRate = n.LearningRate
	}
	if n.Optimiser != "" {
		recipe.Beta1, recipe.Beta2, recipe.Epsilon = 0, 0, 0
	}
	return train.Params{
		HiddenSize: n.HiddenSize, NumLayers: n.NumLayers, Classes: classes, SampleSize: n.SampleSize, Seed: n.Seed,
		Epochs: recipe.Epochs, Steps: n.Steps, BatchSize: min(recipe.BatchSize, n.SampleSize),
		LearningRate: recipe.LearningRate, Beta1: recipe.Beta1, Beta2: recipe.Beta2, Epsilon: recipe.Epsilon,
		Optimiser: n.Optimiser, Momentum: n.Momentum, Bias: n.Bias,
	}
}

// surfaceObjects is the k whose surfaces L_k and L_{k+1} are evaluated: with many
// more objects the two are one picture.
const surfaceObjects = 30

// measured adds the second-order stages of a network, as the table [curvature]
// says. What costs much is measured only of the networks that some figure shows.
func (w *wiring) measured(n artifact.Network) {
	s, want, c := w.subjects[n.ID()], w.wants[n.ID()], w.params.Curvature
	if w.err != nil || s.results["spectra/spectrum"].Stage != nil {
		return
	}
	all := w.params.objectsOf(n.Dataset)
	k, next := n.SampleSize, min(n.SampleSize, all-1)
	vectors := min(c.Top, max(c.eigenvectors(), maxVectors/s.shape.parameters()))
	m := measurement{
		spectra: spectra.Params{
			SampleSize: k, Top: c.Top, Bottom: c.Bottom, HTermEnds: min(c.Top, c.Bottom), Tolerance: c.Tolerance, Floor: smallError, Chance: chance, Whole: wholeWeights,
			Gram: solved(gramRows, k*s.shape.classes()), Classes: true, KinkObjects: min(kinkObjects, k), Vectors: vectors, Seed: c.Seed,
		},
		objects: &objects.Params{SampleSize: k, Hessians: allOr(c.Hessians, k)},
	}
	if !w.dense[sizeOf(n)] || want.density {
		w.dense[sizeOf(n)] = true
		m.density = &density.Params{SampleSize: k, Term: "H", Steps: c.Steps, Probes: c.Probes, Deflate: min(vectors, s.shape.parameters()/4), Seed: c.Seed}
		if want.density {
			m.density.Steps, m.density.Probes = c.DrawnSteps, c.DrawnProbes
			m.density.Bottom, m.density.Tolerance = min(c.Bottom, s.shape.parameters()/4), c.Tolerance
		}
	}
	sizes := c.incrementsUpTo(next)
	spread := min(c.BoundObjects, k)
	m.bounds = &bounds.Params{
		SampleSize: k, Objects: spread, Top: min(20, k-spread), Tolerance: c.Tolerance, Seed: c.Seed,
		Increments: ascending(append(c.incrementsUpTo(k-1), k-1)), // and what the last object does to the mean over the others
	}
	if want.increments {
		m.increments = &increments.Params{Sizes: sizes, Tolerance: c.Tolerance, Seed: c.Seed}
		m.increments.Others = min(c.Others, all-1-sizes[0]) // there are no more behind object k+1
	}
	if want.closeUp {
		m.spectra.BlockSteps = 2 // each costs two products for every pair of layers
		if want.increments {
			m.increments.Rotation = c.eigenvectors()
		}
		m.surfaces = surface(next, c.Seed)
		m.ball = &ball.Params{
			SampleSize: k, K: 1000, Directions: 10, Tolerance: c.Tolerance, Seed: c.Seed,
			Radii: []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
		}
	}
	if want.closeUp || want.samplesize {
		size := samplesize.DefaultParams()
		size.SampleSize, size.Seed, size.Dimensions = k, c.Seed, c.eigenvectors()
		m.samplesize = &size
	}
	w.measure(s, m)
}

// What is the same for all networks of a run.
const (
	// smallError is how far an eigenvalue may be off, relative to the norm, whatever
	// its size.
	smallError = 1e-10

	// wholeWeights is the number of weights up to which the whole matrix is solved
	// where a list of eigenvalues stays incomplete.
	wholeWeights = 4096

	// gramRows is the size up to which the Gram matrix of G's factors is solved.
	gramRows = 400
)

// What is the same for all networks, trained or given.
const (
	// chance is the largest acceptable probability that a list of eigenvalues lacks
	// one.
	chance = 1e-9

	// kinkObjects are searched for the nearest change of a ReLU.
	kinkObjects = 100
)

// surface is how the loss around the weights is sampled, at the sample size k at most.
func surface(k int, seed int64) *surfaces.Params {
	return &surfaces.Params{SampleSize: min(surfaceObjects, k), Points: 81, Side: 25, EigenRadius: 0.1, RandomRadius: 1, Seed: seed}
}

// solved returns the size of a matrix that is solved whole, up to limit rows; 0 for
// one that is not.
func solved(limit, rows int) int {
	if rows > limit {
		return 0
	}
	return rows
}

// allOr returns how many of all objects are measured; -1 for all.
func allOr(some, all int) int {
	if some >= all {
		return -1
	}
	return some
}

// measurement is what is measured of a network's curvature; nil for nothing.
type measurement struct {
	spectra    spectra.Params
	density    *density.Params
	objects    *objects.Params
	bounds     *bounds.Params
	boundRows  bool
	increments *increments.Params
	surfaces   *surfaces.Params
	ball       *ball.Params
	samplesize *samplesize.Params
}

// measure adds the second-order stages of a network, trained or given:
//
//	spectra      both ends of the spectra of H, G and R, with certificates, and
//	             what explains them
//	density      the spectral density of H
//	objects      each object's own curvature
//	bounds       the paper's bounds and the corrected ones, against what they bound
//	bound_rows   all bounds of each object
//	increments   what one more object does to the Hessian
//	surfaces     the loss on lines and planes through the weights
//	ball         |L_{k+1} − L_k| on spheres about the weights
//	samplesize   from which sample size on one more object hardly changes the loss
func (w *wiring) measure(s *subject, m measurement) {
	add(w, s, &spectraKind, s.evaluated(), m.spectra)
	if m.density != nil {
		add(w, s, &densityKind, s.evaluated("spectra/eigenvalues", "spectra/vectors"), *m.density)
	}
	if m.objects != nil {
		add(w, s, &objectsKind, s.evaluated(), *m.objects)
	}
	if m.bounds != nil {
		add(w, s, &boundsKind, s.evaluated("spectra/eigenvalues"), *m.bounds)
	}
	if m.boundRows {
		add(w, s, &boundRowsKind, s.evaluated(), bounds.RowParams{})
	}
	if m.increments != nil {
		add(w, s, &incrementsKind, s.evaluated(), *m.increments)
	}
	if m.surfaces != nil {
		add(w, s, &surfacesKind, s.evaluated("spectra/vectors"), *m.surfaces)
	}
	if m.ball != nil {
		add(w, s, &ballKind, s.evaluated("spectra/vectors"), *m.ball)
	}
	if m.samplesize != nil {
		add(w, s, &samplesizeKind, s.evaluated("spectra/vectors", "objects/objects"), *m.samplesize)
	}
}

// drawing adds one of the figures, [figures.All]. One of several recipes has a
// panel for each.
func (w *wiring) drawing(d *drawing) {
	e, look := d.of[0], w.params.Figures
	p := figures.Params{Figure: d.Name, Dataset: e.Dataset, Input: e.Input, Published: look.Published && d.Published}
	if d.Shows == figures.OverBoth {
		p.AtHiddenSize, p.AtNumLayers = e.AtHiddenSize, e.AtNumLayers
	}
	for _, e := range d.of {
		for _, n := range shownIn(e, d.Figure) {
			n.Recipe = e.recipe()
			if !slices.Contains(p.Networks, n) {
				p.Networks = append(p.Networks, n)
			}
		}
	}
	panels := float64(len(figures.Recipes(p.Networks)) - 1)
	p.WidthCM, p.HeightCM = d.Wide*look.WidthCM*(1+float64(0.4*panels)), d.High*look.HeightCM
	name, labels := d.Name, []pipeline.Label{{Key: "figure", Value: d.Name}}
	if d.PerRun {
		p.Dataset, p.Input = "", ""
	} else {
		name = p.Networks[0].Data() + "," + d.Name
		labels = append([]pipeline.Label{{Key: "dataset", Value: e.Dataset}, {Key: "input", Value: e.Input}}, labels...)
	}
	w.draw(d.Figure, name, labels, d.file, p)
}

// claims adds the verdicts on the paper's claims, from all networks of the run.
func (w *wiring) claims() {
	p := claims.DefaultParams()
	p.Seed = w.params.Differences.Seed
	in, listed := inputs{}, map[artifact.Network]bool{}
	for i := range w.params.Experiments {
		e := &w.params.Experiments[i]
		for _, c := range e.cuts() {
			if !slices.Contains(p.Cuts, c) {
				p.Cuts = append(p.Cuts, c)
			}
		}
		for n := range e.grid {
			n.Recipe = e.recipe()
			if listed[n] || w.err != nil {
				continue
			}
			listed[n] = true
			p.Networks = append(p.Networks, n)
			w.reads(in, n, claims.Reads)
			w.reads(in, n, w.subjects[n.ID()].results.of(claims.Optional))
			if r := w.subjects[n.ID()].results; len(r.of(claims.Curves)) == len(claims.Curves) {
				w.reads(in, n, claims.Curves)
			}
		}
	}
	gather(w, &claimsKind, "claims", nil, in, map[string]string{
		claims.Claims: "results/claims.json", claims.CSV: "results/claims.csv",
		claims.Table: "results/claims.txt", claims.Markdown: "results/claims.md",
	}, p)
}

// tables adds the tables, [tables.All], of all networks in the order of the
// params file. A network of two experiments has a row in each that asks for what
// the table shows.
func (w *wiring) tables() {
	for _, t := range tables.All {
		p, in := tables.Params{Table: t.Name}, inputs{}
		for i := range w.params.Experiments {
			e := &w.params.Experiments[i]
			for n := range e.tabled(t) {
				if w.err == nil && len(w.subjects[n.ID()].results.of(t.Reads)) == len(t.Reads) {
					p.Rows = append(p.Rows, tables.Row{Experiment: e.Name, Network: n})
					w.reads(in, n, t.Reads)
					w.reads(in, n, w.subjects[n.ID()].results.of([]string{t.Optional}))
				}
			}
		}
		if len(p.Rows) > 0 {
			gather(w, &tablesKind, "tables["+t.Name+"]", []pipeline.Label{{Key: "table", Value: t.Name}}, in,
				map[string]string{tables.CSV: "results/" + t.Name + ".csv"}, p)
		}
	}
}
