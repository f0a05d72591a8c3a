package figures

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// models returns for each sphere the median of |quadratic model| over the random
// directions and the largest over the eigenvectors; nil if there are none.
func models(inputs map[string][]byte, network artifact.Network, b artifact.BallSummary) (random, eigen []float64, err error) {
	radii, directions := len(b.Spheres), 2*(b.Random+b.Eigen)
	values, _, err := readValues(inputs, "ball/curves", network, directions, 2, radii)
	if err != nil {
		return nil, nil, err
	}
	for i := range radii {
		var list []float64
		most := 0.0
		for d := range directions {
			v := math.Abs(values[(2*d+1)*radii+i])
			if d < 2*b.Random {
				list = append(list, v)
			} else {
				most = max(most, v)
			}
		}
		random = append(random, chart.Median(list))
		if b.Eigen > 0 {
			eigen = append(eigen, most)
		}
	}
	return random, eigen, nil
}

// drawDifferenceOverRadius draws |L_{k+1} − L_k| on spheres about the trained
// weights, with the quadratic model and the bounds.
func drawDifferenceOverRadius(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	network := p.Networks[0]
	b, err := read[artifact.BallSummary](inputs, "ball/ball", network)
	if err != nil {
		return err
	}
	randomModel, eigenModel, err := models(inputs, network, b)
	if err != nil {
		return err
	}
	var radii, low, median, high, eigen []float64
	for _, sphere := range b.Spheres {
		radii = append(radii, sphere.Radius)
		low = append(low, sphere.Random.Q05)
		median = append(median, sphere.Random.Median)
		high = append(high, sphere.Random.Q95)
		eigen = append(eigen, sphere.LargestEigen)
	}
	type line struct {
		text string
		y    []float64
		drawing.Stroke
	}
	dash := []float64{4, 2.2}
	var lines []line
	add := func(text string, y []float64, st drawing.Stroke) {
		if y != nil {
			lines = append(lines, line{text, y, st})
		}
	}
	if b.Eigen > 0 {
		add(fmt.Sprintf("largest along %s", chart.Plural(b.Eigen, "eigenvector")), eigen, chart.Stroke(paintG, 1.2))
		add("", eigenModel, drawing.Stroke{Color: paintG, Width: 0.9, Dash: dash})
	}
	add("random directions, median and 5 to 95 %", median, chart.Stroke(paintH, 1.2))
	add("", randomModel, drawing.Stroke{Color: paintH, Width: 0.9, Dash: dash})
	pointwise, _ := b.Form("pointwise")
	uniform, _ := b.Form("uniform")
	add("bound of this object, without remainder", pointwise, chart.Stroke(chart.Palette[2], 1))
	add("uniform bound", uniform, drawing.Stroke{Color: chart.Palette[2], Width: 1, Dash: []float64{1.4, 1.4}})

	var values, at chart.Extent
	at.Take(radii)
	values.Take([]float64{b.AtCentre})
	values.Take(high)
	for _, l := range lines {
		values.Take(l.y)
	}
	bottom, top := values.Positive()
	bottom = max(bottom, top/1e14)
	y := chart.LogAxis(differenceLabel, bottom, top)
	left, right := at.Positive()
	x := chart.Axis{Label: `$R = \|\theta - \theta^*\|_2$`, Low: left, High: right, Log: true}

	spread := chart.Shade(paintH, 45)
	var entries []chart.Entry
	for _, l := range lines {
		key := chart.StrokeKey(l.Stroke)
		if l.text == "random directions, median and 5 to 95 %" {
			key = func(s *chart.Sheet, at drawing.Point, w float64) {
				chart.BandKey(spread)(s, at, w)
				chart.StrokeKey(l.Stroke)(s, at, w)
			}
		}
		if l.text != "" {
			entries = append(entries, chart.Entry{Text: l.text, Key: key})
		}
	}
	entries = append(entries, chart.Entry{Text: "quadratic model", Key: chart.StrokeKey(drawing.Stroke{Color: chart.Ink, Width: 0.9, Dash: dash})})
	uprights, more := radiusMarks(b, x)
	entries = append(entries, more...)
	entries = append(entries, printedEntry(b, y.High)...)
	if b.AtCentre < 1e-15 { // equal losses, except for rounding
		entries = append(entries, chart.Entry{Text: `collapsed, the difference at $\theta^*$ is 0`, Note: true})
	}
	for _, f := range []struct{ name, text string }{{"pointwise", "bound of this object"}, {"uniform", "uniform bound"}} {
		if over := b.Exceeded(f.name); len(over) > 0 {
			text := fmt.Sprintf("the %s is exceeded, first at $R = %s$", f.text, chart.Digits(b.Spheres[over[0]].Radius, 2))
			entries = append(entries, chart.Entry{Text: text, Note: true})
		}
	}
	small := fmt.Sprintf("one more object, $k = %s$, on spheres about the trained weights, $\\|\\theta^*\\|_2 = %s$", chart.MathCount(b.K), chart.Short(b.CentreNorm))
	page := s.Page(s.Heading(p.title(), small+trained(p.Networks), entries))
	in, err := chart.NewPanel(s, page, x, y)
	if err != nil {
		return err
	}
	in.Band(radii, low, high, spread)
	for _, u := range uprights {
		in.VerticalLine(u.radius, u.Stroke)
	}
	for _, l := range lines {
		in.Curve(radii, cutBelow(l.y, y.Low), l.Stroke)
	}
	if !(values.High > 0) {
		in.Message("collapsed, all differences 0")
	}
	in.DrawAxes()
	return nil
}

