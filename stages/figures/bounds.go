package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// step is one row of the waterfall: a bound or an exact norm.
type step struct {
	label     string
	bound     artifact.BoundStatistics
	exact     bool
	from      string // the looser bound that the bar begins at; empty for none
	separator bool   // an empty row above
}

// chain lists the rows from the loosest to the exact value.
var chain = []struct{ name, label, from string }{
	{"B10", "Lemma 1 as printed", ""},
	{"B9", "Theorem 1 as printed", "B10"},
	{"B8", "corrected exponent", "B9"},
	{"B7", `with $\|A\|_2 ≤ ½$`, "B8"},
	{"B6", "each layer’s own norm", "B7"},
	{"B5", `actual $\|A_i\|_2$`, "B6"},
	{"B4", "actual activations", "B5"},
	{"B3", "actual masks", "B4"},
	{"B2", "joint Jacobian", "B3"},
	{"B1", "block comparison", "B3"},
	{"B0", `exact $\|G_i\|_2$`, "B2"},
	{"H_uniform", "full Hessian, uniform", ""},
	{"alpha_plus_c", `blocks $\alpha + c$`, "H_uniform"},
	{"B0_plus_C", `$\|G_i\|_2 + \|C\|_2$`, "H_uniform"},
}

// The ink of what is printed in the paper, what is corrected, what is exact.
var (
	paintPrinted   = chart.Palette[3]
	paintCorrected = chart.Palette[0]
	paintExact     = chart.Black
)

// drawBoundWaterfall draws the chain of bounds, the loosest at the top, the
// exact norm at the bottom, and how much each step removes.
func drawBoundWaterfall(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	summary, err := read[artifact.BoundsSummary](inputs, "bounds/bounds", p.Networks[0])
	if err != nil {
		return err
	}
	var rows []step
	for _, c := range chain {
		b, ok := summary.Bound(c.name)
		if !ok {
			continue
		}
		label := c.label
		if c.name[0] == 'B' && c.name != "B0_plus_C" {
			label = fmt.Sprintf(`$B_{%s}$ `, c.name[1:]) + label
		}
		rows = append(rows, step{label: label, bound: b, from: c.from, exact: c.name == "B0", separator: c.name == "H_uniform"})
	}
	rows = append(rows, step{
		label: `exact $\|H_i\|_2$`, exact: true, from: "B0_plus_C",
		bound: artifact.BoundStatistics{Name: "H", Of: "H", Values: summary.Hessian},
	})

	var values chart.Extent
	for _, r := range rows {
		q := r.bound.Values
		values.TakeOne(q.Median)
		values.TakeOne(q.Max)
		if q.Q05 > q.Median/1e6 { // the tail towards zero is cut
			values.TakeOne(q.Q05)
		}
	}
	entries := []chart.Entry{
		{Text: "as printed in the paper", Key: chart.OpenKey(chart.Diamond, paintPrinted), Slim: true},
		{Text: "corrected", Key: chart.MarkKey(chart.Disc, paintCorrected, drawing.Stroke{}), Slim: true},
		{Text: "exact", Key: chart.MarkKey(chart.Square, paintExact, drawing.Stroke{}), Slim: true},
		{Text: "what the step removes", Key: chart.BandKey(paintStep)},
		{Text: "5 to 95 % of the objects, maximum", Key: spreadKey},
		{Text: "slack: median of bound/exact; of a bound for all objects ($B_7$ to $B_{10}$, uniform) bound/largest", Note: true},
	}
	if summary.GaussNewton.Max == 0 {
		entries = append(entries, chart.Entry{Text: "collapsed, all exact norms 0", Note: true})
	}
	top := s.Heading(p.title(), waterfallPrint(summary)+trained(p.Networks), entries)

	y, place := rowAxis(rows)
	low, high := values.Positive()
	x := chart.LogAxis("bound on the norm of an object’s curvature: median over the objects", low, high)
	page := s.Page(top)
	slack := s.Set(`$8.8 \times 10^{88}$`, chart.TickSize).Width + 4
	page.Right -= slack
	page.Top += chart.TickSize
	in, err := chart.NewPanel(s, page, x, y)
	if err != nil {
		return err
	}
	column := s.Width - chart.Edge
	s.DrawText(s.Set("slack", chart.TickSize), column, in.Inner.Top-3, 1, chart.Grey)
	medians := make(map[string]float64)
	for i, r := range rows {
		medians[r.bound.Name] = r.bound.Values.Median
		drawStep(in, r, medians[r.from], place[i])
		if r.bound.Slack > 0 && !r.exact {
			l := s.Set("$"+shortest(r.bound.Slack)+"$", chart.TickSize)
			s.DrawText(l, column, in.Y.At(place[i])+float64(0.33*chart.TickSize), 1, chart.Ink)
		}
	}
	in.DrawAxes()
	return nil
}

