package figures

import (
	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// The colours of the operators, the same in all figures.
var (
	paintH      = chart.Palette[0]
	paintG      = chart.Palette[3]
	paintR      = chart.Palette[4]
	paintObject = chart.Palette[2]
)

// The dashes that distinguish lines without their colours.
var (
	dashed = []float64{3.5, 1.8}
	dotted = []float64{1.4, 1.4}
)

// drawNormsOverK draws the norms of networks trained on k objects, each at its
// own weights, one panel per recipe.
func drawNormsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var panels []chart.TrendPanel
	var dead []string
	var terms []artifact.TermSpectrum
	for _, recipe := range Recipes(p.Networks) {
		h := &chart.Trend{Label: `$\|H^{(k)}\|_2$`, Paint: paintH, Mark: chart.Disc, Shift: -3}
		g := &chart.Trend{Label: `$\|G^{(k)}\|_2$`, Paint: paintG, Mark: chart.Square, Dash: dashed}
		r := &chart.Trend{Label: `$\|H^{(k)} - G^{(k)}\|_2$`, Paint: paintR, Mark: chart.Triangle, Dash: dotted, Shift: 3}
		for _, n := range p.Networks {
			if n.Recipe != recipe {
				continue
			}
			spectrum, err := read[artifact.Spectrum](inputs, "spectra/spectrum", n)
			if err != nil {
				return err
			}
			if spectrum.Hessian.Norm == 0 {
				dead = append(dead, name(n, p.Networks))
			}
			terms = append(terms, spectrum.Hessian, spectrum.GaussNewton, spectrum.HTerm)
			h.Add(spectrum.Objects, spectrum.Hessian.Norm)
			g.Add(spectrum.Objects, spectrum.GaussNewton.Norm)
			r.Add(spectrum.Objects, spectrum.HTerm.Norm)
		}
		panels = append(panels, chart.TrendPanel{Title: recipeLabel(recipe), Trends: []*chart.Trend{h, g, r}})
	}
	if len(panels) == 1 && p.Networks[0].Recipe == "" {
		panels[0].Title = ""
	}
	entries := append(chart.TrendEntries(panels[0].Trends...), s.Remarks(dead, "collapsed, all norms 0")...)
	entries = append(entries, chart.Entry{Text: certainty(terms...), Note: true})
	top := s.Heading(p.title(), "networks trained on the first $k$ objects, each at its own weights: a line through the medians of the seeds", entries)
	return chart.DrawTrends(s, s.Page(top), "spectral norm", "collapsed, all norms 0", panels...)
}
