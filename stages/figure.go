package stages

import (
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/stages/figures"
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
// distinguished by their recipes, over hidden_size and num_layers they add up.
func share(f figures.Figure, a, b *Experiment) bool {
	switch {
	case a.AtHiddenSize != b.AtHiddenSize || a.AtNumLayers != b.AtNumLayers:
		return false
	case f.PerRecipe:
		return a.recipe() != b.recipe()
	}
	return slices.Contains([]figures.Shown{figures.OverHiddenSize, figures.OverNumLayers, figures.OverBoth}, f.Shows) && a.recipe() == b.recipe()
}

// holds reports whether some figure that the experiment feeds holds the
// num_layers or the hidden_size fixed.
func (e *Experiment) holds(numLayers bool) bool {
	return slices.ContainsFunc(e.Figures, func(name string) bool {
		f := figureNamed(name)
		shows := f.Shows
		return !f.OfAllSizes() && (shows != figures.OverNumLayers && numLayers || shows != figures.OverHiddenSize && !numLayers)
	})
}

// shownIn returns the networks of the experiment that the figure shows, in the
// order of its lists.
func shownIn(e *Experiment, f figures.Figure) []artifact.Network {
	var list []artifact.Network
	for n := range e.grid {
		if e.shows(f.Shows, n) {
			list = append(list, n)
		}
	}
	return list
}

// shows reports whether a figure of that kind shows the experiment's network n.
func (e *Experiment) shows(s figures.Shown, n artifact.Network) bool {
	h, l, k := n.HiddenSize == e.AtHiddenSize, n.NumLayers == e.AtNumLayers, n.SampleSize == slices.Max(e.SampleSizes)
	first, measured := n.Seed == e.Seeds[0], slices.Contains(e.CurvatureSeeds, n.Seed)
	switch s {
	case figures.One:
		return h && l && k && first
	case figures.OverHiddenSize:
		return l && k
	case figures.OverNumLayers:
		return h && k
	case figures.OverSizes:
		return h && l
	case figures.OverBoth:
		return (h || l) && k
	case figures.OverMeasured:
		return h && l && measured
	case figures.OverSeeds:
		return h && l && k && measured
	case figures.OverGrid:
		return k
	case figures.OverTraced:
		return k && len(e.CurvatureSeeds) > 0 && n.Seed == e.CurvatureSeeds[0]
	}
	return false
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