func waterfallPrint(b artifact.BoundsSummary) string {
	return fmt.Sprintf("%s of %s, %d weight matrices; factors: ratio of the medians",
		chart.Plural(b.Objects, "object"), chart.Count(b.SampleSize), b.WeightLayers)
}

// paintStep is the bar of what a step removes.
var paintStep = color.NRGBA{R: 0xc9, G: 0xdf, B: 0xee, A: 255}

func spreadKey(s *chart.Sheet, at drawing.Point, w float64) {
	pen := drawing.Stroke{Color: chart.Ink, Width: 0.8}
	s.Stroke(drawing.Polyline(drawing.Point{X: at.X, Y: at.Y}, drawing.Point{X: at.X + w - 5, Y: at.Y}), pen)
	s.Stroke(drawing.Polyline(drawing.Point{X: at.X + w - 1, Y: at.Y - 2}, drawing.Point{X: at.X + w - 1, Y: at.Y + 2}), pen)
}

// rowAxis places the rows from the top, with an empty half row where a new
// group begins.
func rowAxis(rows []step) (a chart.Axis, place []float64) {
	at := 0.0
	for _, r := range rows {
		at++
		if r.separator {
			at += 0.6
		}
		place = append(place, at)
		a.Marks = append(a.Marks, chart.Tick{Value: at, Label: r.label})
	}
	a.Low, a.High = at+0.6, 0.4
	return a, place
}

// drawStep draws one row: the bar from the looser bound to this one, the
// factor between them, the spread over objects, the median. A looser bound that
// is smaller than the tighter one is out of order.
func drawStep(in *chart.Panel, r step, from, place float64) {
	const half = 3.2
	q := r.bound.Values
	if !(q.Median > 0) {
		return
	}
	paint, mark := paintCorrected, chart.Mark(chart.Disc)
	switch {
	case r.exact:
		paint, mark = paintExact, chart.Square
	case r.bound.Printed:
		paint, mark = paintPrinted, chart.Diamond
	}
	at := in.Point(q.Median, place)
	right := at.X
	if from > 0 && from != q.Median {
		end := in.X.At(from)
		paint := paintStep
		if from < q.Median {
			paint = chart.Tint(paintPrinted, 0.25)
		}
		in.Fill(drawing.Rectangle(drawing.Point{X: at.X, Y: at.Y - half}, drawing.Point{X: end, Y: at.Y + half}), paint)
		right = max(right, end)
	}
	pen := drawing.Stroke{Color: paint, Width: 0.8}
	low, high := in.Point(in.X.Clamp(q.Q05), place), in.Point(q.Q95, place)
	in.Stroke(drawing.Polyline(low, high), pen)
	most := in.Point(q.Max, place)
	in.Stroke(drawing.Polyline(drawing.Point{X: most.X, Y: most.Y - 2}, drawing.Point{X: most.X, Y: most.Y + 2}), pen)
	right = max(right, most.X)
	if r.bound.Printed {
		in.Open(mark, at, paint)
	} else {
		in.Fill(mark(at), paint)
	}
	text, ink := "", chart.Grey
	switch {
	case from >= q.Median:
		text = "÷ $" + shortest(from/q.Median) + "$"
	case from > 0: // out of order, as a bound that does not hold can be
		text, ink = "larger than the step above: × $"+shortest(q.Median/from)+"$", paintPrinted
	}
	if n := r.bound.Violations; n > 0 {
		text, ink = fmt.Sprintf("does not hold: %s above it", chart.Plural(n, "exact norm")), paintPrinted
	}
	if n := r.bound.ViolationsHessian; n > 0 && r.bound.Printed && r.bound.Violations == 0 {
		text, ink = fmt.Sprintf(`does not hold for $\|H_i\|_2$ of %s`, chart.Plural(n, "object")), paintPrinted
	}
	if text == "" {
		return
	}
	l := in.Set(text, chart.SubtitleSize)
	y := at.Y + float64(0.33*chart.SubtitleSize)
	left := min(low.X, at.X)
	switch {
	case right+4+l.Width <= in.Inner.Right:
		in.DrawText(l, right+4, y, 0, ink)
	case left-4-l.Width >= in.Inner.Left:
		in.DrawText(l, left-4, y, 1, ink)
	default: // the bar fills the axis: on it, clear of the spread
		in.DrawText(in.Fit(text, chart.SubtitleSize, in.Inner.Right-high.X-10), in.Inner.Right-6, y, 1, ink)
	}
}

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

