package stages

import (
	"fmt"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/pipeline"
	"github.com/landscape-pipe/landscape-pipe/stages/ball"
	"github.com/landscape-pipe/landscape-pipe/stages/bounds"
	"github.com/landscape-pipe/landscape-pipe/stages/differences"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
	"github.com/landscape-pipe/landscape-pipe/stages/increments"
	"github.com/landscape-pipe/landscape-pipe/stages/landscapes"
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
)

// figureKind is a figure that an experiment may feed.
type figureKind struct {
	name  string
	shows shown
	// wide and high scale the size in [figures].
	wide, high float64
	// curved figures are drawn by stage landscapes, of measured networks; the
	// others by stage figures, of losses.
	curved bool
}

// shown says which networks of an experiment a figure shows.
type shown int

const (
	oneNetwork   shown = iota // at_hidden_size, at_num_layers, largest k, first seed
	overHidden                // every hidden_size at at_num_layers, largest k, first seed
	overLayers                // every num_layers at at_hidden_size, largest k, first seed
	overSizes                 // every k and seed at at_hidden_size and at_num_layers
	overBoth                  // every hidden_size at at_num_layers and the other way round, largest k, all seeds
	overMeasured              // every k at at_hidden_size and at_num_layers, seeds that are measured
	overSeeds                 // at_hidden_size, at_num_layers, largest k, seeds that are measured
)

// together reports whether two experiments may feed one figure: over k they are
// told apart by their recipes, over h and num_layers they add up.
func (f figureKind) together(a, b *Experiment) bool {
	if a.AtHiddenSize != b.AtHiddenSize || a.AtNumLayers != b.AtNumLayers {
		return false
	}
	switch f.name {
	case figures.MADOverK, landscapes.NormsOverK:
		return a.recipe() != b.recipe()
	case figures.MADGrid:
		return a.recipe() == b.recipe()
	}
	return false
}

// figureKinds are the figures in the order in which they are listed and drawn.
var figureKinds = []figureKind{
	{figures.HiddenSize, overHidden, 1, 1, false},
	{figures.NumLayers, overLayers, 1, 1, false},
	{figures.TrueDifference, oneNetwork, 1, 1, false},
	{figures.MADOverK, overSizes, 1, 1, false},
	{figures.MADGrid, overBoth, 1.2, 1, false},
	{landscapes.SpectralDensity, oneNetwork, 1.45, 1, true},
	{landscapes.TopEigenvalues, oneNetwork, 1, 1.25, true},
	{landscapes.ObjectNorms, oneNetwork, 1, 1, true},
	{landscapes.LayerBlocks, oneNetwork, 1.5, 1, true},
	{landscapes.Surface1D, oneNetwork, 1.7, 1, true},
	{landscapes.Surface2D, oneNetwork, 1.7, 1.4, true},
	{landscapes.IncrementsOverK, overSeeds, 1, 1, true},
	{landscapes.NormsOverK, overMeasured, 1, 1, true},
	{landscapes.BoundWaterfall, oneNetwork, 1.35, 1.35, true},
	{landscapes.BoundOverK, overMeasured, 1.45, 1.1, true},
	{landscapes.DifferenceOverRadius, oneNetwork, 1.1, 1.25, true},
	{landscapes.SufficientSize, oneNetwork, 1, 1.1, true},
	{landscapes.RotationOverEpochs, oneNetwork, 1, 1, true},
}

// figureNames are their names.
var figureNames = func() []string {
	var names []string
	for _, f := range figureKinds {
		names = append(names, f.name)
	}
	return names
}()

// figureNamed returns the figure of a name that the params were checked for.
func figureNamed(name string) figureKind {
	return figureKinds[slices.IndexFunc(figureKinds, func(f figureKind) bool { return f.name == name })]
}

// holds reports whether some figure that the experiment feeds holds the
// num_layers or the hidden_size fixed.
func (e *Experiment) holds(numLayers bool) bool {
	return slices.ContainsFunc(e.Figures, func(name string) bool {
		shows := figureNamed(name).shows
		return shows != overLayers && numLayers || shows != overHidden && !numLayers
	})
}

// of returns the networks of the experiment that the figure shows, in the
// order of its lists.
func (f figureKind) of(e *Experiment) []network {
	at := e.closeUp()
	var list []network
	switch f.shows {
	case oneNetwork:
		list = append(list, at)
	case overHidden:
		for _, at.hiddenSize = range e.HiddenSize {
			list = append(list, at)
		}
	case overLayers:
		for _, at.numLayers = range e.NumLayers {
			list = append(list, at)
		}
	default:
		for n := range e.grid {
			fixed := n.hiddenSize == at.hiddenSize && n.numLayers == at.numLayers
			measured := slices.Contains(e.CurvatureSeeds, n.seed)
			either := n.sampleSize == at.sampleSize && (n.hiddenSize == at.hiddenSize || n.numLayers == at.numLayers)
			if f.shows == overSizes && fixed || f.shows == overBoth && either ||
				f.shows == overMeasured && fixed && measured || f.shows == overSeeds && fixed && measured && n.sampleSize == at.sampleSize {
				list = append(list, n)
			}
		}
	}
	return list
}

// drawing is a figure with the experiments that feed it.
type drawing struct {
	figureKind
	file string // without its suffix
	of   []*Experiment
}

