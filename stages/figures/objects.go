package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// bins of the histogram over the whole log axis.
const bins = 60

// drawObjectNorms draws the distribution of the norms of single objects on a
// log axis, and where the norms of their mean lie.
func drawObjectNorms(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	network := p.Networks[0]
	summary, err := read[artifact.ObjectSummary](inputs, "objects/summary", network)
	if err != nil {
		return err
	}
	spectrum, err := read[artifact.Spectrum](inputs, "spectra/spectrum", network)
	if err != nil {
		return err
	}
	objects, _, err := readValues(inputs, "objects/objects", network, summary.Objects, 4)
	if err != nil {
		return err
	}
	exact, _, err := readValues(inputs, "objects/hessians", network, summary.Exact, 3)
	if err != nil {
		return err
	}
	column := func(values []float64, width, at int) []float64 {
		var out []float64
		for i := at; i < len(values); i += width {
			out = append(out, values[i])
		}
		return out
	}
	gauss, frobenius, hessian := column(objects, 4, 1), column(objects, 4, 3), column(exact, 3, 1)

	var norms chart.Extent
	norms.Take(gauss)
	norms.Take(frobenius)
	norms.Take([]float64{spectrum.Hessian.Norm})
	low, high := norms.Positive()
	// A confidently classified object may have any small norm: what lies far
	// below the median is counted, not shown.
	small := 0.0
	if summary.GaussNewtonNorm.Median > 0 {
		low = max(low, summary.GaussNewtonNorm.Median/1e6)
		for _, v := range gauss {
			if v < low && v > 0 {
				small++
			}
		}
	}
	x := chart.LogAxis("norm of one object’s curvature", low, high)

	histograms := []histogram{{count(gauss, x), paintG, false}}
	entries := []chart.Entry{
		{Text: `$\|G_i\|_2$`, Key: chart.BandKey(chart.Tint(paintG, 0.5))},
		{Text: `$\|H_i\|_F$`, Key: chart.StrokeKey(chart.Stroke(chart.Grey, 1))},
	}
	if len(hessian) > 0 {
		text := fmt.Sprintf(`$\|H_i\|_2$ of the %s with the largest bounds`, chart.Plural(len(hessian), "object"))
		if len(hessian) == summary.Objects {
			text = `$\|H_i\|_2$`
		}
		histograms = append(histograms, histogram{count(hessian, x), paintH, false})
		entries = append(entries, chart.Entry{Text: text, Key: chart.BandKey(chart.Tint(paintH, 0.5))})
	}
	histograms = append(histograms, histogram{count(frobenius, x), chart.Grey, true})
	ofMean := drawing.Stroke{Color: chart.Black, Width: 1, Dash: []float64{4, 2.2}}
	entries = append(entries,
		chart.Entry{Text: fmt.Sprintf(`of their mean: $\|H\|_2 = %s$, $\|G\|_2 = %s$`, chart.Short(spectrum.Hessian.Norm), chart.Short(spectrum.GaussNewton.Norm)), Key: chart.StrokeKey(ofMean)})
	if summary.Dead > 0 {
		entries = append(entries, chart.Entry{Text: fmt.Sprintf("%s dead, all norms 0", chart.Plural(summary.Dead, "object")), Note: true})
	}
	if small > 0 {
		entries = append(entries, chart.Entry{Text: fmt.Sprintf("%s below the axis", chart.Plural(int(small), "object")), Note: true})
	}
	print := fmt.Sprintf("%s, %s", chart.Plural(summary.Objects, "object"), chart.Plural(spectrum.Parameters, "weight"))
	top := s.Heading(p.title(), print+trained(p.Networks), entries)

	most := 1.0
	for _, h := range histograms {
		for _, n := range h.counts {
			most = max(most, n)
		}
	}
	y := chart.LogAxis("objects", 1, most)
	y.Low, y.Counts = 0.7, true
	in, err := chart.NewPanel(s, s.Page(top), x, y)
	if err != nil {
		return err
	}
	for _, h := range histograms {
		h.draw(in)
	}
	if v := spectrum.Hessian.Norm; v > 0 {
		in.VerticalLine(v, ofMean)
	} else {
		in.Message("collapsed, all norms 0")
	}
	in.DrawAxes()
	return nil
}

// histogram is how many objects lie in each of equal parts of a log axis.
type histogram struct {
	counts  []float64
	paint   color.NRGBA
	outline bool
}

// count counts the values in each bin of the axis; zeros are in none.
func count(values []float64, x chart.Axis) []float64 {
	counts := make([]float64, bins)
	low, high := detmath.Log(x.Low), detmath.Log(x.High)
	for _, v := range values {
		if v >= x.Low && v <= x.High {
			i := int(float64(bins * (detmath.Log(v) - low) / (high - low)))
			counts[min(max(i, 0), bins-1)]++
		}
	}
	return counts
}

// draw draws filled columns, or their outline as steps.
func (h histogram) draw(in *chart.Panel) {
	width := (in.Inner.Right - in.Inner.Left) / bins
	bottom := in.Inner.Bottom
	var steps drawing.Path
	for i, n := range h.counts {
		left := in.Inner.Left + float64(float64(i)*width)
		top := bottom
		if n > 0 {
			top = in.Y.At(n)
		}
		a, b := drawing.Point{X: left, Y: top}, drawing.Point{X: left + width, Y: top}
		if i == 0 {
			steps.MoveTo(a)
		}
		steps.LineTo(a)
		steps.LineTo(b)
	}
	if h.outline {
		in.Stroke(steps, chart.Stroke(h.paint, 1))
		return
	}
	steps.LineTo(drawing.Point{X: in.Inner.Right, Y: bottom})
	steps.LineTo(drawing.Point{X: in.Inner.Left, Y: bottom})
	steps.Close()
	in.Fill(steps, chart.Tint(h.paint, 0.5))
}
