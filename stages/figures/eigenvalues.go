package figures

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
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
		if e.Value < -h.Rounding {
			e.Value = -e.Value
			negative = append(negative, e)
		}
	}
	if len(negative) > 0 {
		rows = append(rows, eigenvalues{negative, h.Rounding, chart.Triangle, paintR, false, 0})
		entries = append(entries, chart.Entry{Text: `$-\lambda$ of the negative end of $H$`, Key: chart.MarkKey(chart.Triangle, paintR, drawing.Stroke{}), Slim: true})
	}
	var predicted, shares []float64
	if c := spectrum.ClassStructure; c != nil {
		predicted, shares = c.Predicted, c.Share
		entries = append(entries, chart.Entry{Text: "predicted for $G$ by the class means", Key: chart.OpenKey(chart.Diamond, paintObject), Slim: true})
	}
	cuts := classCuts(spectrum)
	for _, c := range cuts {
		entries = append(entries, chart.Entry{Text: c.text, Key: chart.StrokeKey(c.Stroke)})
	}

	var values, certificates chart.Extent
	ranks := 1
	for _, r := range rows {
		ranks = max(ranks, len(r.values))
		for _, e := range r.values {
			if !(e.Value > r.rounding) { // it may be 0, which a log axis cannot show
				continue
			}
			values.TakeOne(e.Value)
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
	entries = append(entries, chart.Entry{Text: certainty(h, g), Note: true})
	top := s.Heading(p.title(), small+trained(p.Networks), entries)

	page := s.Page(top)
	upper, middle, lower := page, page, page
	lower.Top += float64(0.68 * (page.Bottom - page.Top))
	middle.Bottom = lower.Top - 1.3*chart.SubtitleSize
	middle.Top = middle.Bottom
	if shares != nil {
		middle.Top -= float64(0.19 * (page.Bottom - page.Top))
	}
	upper.Bottom = middle.Top - 4
	if shares != nil {
		upper.Bottom = middle.Top - 1.3*chart.SubtitleSize
	}
	x := chart.Axis{Label: "rank", Low: 0.4, High: float64(ranks) + 0.6}
	bare := x
	bare.Label, bare.Bare = "", true
	low, high := values.Positive()
	y := chart.LogAxis(`eigenvalue $\lambda$`, low, high)
	low, high = certificates.Positive()
	c := chart.LogAxis("relative error", low, min(high, 1e3))
	c.Most = 4
	share := chart.Axis{Label: "share", Low: 0, High: 1, Most: 2}
	room := max(s.TickWidth(y), s.TickWidth(c), s.TickWidth(share))
	y.Room, c.Room, share.Room = room, room, room

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
	panels := []*chart.Panel{in, below}
	if shares != nil {
		between, err := chart.NewPanel(s, middle, bare, share)
		if err != nil {
			return err
		}
		panels = append(panels, between)
		for i, v := range shares {
			if g.Norm > 0 {
				between.Fill(chart.Diamond(between.Point(float64(i+1), between.Y.Clamp(v))), paintObject)
			}
		}
		between.Caption("how much of each eigenvalue of $G$ the class means explain")
	}
	for _, panel := range panels {
		for _, c := range cuts {
			panel.VerticalLine(float64(c.after)+0.5, c.Stroke)
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
	for _, panel := range panels {
		panel.DrawAxes()
	}
	return nil
}

// classCut is a line after the rank K − 1 or K, K being the number of classes:
// the papers on outliers of the spectrum expect that many.
type classCut struct {
	after int
	text  string
	drawing.Stroke
}

// classCuts returns the lines whose neighbouring eigenvalues are known, with their
// ratio.
func classCuts(spectrum artifact.Spectrum) []classCut {
	if len(spectrum.Widths) == 0 {
		return nil
	}
	var cuts []classCut
	classes, top := spectrum.Widths[len(spectrum.Widths)-1], spectrum.Hessian.Top
	for i, dash := range [][]float64{{1, 1.6}, {4, 2}} {
		after := classes - 1 + i
		if after < 1 || after >= len(top) || !(top[after].Value > 0) {
			continue
		}
		text := fmt.Sprintf(`after $K%s = %d$: $\lambda_{%d}/\lambda_{%d} = %s$`, []string{" - 1", ""}[i], after, after, after+1, chart.Short(top[after-1].Value/top[after].Value))
		cuts = append(cuts, classCut{after, text, drawing.Stroke{Color: chart.Grey, Width: 0.8, Dash: dash}})
	}
	return cuts
}

// method says how the eigenvalues were found.
func method(t artifact.TermSpectrum) string {
	switch t.Method {
	case "lanczos":
		return "Lanczos, " + chart.Plural(t.Products, "product")
	case "gram":
		return "Gram matrix"
	}
	return "whole matrix"
}

// certainty says whether the lists of eigenvalues are whole, and how likely they
// lack a value.
func certainty(terms ...artifact.TermSpectrum) string {
	missed, open := 0.0, 0
	for _, t := range terms {
		missed = max(missed, t.Missed)
		if !t.Converged {
			open++
		}
	}
	switch {
	case open > 0:
		return fmt.Sprintf("%d of %s: the list is incomplete or has not converged", open, chart.Plural(len(terms), "operator"))
	case missed == 0:
		return "converged; no eigenvalue is missing"
	}
	return fmt.Sprintf("converged; an eigenvalue is missing with probability $\\leq %s$", chart.Digits(missed, 1))
}

// drawRanks draws one row of marks with whiskers and its certificates.
func drawRanks(in, below *chart.Panel, r eigenvalues) {
	pen := drawing.Stroke{Color: r.paint, Width: 0.8}
	for i, e := range r.values {
		rank := float64(i + 1)
		if !(e.Value > r.rounding) {
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