// boundRadius is where bound_over_k shows the bounds of the loss: at the largest
// of their radii that is not above it.
const boundRadius = 0.1

// drawBoundOverK draws how much the last object of the sample changes the loss and
// the Hessian of networks trained on k objects, each at its own weights, with the
// bounds on both.
func drawBoundOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	actual := &chart.Trend{Label: `measured: loss, $\|D\|_2$`, Paint: chart.Black, Mark: chart.Square, Shift: -2.5}
	norm, printed := *actual, lossForms[1].Trend
	change := &chart.Trend{Label: `measured $\|D\|_2/k$, the change of $H^{(k-1)}$ by object $k$`, Paint: chart.Palette[4], Mark: chart.Triangle, Dash: dashed}
	upper := &chart.Trend{Label: `$\|D\|_2$ from the ends of both spectra`, Paint: chart.Palette[2], Mark: chart.Disc, Dash: dotted, Shift: 2.5}
	forms := make([]*chart.Trend, len(lossForms))
	for i, f := range lossForms {
		forms[i] = &f.Trend
	}
	radius, known := 0.0, false
	var dead []string
	for _, n := range p.Networks {
		summary, err := read[artifact.BoundsSummary](inputs, "bounds/bounds", n)
		if err != nil {
			return err
		}
		if len(summary.Losses) == 0 || len(summary.Increments) == 0 {
			return fmt.Errorf("input %s has no increments: the stage bounds was given no sizes k below the sample's", n.Result("bounds/bounds"))
		}
		// The largest size is that of the sample without its last object.
		k := summary.SampleSize
		l, i := summary.Losses[len(summary.Losses)-1], summary.Increments[len(summary.Increments)-1]
		measured := l.Actual
		if summary.GaussNewton.Max == 0 { // all losses equal, except for rounding
			dead = append(dead, name(n, p.Networks))
			measured = 0
		}
		actual.Add(k, measured)
		at := -1
		for j, r := range l.Radii {
			if r <= boundRadius {
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
		change.Add(k, i.Norm/float64(k))
		upper.Add(k, i.Upper)
		printed.Add(k, i.Printed)
	}
	small := "networks trained on $k$ objects, the last of them against the others"
	if known {
		small += fmt.Sprintf("; loss bounds within $R = %s$ of the weights, without Taylor’s remainder", chart.Digits(radius, 1))
	}
	entries := chart.TrendEntries(append([]*chart.Trend{actual, upper, change}, forms...)...)
	top := s.Heading(p.title(), small, append(entries, s.Remarks(dead, "collapsed, all measured values 0")...))
	left, right := halves(s.Page(top))
	if err := chart.DrawTrends(s, left, `$|\mathcal{L}_k(\theta) - \mathcal{L}_{k-1}(\theta)|$`, "collapsed, all 0", chart.TrendPanel{Title: "loss", Trends: append(forms, actual)}); err != nil {
		return err
	}
	return chart.DrawTrends(s, right, "spectral norm", "collapsed, all 0", chart.TrendPanel{Title: `Hessian: $D = \nabla^2\ell_k - H^{(k-1)}$`, Trends: []*chart.Trend{&printed, upper, &norm, change}})
}

// beyondRounding returns v, or 0 if v is less than the rounding differences of
// equal losses.
func beyondRounding(v float64) float64 {
	if v < 1e-13 {
		return 0
	}
	return v
}
