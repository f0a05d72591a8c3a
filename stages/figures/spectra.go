package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// The colours of the operators, the same in all figures.
var (
	paintH      = chart.Palette[0]
	paintG      = chart.Palette[3]
	paintR      = chart.Palette[4]
	paintObject = chart.Palette[2]
)

// eigenvalues is one row of marks of the figure top_eigenvalues.
type eigenvalues struct {
	values   []artifact.Eigenvalue // positive on the axis
	rounding float64
	mark     chart.Mark
	paint    color.NRGBA
	open     bool
	shift    float64 // to the side, in points
}

// drawTopEigenvalues draws the ends of H and the top of G by rank, with what
// the class means predict, and below the certificates relative to the values.
func drawTopEigenvalues(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	spectrum, err := read[artifact.Spectrum](inputs, "spectra/spectrum", p.Networks[0])
	if err != nil {
		return err
	}
	h, g := spectrum.Hessian, spectrum.GaussNewton
	rows := []eigenvalues{
		{h.Top, h.Rounding, chart.Disc, paintH, false, -1.7},
		{g.Top, g.Rounding, chart.Square, paintG, false, 1.7},
	}
	entries := []chart.Entry{
		{Text: "$H$", Key: chart.MarkKey(chart.Disc, paintH, drawing.Stroke{}), Slim: true},
		{Text: "$G$", Key: chart.MarkKey(chart.Square, paintG, drawing.Stroke{}), Slim: true},
	}
	var negative []artifact.Eigenvalue
	for _, e := range h.Bottom {
		if e.Value < 0 {
			e.Value = -e.Value
			negative = append(negative, e)
		}
	}
	if len(negative) > 0 {
		rows = append(rows, eigenvalues{negative, h.Rounding, chart.Triangle, paintR, false, 0})
		entries = append(entries, chart.Entry{Text: `$-\lambda$ of the negative end of $H$`, Key: chart.MarkKey(chart.Triangle, paintR, drawing.Stroke{}), Slim: true})
	}
	var predicted []float64
	if c := spectrum.ClassStructure; c != nil {
		predicted = c.Predicted
		entries = append(entries, chart.Entry{Text: "predicted for $G$ by the class means", Key: chart.OpenKey(chart.Diamond, paintObject), Slim: true})
	}
	entries = append(entries, outlierEntry(h, "$H$")...)

	var values, certificates chart.Extent
	ranks := 1
	for _, r := range rows {
		ranks = max(ranks, len(r.values))
		for _, e := range r.values {
			values.Take([]float64{e.Value})
			if !(e.Value > 0) {
				continue
			}
			certificates.Take([]float64{(e.Residual + r.rounding) / e.Value})
			if e.Error > r.rounding {
				certificates.Take([]float64{e.Error / e.Value})
			}
		}
	}
	low, _ := values.Positive()
	for _, v := range predicted {
		if v > low/10 { // smaller ones explain no value that is shown
			values.Take([]float64{v})
		}
	}
	small := fmt.Sprintf("mean over %s, %s; %s", chart.Plural(spectrum.Objects, "object"), chart.Plural(spectrum.Parameters, "weight"), method(h))
	top := s.Heading(p.title(), small+trained(p.Networks), entries)

	page := s.Page(top)
	upper, lower := page, page
	upper.Bottom -= float64(0.36 * (page.Bottom - page.Top))
	lower.Top = upper.Bottom + 1.3*chart.SubtitleSize + 4
	x := chart.Axis{Label: "rank", Low: 0.4, High: float64(ranks) + 0.6}
	bare := x
	bare.Label, bare.Bare = "", true
	low, high := values.Positive()
	y := chart.LogAxis(`eigenvalue $\lambda$`, low, high)
	low, high = certificates.Positive()
	c := chart.LogAxis("relative error", low, min(high, 1e3))
	c.Most = 4
	room := max(s.TickWidth(y), s.TickWidth(c))
	y.Room, c.Room = room, room

	in, err := chart.NewPanel(s, upper, bare, y)
	if err != nil {
		return err
	}
	below, err := chart.NewPanel(s, lower, x, c)
	if err != nil {
		return err
	}
	if h.Norm == 0 {
		in.Message("collapsed, all eigenvalues 0")
		below.Message("nothing to certify")
	}
	for _, panel := range []*chart.Panel{in, below} {
		if h.Outliers > 0 && h.Norm > 0 {
			panel.VerticalLine(float64(h.Outliers)+0.5, outlierPen)
		}
	}
	for i, v := range predicted {
		if i < ranks && v >= y.Low {
			at := in.Point(float64(i+1), v)
			at.X += 1.7
			s.Open(chart.Diamond, at, paintObject)
		}
	}
	for _, r := range rows {
		drawRanks(in, below, r)
	}
	below.Caption("filled: bound proved by residual and rounding; open: Kato–Temple estimate where above rounding")
	in.DrawAxes()
	below.DrawAxes()
	return nil
}