// drawings are the figures of all experiments in the order of the file.
func (p *Params) drawings() []*drawing {
	var list []*drawing
	for i := range p.Experiments {
		e := &p.Experiments[i]
		for _, name := range e.Figures {
			file := figureFile(e, name)
			at := slices.IndexFunc(list, func(d *drawing) bool { return d.file == file })
			if at < 0 {
				at = len(list)
				list = append(list, &drawing{figureKind: figureNamed(name), file: file})
			}
			list[at].of = append(list[at].of, e)
		}
	}
	return list
}

// figure adds one figure. One of several recipes has a panel for each.
func (w *wiring) figure(f *drawing) error {
	look := w.params.Figures
	var series []chart.Series
	var names []string
	from := map[string]pipeline.Input{}
	for _, e := range f.of {
		for _, n := range f.figureKind.of(e) {
			s := chart.Series{
				Network: n.id(), HiddenSize: n.hiddenSize, NumLayers: n.numLayers, SampleSize: n.sampleSize, Seed: n.seed, Recipe: e.recipe(),
			}
			if slices.Contains(series, s) {
				continue
			}
			series = append(series, s)
			w.figureSources(n, from)
			if !f.curved {
				needs, err := figures.Inputs(f.name, n.id())
				if err != nil {
					return err
				}
				names = append(names, needs...)
			}
		}
	}
	e, more := f.of[0], float64(len(chart.Recipes(series))-1)
	params := landscapes.Params{
		Figure: f.name, Dataset: e.Dataset, Input: e.Input, Series: series,
		WidthCM: f.wide * look.WidthCM * (1 + float64(0.4*more)), HeightCM: f.high * look.HeightCM, Radius: 0.1,
	}
	if f.curved {
		var err error
		if names, err = params.Inputs(); err != nil {
			return err
		}
	}
	slices.Sort(names) // recipes may share a network
	var inputs []pipeline.Input
	for _, name := range slices.Compact(names) {
		in := from[name]
		in.Name = name
		inputs = append(inputs, in)
	}
	kind := w.kinds.figures.Name
	if f.curved {
		kind = w.kinds.landscapes.Name
	}
	node := pipeline.Node{
		Name: fmt.Sprintf("%s[%s,%s,%s]", kind, e.Dataset, e.Input, f.name),
		Labels: []pipeline.Label{
			{Key: "dataset", Value: e.Dataset},
			{Key: "input", Value: e.Input},
			{Key: "figure", Value: f.name},
		},
		Inputs: outputs(inputs),
		Export: map[string]string{
			chart.OutputSVG: f.file + ".svg",
			chart.OutputPDF: f.file + ".pdf",
			chart.OutputPNG: f.file + ".png",
		},
	}
	if f.curved {
		_, err := add(w.graph, w.kinds.needs, w.kinds.landscapes, node, params)
		return err
	}
	_, err := add(w.graph, w.kinds.needs, w.kinds.figures, node, figures.Params{
		Figure: f.name, Dataset: e.Dataset, Input: e.Input, Series: series,
		WidthCM: params.WidthCM, HeightCM: params.HeightCM, Published: look.Published,
		AtNumLayers: e.AtNumLayers, AtHiddenSize: e.AtHiddenSize,
	})
	return err
}

// figureSources says where the figures' inputs of a network come from.
func (w *wiring) figureSources(n network, from map[string]pipeline.Input) {
	of, id := w.networks[n], n.id()
	add := func(prefix string, stage *pipeline.Stage, output string) {
		if stage != nil {
			from[prefix+id] = pipeline.Input{From: stage, Output: output}
		}
	}
	add(figures.InputCurve, of.differences, differences.OutputCurve)
	add(figures.InputBand, of.differences, differences.OutputBand)
	add(figures.InputSummary, of.differences, differences.OutputSummary)
	add(figures.InputLosses, of.losses, losses.Summary)
	add(landscapes.InputRotation, of.rotation, rotation.Rotation)
	m := of.curvature
	if m == nil {
		return
	}
	add(landscapes.InputSpectrum, m.spectrum.Stage, m.spectrum.Output)
	add(landscapes.InputDensity+"H/", m.density.Stage, m.density.Output)
	add(landscapes.InputRule+"H/", m.rule.Stage, m.rule.Output)
	add(landscapes.InputObjects, m.objects, objects.Objects)
	add(landscapes.InputHessians, m.objects, objects.Hessians)
	add(landscapes.InputObjectSummary, m.objects, objects.Summary)
	add(landscapes.InputIncrements, m.increments, increments.Increments)
	add(landscapes.InputSurface, m.surfaces, surfaces.Summary)
	add(landscapes.InputLines, m.surfaces, surfaces.Lines)
	add(landscapes.InputEigenPlane, m.surfaces, surfaces.EigenPlane)
	add(landscapes.InputRandomPlane, m.surfaces, surfaces.RandomPlane)
	add(landscapes.InputBounds, m.bounds, bounds.Bounds)
	add(landscapes.InputBall, m.ball, ball.Ball)
	add(landscapes.InputBallCurves, m.ball, ball.Curves)
	add(landscapes.InputSampleSize, m.samplesize, samplesize.SampleSize)
}
