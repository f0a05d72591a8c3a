package figures

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// drawMADOverK draws the mean absolute deviation of the losses over the size of
// the training sample, of the losses on the sample and of those of all objects,
// one panel per recipe.
func drawMADOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var panels []chart.TrendPanel
	var dead []string
	objects := 0
	for _, recipe := range Recipes(p.Networks) {
		sample := &chart.Trend{Label: "over the $k$ training objects", Paint: chart.Palette[0], Mark: chart.Disc, Shift: -2.4}
		all := &chart.Trend{Paint: chart.Palette[3], Mark: chart.Square, Dash: []float64{3.5, 1.8}, Shift: 2.4}
		for _, n := range p.Networks {
			if n.Recipe != recipe {
				continue
			}
			l, err := read[artifact.LossSummary](inputs, "losses/summary", n)
			if err != nil {
				return err
			}
			if l.Sample.Objects != n.SampleSize {
				return fmt.Errorf("input %s has a sample of %d objects, want %d", n.Result("losses/summary"), l.Sample.Objects, n.SampleSize)
			}
			objects = l.All.Objects
			if l.Sample.Collapsed() {
				// A few objects that it did not learn may still have other losses.
				l.Sample.MAD, l.All.MAD = 0, 0
			}
			sample.Add(n.SampleSize, l.Sample.MAD)
			all.Add(n.SampleSize, l.All.MAD)
			if l.Sample.MAD == 0 {
				name := chart.SizeLabel(n.SampleSize) + " " + chart.SeedLabel(n.Seed)
				if len(Recipes(p.Networks)) > 1 {
					name += " (" + recipeLabel(recipe) + ")"
				}
				dead = append(dead, name)
			}
		}
		all.Label = "over all " + chart.Count(objects) + " objects"
		panels = append(panels, chart.TrendPanel{Title: recipeLabel(recipe), Trends: []*chart.Trend{all, sample}})
	}
	if len(panels) == 1 && p.Networks[0].Recipe == "" {
		panels[0].Title = ""
	}
	first := panels[0].Trends
	top := s.Heading(
		p.title(),
		"networks trained on the first $k$ objects: a mark for each seed, a line through the medians",
		append(chart.TrendEntries(first[1], first[0]), s.Remarks(dead, "collapsed, all losses equal")...))
	return chart.DrawTrends(s, s.Page(top), `$\text{MAD} = \mean |\ell_i - \mean \ell|$`, "collapsed, all losses equal", panels...)
}
