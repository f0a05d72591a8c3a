package landscapes

import (
	"fmt"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
)

// lossForms are the bounds of the loss that bound_over_k shows, by the names of
// the stage bounds.
var lossForms = []struct {
	name string
	trend
}{
	{"lemma2_lemma1", trend{label: "Lemma 2 with Lemma 1, as printed", paint: chart.Palette[1], mark: chart.Diamond, dash: []float64{5, 1.5}}},
	{"lemma2_theorem1", trend{label: "Lemma 2 with Theorem 1, as printed", paint: chart.Palette[3], mark: chart.Diamond, dash: []float64{3.5, 1.8}}},
	{"uniform", trend{label: "corrected, uniform", paint: chart.Palette[0], mark: chart.Disc}},
	{"pointwise", trend{label: "corrected, of this object", paint: chart.Palette[5], mark: chart.Disc, single: true}},
}

// drawBoundOverK draws, over k, what one more object changes of the loss and of
// the Hessian, with the bounds on both.
func drawBoundOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	actual := trend{label: "measured", paint: chart.Black, mark: chart.Square, single: true}
	forms := make([]trend, len(lossForms))
	for i, f := range lossForms {
		forms[i] = f.trend
	}
	norm := actual
	printed := lossForms[1].trend
	upper := trend{label: "$H$: from the ends of both spectra", paint: chart.Palette[2], mark: chart.Disc, single: true}
	radius, known := 0.0, false
	var dead []string
	for _, n := range p.Series {
		summary, err := read[result.BoundsSummary](inputs, InputBounds+n.Network)
		if err != nil {
			return err
		}
		if summary.GaussNewton.Max == 0 {
			dead = append(dead, name(n, p.Series))
		}
		for _, l := range summary.Losses {
			measured := l.Actual
			if summary.GaussNewton.Max == 0 { // all losses equal but for rounding
				measured = 0
			}
			actual.values = append(actual.values, sample{l.K, measured})
			at := -1
			for i, r := range l.Radii {
				if r <= p.Radius {
					at = i
				}
			}
			if at < 0 {
				continue
			}
			radius, known = l.Radii[at], true
			for i := range forms {
				for _, f := range l.Forms {
					if f.Name == lossForms[i].name {
						forms[i].values = append(forms[i].values, sample{l.K, beyondRounding(f.Values[at])})
					}
				}
			}
		}
		for _, i := range summary.Increments {
			norm.values = append(norm.values, sample{i.K, i.Norm})
			upper.values = append(upper.values, sample{i.K, i.Upper})
			printed.values = append(printed.values, sample{i.K, i.Printed})
		}
	}
	if len(actual.values) == 0 {
		return fmt.Errorf("no increments to show: the stage bounds was given no sizes k below the sample's")
	}
	trends := append([]trend{actual}, forms...)
	small := "one more object at fixed weights"
	if known {
		small += fmt.Sprintf("; bounds of the loss within $R = %s$ of them, without the remainder of Taylor’s expansion", chart.Digits(radius, 1))
	}
	top := s.Heading(p.title(), small+chart.Trained(p.Series), append(append(entriesOf(trends), upper.entry()), s.Remarks(dead, "collapsed, all measured values 0")...))
	page := s.Page(top)
	page.Top += chart.PanelTitle
	left, right := page, page
	left.Right = float64((page.Left+page.Right)/2) - chart.PanelGap/2
	right.Left = left.Right + chart.PanelGap
	for _, half := range []struct {
		chart.Frame
		title, label string
		trends       []trend
	}{
		{left, "loss", differenceLabel, trends},
		{right, "Hessian", `$\|H_{k+1} - H^{(k)}\|_2$`, []trend{printed, upper, norm}},
	} {
		if err := drawTrends(s, half.Frame, half.title, half.label, half.trends); err != nil {
			return err
		}
	}
	return nil
}

const differenceLabel = `$|\mathcal{L}_{k+1}(\theta) - \mathcal{L}_k(\theta)|$`

// beyondRounding is v, or 0 where that is less than what equal losses differ by
// in rounding.
func beyondRounding(v float64) float64 {
	if v < 1e-13 {
		return 0
	}
	return v
}