var outlierPen = drawing.Stroke{Color: chart.Grey, Width: 0.7, Dash: []float64{2.5, 2}}

// outlierEntry explains the line after the outliers.
func outlierEntry(t artifact.TermSpectrum, name string) []chart.Entry {
	if t.Outliers == 0 || t.Norm == 0 {
		return nil
	}
	text := fmt.Sprintf("largest gap of %s: factor $%s$ after %d", name, chart.Short(t.Gap), t.Outliers)
	return []chart.Entry{{Text: text, Key: chart.StrokeKey(outlierPen)}}
}

// method says how the eigenvalues were found.
func method(t artifact.TermSpectrum) string {
	switch t.Method {
	case "lanczos":
		text := "Lanczos, " + chart.Plural(t.Products, "product")
		if !t.Converged {
			text += ", not converged"
		}
		return text
	case "gram":
		return "Gram matrix"
	}
	return "whole matrix"
}

// drawRanks draws one row of marks with whiskers and its certificates.
func drawRanks(in, below *chart.Panel, r eigenvalues) {
	pen := drawing.Stroke{Color: r.paint, Width: 0.8}
	for i, e := range r.values {
		rank := float64(i + 1)
		if !(e.Value > 0) {
			continue
		}
		at := in.Point(rank, e.Value)
		at.X += r.shift
		// A whisker shorter than its mark would only blur it.
		bound := e.Residual + r.rounding
		if bound > 0.03*e.Value {
			in.Whisker(in.X.Value(at.X), e.Value-bound, e.Value+bound, pen)
		}
		in.Fill(r.mark(at), r.paint)
		for _, c := range []struct {
			error float64
			open  bool
		}{{e.Error, true}, {bound, false}} {
			relative := c.error / e.Value
			if c.open && c.error <= r.rounding || !(relative >= below.Y.Low && relative <= below.Y.High) {
				continue
			}
			at := below.Point(rank, relative)
			at.X += r.shift
			if c.open {
				below.Open(r.mark, at, r.paint)
			} else {
				below.Fill(r.mark(at), r.paint)
			}
		}
	}
}

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
	top := s.Heading(p.title(), "networks trained on the first $k$ objects, each at its own weights: a line through the medians of the seeds", entries)
	return chart.DrawTrends(s, s.Page(top), "spectral norm", "collapsed, all norms 0", panels...)
}

// drawIncrementsOverK draws the norms of the Hessian of the first k objects, of
// the next object's and of their difference, at fixed weights, and of the
// difference for some other objects. The next object differs from k to k, so no
// line joins these.
func drawIncrementsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	d := &chart.Trend{Label: `$\|H_{k+1} - H^{(k)}\|_2$`, Paint: paintObject, Mark: chart.Diamond, Shift: -2.5, Single: true}
	others := &chart.Trend{Label: `$\|H_i - H^{(k)}\|_2$, other $i > k + 1$`, Paint: chart.Shade(paintObject, 110), Mark: chart.Diamond, Shift: -5.5, Single: true}
	one := &chart.Trend{Label: `$\|H_{k+1}\|_2$`, Paint: chart.Palette[1], Mark: chart.Triangle, Shift: 2.5, Single: true}
	h := &chart.Trend{Label: `$\|H^{(k)}\|_2$`, Paint: paintH, Mark: chart.Disc, Shift: -1.5}
	g := &chart.Trend{Label: `$\|G^{(k)}\|_2$`, Paint: paintG, Mark: chart.Square, Dash: dashed, Shift: 1.5}
	var dead []string
	for _, n := range p.Networks {
		summary, err := read[artifact.IncrementSummary](inputs, "increments/increments", n)
		if err != nil {
			return err
		}
		alive := false
		for _, i := range summary.Increments {
			alive = alive || i.SampleHessian > 0 || i.ObjectHessian > 0
			d.Add(i.K, i.HessianNorm)
			for _, o := range i.Others {
				others.Add(i.K, o.HessianNorm)
			}
			one.Add(i.K, i.ObjectHessian)
			h.Add(i.K, i.SampleHessian)
			g.Add(i.K, i.SampleGN)
		}
		if !alive {
			dead = append(dead, name(n, p.Networks))
		}
	}
	trends, named := []*chart.Trend{g, h, one, d}, []*chart.Trend{d, one, h, g}
	if !others.Empty() {
		trends, named = append([]*chart.Trend{others}, trends...), append(named, others)
	}
	small := "object $k+1$ and the mean over the first $k$, at the same weights"
	if len(p.Networks) > 1 {
		small += ": lines through the medians of " + chart.Plural(len(p.Networks), "network")
	}
	entries := append(chart.TrendEntries(named...), s.Remarks(dead, "collapsed, all norms 0")...)
	top := s.Heading(p.title(), small+trained(p.Networks), entries)
	return chart.DrawTrends(s, s.Page(top), "spectral norm", "collapsed, all norms 0", chart.TrendPanel{Trends: trends})
}