// cutBelow returns zeros, which interrupt a curve, for what the axis cannot show.
func cutBelow(v []float64, low float64) []float64 {
	out := slices.Clone(v)
	for i := range out {
		if out[i] < low {
			out[i] = 0
		}
	}
	return out
}

// printedEntry states the value of the paper's bound. On the axis it would leave
// no room for anything else.
func printedEntry(b artifact.BallSummary, high float64) []chart.Entry {
	printed, ok := b.Form("lemma2_theorem1")
	if !ok {
		return nil
	}
	at := slices.IndexFunc(printed, func(v float64) bool { return v > high })
	if at < 0 {
		at = len(printed) - 1
	}
	text := fmt.Sprintf(`as printed, with Theorem 1: $%s$ at $R = %s$`, chart.Digits(printed[at], 2), chart.Digits(b.Spheres[at].Radius, 1))
	if over := b.Exceeded("lemma2_theorem1"); len(over) > 0 {
		text += fmt.Sprintf("; exceeded on %s", chart.Plural(len(over), "sphere"))
	}
	return []chart.Entry{{Text: text, Note: true}}
}

// upright is a marked radius.
type upright struct {
	radius float64
	drawing.Stroke
}

// radiusMarks returns the radii to mark and their legend. A radius that is not on
// the axis is only in the legend.
func radiusMarks(b artifact.BallSummary, x chart.Axis) (marks []upright, entries []chart.Entry) {
	for _, m := range []struct {
		text   string
		radius float64
		drawing.Stroke
	}{
		{"flip of a ReLU on a random way, median object", b.KinkRandom.Median, drawing.Stroke{Color: chart.Grey, Width: 0.9, Dash: []float64{6, 1.6, 1, 1.6}}},
		{"nearest flip", b.KinkNearest, drawing.Stroke{Color: chart.Grey, Width: 0.9, Dash: []float64{1, 1.6}}},
	} {
		if m.radius > 0 {
			text := fmt.Sprintf("%s: $R = %s$", m.text, chart.Digits(m.radius, 2))
			entry := chart.Entry{Text: text, Note: true}
			if m.radius >= x.Low && m.radius <= x.High {
				marks = append(marks, upright{m.radius, m.Stroke})
				entry = chart.Entry{Text: text, Key: chart.StrokeKey(m.Stroke)}
			}
			entries = append(entries, entry)
		}
	}
	text := ""
	off := drawing.Stroke{Width: 0.8, Dash: []float64{2.5, 2}}
	for _, m := range []struct {
		what   string
		radius float64
		paint  color.NRGBA
	}{{"eigenvectors", b.EigenExceededAt, paintG}, {"random", b.RandomExceededAt, paintH}} {
		if m.radius > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("$R = %s$ (%s)", chart.Digits(m.radius, 2), m.what)
			off.Color = m.paint
			marks = append(marks, upright{m.radius, off})
		}
	}
	if text != "" {
		off.Color = chart.Ink
		entries = append(entries, chart.Entry{Text: fmt.Sprintf("model off by %s %% from ", chart.Digits(100*b.Allowed, 2)) + text, Key: chart.StrokeKey(off)})
	}
	return marks, entries
}
