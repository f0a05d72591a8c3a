package landscapes

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
)

// lossForms are the bounds of the loss that bound_over_k shows, by the names of
// the stage bounds.
var lossForms = []struct {
	name string
	chart.Trend
}{
	{"lemma2_lemma1", chart.Trend{Label: "Lemma 2 with Lemma 1, as printed", Paint: chart.Palette[1], Mark: chart.Diamond, Dash: []float64{5, 1.5}}},
	{"lemma2_theorem1", chart.Trend{Label: "with Theorem 1, as printed", Paint: chart.Palette[3], Mark: chart.Diamond, Dash: dashed}},
	{"uniform", chart.Trend{Label: "corrected, uniform", Paint: chart.Palette[0], Mark: chart.Disc}},
	{"pointwise", chart.Trend{Label: "corrected, of this object", Paint: chart.Palette[5], Mark: chart.Disc, Dash: dotted, Shift: 2.5}},
}

// drawBoundOverK draws what the last object of the sample changes of the loss and
// of the Hessian of networks trained on k objects, each at its own weights, with
// the bounds on both.
func drawBoundOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	actual := &chart.Trend{Label: "measured", Paint: chart.Black, Mark: chart.Square, Shift: -2.5}
	norm, printed := *actual, lossForms[1].Trend
	upper := &chart.Trend{Label: "from the ends of both spectra", Paint: chart.Palette[2], Mark: chart.Disc, Dash: dotted, Shift: 2.5}
	forms := make([]*chart.Trend, len(lossForms))
	for i, f := range lossForms {
		forms[i] = &f.Trend
	}
	radius, known := 0.0, false
	var dead []string
	for _, n := range p.Series {
		summary, err := artifact.Read[artifact.BoundsSummary](inputs, InputBounds+n.Network)
		if err != nil {
			return err
		}
		if len(summary.Losses) == 0 || len(summary.Increments) == 0 {
			return fmt.Errorf("input %s%s has no increments: the stage bounds was given no sizes k below the sample's", InputBounds, n.Network)
		}
		// The largest size is that of the sample without its last object.
		k := summary.SampleSize
		l, i := summary.Losses[len(summary.Losses)-1], summary.Increments[len(summary.Increments)-1]
		measured := l.Actual
		if summary.GaussNewton.Max == 0 { // all losses equal but for rounding
			dead = append(dead, name(n, p.Series))
			measured = 0
		}
		actual.Add(k, measured)
		at := -1
		for j, r := range l.Radii {
			if r <= p.Radius {
				at = j
			}
		}
		for _, f := range l.Forms {
			for j := range forms {
				if f.Name == lossForms[j].name && at >= 0 {
					radius, known = l.Radii[at], true
					forms[j].Add(k, beyondRounding(f.Values[at]))
				}
			}
		}
		norm.Add(k, i.Norm)
		upper.Add(k, i.Upper)
		printed.Add(k, i.Printed)
	}
	small := "networks trained on $k$ objects, the last of them against the others"
	if known {
		small += fmt.Sprintf("; loss bounds within $R = %s$ of the weights, without Taylor’s remainder", chart.Digits(radius, 1))
	}
	entries := chart.TrendEntries(append([]*chart.Trend{actual, upper}, forms...)...)
	top := s.Heading(p.title(), small, append(entries, s.Remarks(dead, "collapsed, all measured values 0")...))
	page := s.Page(top)
	left, right := page, page
	left.Right = float64((page.Left+page.Right)/2) - chart.PanelGap/2
	right.Left = left.Right + chart.PanelGap
	if err := chart.DrawTrends(s, left, `$|\mathcal{L}_k(\theta) - \mathcal{L}_{k-1}(\theta)|$`, "collapsed, all 0", chart.TrendPanel{Title: "loss", Trends: append(forms, actual)}); err != nil {
		return err
	}
	return chart.DrawTrends(s, right, `$\|H_k - H^{(k-1)}\|_2$`, "collapsed, all 0", chart.TrendPanel{Title: "Hessian", Trends: []*chart.Trend{&printed, upper, &norm}})
}

// beyondRounding is v, or 0 where that is less than what equal losses differ by
// in rounding.
func beyondRounding(v float64) float64 {
	if v < 1e-13 {
		return 0
	}
	return v
}
