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
	"github.com/landscape-pipe/landscape-pipe/stages/losses"
	"github.com/landscape-pipe/landscape-pipe/stages/objects"
	"github.com/landscape-pipe/landscape-pipe/stages/rotation"
	"github.com/landscape-pipe/landscape-pipe/stages/samplesize"
	"github.com/landscape-pipe/landscape-pipe/stages/surfaces"
)

// figureNamed returns the figure of a name that the params were checked for.
func figureNamed(name string) figures.Figure {
	f, err := figures.Named(name)
	if err != nil {
		panic(err) // the params were not checked
	}
	return f
}

// share reports whether two experiments may feed one figure: over k they are
// told apart by their recipes, over hidden_size and num_layers they add up.
func share(f figures.Figure, a, b *Experiment) bool {
	switch {
	case a.AtHiddenSize != b.AtHiddenSize || a.AtNumLayers != b.AtNumLayers:
		return false
	case f.PerRecipe:
		return a.recipe() != b.recipe()
	}
	return f.Shows == figures.OverBoth && a.recipe() == b.recipe()
}

// holds reports whether some figure that the experiment feeds holds the
// num_layers or the hidden_size fixed.
func (e *Experiment) holds(numLayers bool) bool {
	return slices.ContainsFunc(e.Figures, func(name string) bool {
		shows := figureNamed(name).Shows
		return shows != figures.OverNumLayers && numLayers || shows != figures.OverHiddenSize && !numLayers
	})
}

// shownIn returns the networks of the experiment that the figure shows, in the
// order of its lists.
func shownIn(e *Experiment, f figures.Figure) []network {
	at := e.closeUp()
	var list []network
	switch f.Shows {
	case figures.One:
		list = append(list, at)
	case figures.OverHiddenSize:
		for _, at.hiddenSize = range e.HiddenSize {
			list = append(list, at)
		}
	case figures.OverNumLayers:
		for _, at.numLayers = range e.NumLayers {
			list = append(list, at)
		}
	default:
		for n := range e.grid {
			fixed := n.hiddenSize == at.hiddenSize && n.numLayers == at.numLayers
			measured := slices.Contains(e.CurvatureSeeds, n.seed)
			either := n.sampleSize == at.sampleSize && (n.hiddenSize == at.hiddenSize || n.numLayers == at.numLayers)
			if f.Shows == figures.OverSizes && fixed || f.Shows == figures.OverBoth && either ||
				f.Shows == figures.OverMeasured && fixed && measured || f.Shows == figures.OverSeeds && fixed && measured && n.sampleSize == at.sampleSize {
				list = append(list, n)
			}
		}
	}
	return list
}

// drawing is a figure with the experiments that feed it.
type drawing struct {
	figures.Figure
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
				list = append(list, &drawing{Figure: figureNamed(name), file: file})
			}
			list[at].of = append(list[at].of, e)
		}
	}
	return list
}

// figure adds one figure. One of several recipes has a panel for each.
func (w *wiring) figure(f *drawing) error {
	e, look := f.of[0], w.params.Figures
	p := figures.Params{Figure: f.Name, Dataset: e.Dataset, Input: e.Input, Published: look.Published && f.Published}
	if f.Shows == figures.OverBoth {
		p.AtHiddenSize, p.AtNumLayers = e.AtHiddenSize, e.AtNumLayers
	}
	var names []string
	from := map[string]pipeline.Input{}
	for _, e := range f.of {
		for _, n := range shownIn(e, f.Figure) {
			s := chart.Series{
				Network: n.id(), HiddenSize: n.hiddenSize, NumLayers: n.numLayers, SampleSize: n.sampleSize, Seed: n.seed, Recipe: e.recipe(),
			}
			if slices.Contains(p.Series, s) {
				continue
			}
			p.Series = append(p.Series, s)
			w.figureSources(n, from)
			for _, result := range f.Reads {
				names = append(names, figures.Input(result, n.id()))
			}
		}
	}
	panels := float64(len(chart.Recipes(p.Series)) - 1)
	p.WidthCM, p.HeightCM = f.Wide*look.WidthCM*(1+float64(0.4*panels)), f.High*look.HeightCM
	slices.Sort(names) // recipes may share a network
	var inputs []pipeline.Input
	for _, name := range slices.Compact(names) {
		in := from[name]
		in.Name = name
		inputs = append(inputs, in)
	}
	_, err := add(w.graph, w.kinds.needs, w.kinds.figures, pipeline.Node{
		Name: fmt.Sprintf("figures[%s,%s,%s]", e.Dataset, e.Input, f.Name),
		Labels: []pipeline.Label{
			{Key: "dataset", Value: e.Dataset},
			{Key: "input", Value: e.Input},
			{Key: "figure", Value: f.Name},
		},
		Inputs: outputs(inputs),
		Export: drawn(f.file),
	}, p)
	return err
}

// drawn are the files of a figure.
func drawn(file string) map[string]string {
	return map[string]string{figures.OutputSVG: file + ".svg", figures.OutputPDF: file + ".pdf", figures.OutputPNG: file + ".png"}
}

// figureSources says where the figures' inputs of a network come from.
func (w *wiring) figureSources(n network, from map[string]pipeline.Input) {
	of := w.networks[n]
	add := func(result string, stage *pipeline.Stage, output string) {
		if stage != nil {
			from[figures.Input(result, n.id())] = pipeline.Input{From: stage, Output: output}
		}
	}
	add("differences/curve", of.differences, differences.OutputCurve)
	add("differences/band", of.differences, differences.OutputBand)
	add("differences/summary", of.differences, differences.OutputSummary)
	add("losses/summary", of.losses, losses.Summary)
	add("rotation/rotation", of.rotation, rotation.Rotation)
	m := of.curvature
	if m == nil {
		return
	}
	add("spectra/spectrum", m.spectrum.Stage, m.spectrum.Output)
	add("density/density", m.density.Stage, m.density.Output)
	add("density/rule", m.rule.Stage, m.rule.Output)
	add("objects/objects", m.objects, objects.Objects)
	add("objects/hessians", m.objects, objects.Hessians)
	add("objects/summary", m.objects, objects.Summary)
	add("increments/increments", m.increments, increments.Increments)
	add("surfaces/summary", m.surfaces, surfaces.Summary)
	add("surfaces/lines", m.surfaces, surfaces.Lines)
	add("surfaces/eigen_plane", m.surfaces, surfaces.EigenPlane)
	add("surfaces/random_plane", m.surfaces, surfaces.RandomPlane)
	add("bounds/bounds", m.bounds, bounds.Bounds)
	add("ball/ball", m.ball, ball.Ball)
	add("ball/curves", m.ball, ball.Curves)
	add("samplesize/samplesize", m.samplesize, samplesize.SampleSize)
}
