package landscapes

import (
	"fmt"
	"image/color"
	"math"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Widths of the bells that stand for eigenvalues.
const (
	linearWidth = 1. / 250 // of the whole axis
	decadeWidth = 0.1      // of a power of ten
	gridPoints  = 600
)

// drawSpectralDensity draws the density over λ, and over |λ| on a log axis.
func drawSpectralDensity(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	var list []density
	for _, term := range p.terms() {
		d, err := readDensity(inputs, term, p.Series[0].Network)
		if err != nil {
			return err
		}
		list = append(list, d)
	}
	first := list[0]
	var entries []chart.Entry
	for _, d := range list {
		line, spread := d.look()
		entries = append(entries, chart.Entry{Text: "$" + d.term + "$", Key: func(s *chart.Sheet, at drawing.Point, w float64) {
			chart.BandKey(spread)(s, at, w)
			chart.StrokeKey(line)(s, at, w)
		}})
	}
	entries = append(entries,
		chart.Entry{Text: "negative $\\lambda$", Key: chart.StrokeKey(negative(chart.Stroke(chart.Ink, 1.1)))},
		chart.Entry{Text: "outlier, found one by one", Key: chart.MarkKey(chart.Triangle, chart.Ink, drawing.Stroke{}), Slim: true})
	small := fmt.Sprintf("Lanczos quadrature, %s of %s, band: their range; mean over %s, %s",
		chart.Plural(first.Probes, "probe"), chart.Plural(first.Steps, "step"), chart.Plural(first.Objects, "object"), chart.Plural(first.Parameters, "weight"))
	top := s.Heading(p.title(), small+chart.Trained(p.Series), entries)
	page := s.Page(top)
	page.Top += chart.SubtitleSize
	left, right := page, page
	left.Right = float64((page.Left+page.Right)/2) - chart.PanelGap/2
	right.Left = left.Right + chart.PanelGap
	low, high := first.ends()
	for _, d := range list {
		a, b := d.ends()
		low, high = min(low, a), max(high, b)
	}
	if low == 0 && high == 0 {
		return drawCollapsedDensity(s, left, right)
	}
	if err := drawLinearDensity(s, left, list, low, high); err != nil {
		return err
	}
	return drawLogDensity(s, right, list, max(high, -low))
}

// drawCollapsedDensity says of both axes that there is nothing on them.
func drawCollapsedDensity(s *chart.Sheet, frames ...chart.Frame) error {
	for _, f := range frames {
		in, err := chart.NewPanel(s, f, chart.LinearAxis(`eigenvalue $\lambda$`, -1, 1), chart.LogAxis("density", 1e-3, 1))
		if err != nil {
			return err
		}
		in.Say("collapsed, all eigenvalues 0")
		in.DrawAxes()
	}
	return nil
}

func (d density) look() (drawing.Stroke, color.NRGBA) {
	paint := map[string]color.NRGBA{"H": paintH, "G": paintG, "R": paintR}[d.term]
	return chart.Stroke(paint, 1), chart.Shade(paint, 70)
}

func negative(s drawing.Stroke) drawing.Stroke {
	s.Dash = []float64{2.6, 1.6}
	return s
}

func drawLinearDensity(s *chart.Sheet, frame chart.Frame, list []density, low, high float64) error {
	air := float64(0.03 * (high - low))
	if air == 0 { // one eigenvalue, many times
		air = max(math.Abs(high), 1e-12)
	}
	x := chart.Axis{Label: `eigenvalue $\lambda$`, Low: low - air, High: high + air}
	width := float64(linearWidth * (x.High - x.Low))
	grid := make([]float64, gridPoints)
	for i := range grid {
		grid[i] = x.Low + float64((x.High-x.Low)*float64(i)/(gridPoints-1))
	}
	single := bell(0) / (width * float64(list[0].Parameters)) // the peak of one eigenvalue
	highest := single
	var curves []smoothed
	for _, d := range list {
		c := d.smooth(grid, width, func(v float64) (float64, bool) { return v, true })
		for _, v := range c.high {
			highest = max(highest, v)
		}
		curves = append(curves, c)
	}
	in, err := chart.NewPanel(s, frame, x, chart.LogAxis(`share of the eigenvalues per unit of $\lambda$`, single/6, highest))
	if err != nil {
		return err
	}
	in.Caption(fmt.Sprintf("normal kernel of width $%s$", chart.Digits(width, 2)))
	for i, d := range list {
		line, spread := d.look()
		drawSmoothed(in, curves[i], line, spread)
		for _, v := range d.Deflated {
			at := in.Point(v, float64(2.2*single))
			in.Fill(chart.Triangle(drawing.Point{X: at.X, Y: at.Y - float64(5*i)}), line.Color)
		}
	}
	in.DrawAxes()
	return nil
}

// drawLogDensity draws the density over log|λ|, each sign apart. What the rules
// cannot tell from zero is shaded and counted.
func drawLogDensity(s *chart.Sheet, frame chart.Frame, list []density, high float64) error {
	radius := 0.0
	for _, d := range list {
		radius = max(radius, d.unresolved())
	}
	radius = max(min(radius, high/10), high*1e-12) // all may be told from zero
	text := ""
	for i, d := range list {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %% of $%s$", chart.Digits(100*d.within(radius), 3), d.term)
	}
	x := chart.Axis{Label: `$|\lambda|$`, Low: radius / 3, High: high * 1.5, Log: true}
	log := func(v float64) float64 { return detmath.Log(v) / math.Ln10 }
	from, to := log(radius), log(x.High)
	places := make([]float64, gridPoints)
	grid := make([]float64, gridPoints)
	for i := range places {
		places[i] = from + float64((to-from)*float64(i)/(gridPoints-1))
		grid[i] = detmath.Exp(float64(places[i] * math.Ln10))
	}
	single := bell(0) / (decadeWidth * float64(list[0].Parameters))
	highest := single
	type curve struct {
		smoothed
		line   drawing.Stroke
		spread color.NRGBA
	}
	var curves []curve
	for _, d := range list {
		for _, sign := range []float64{1, -1} {
			c := d.smooth(places, decadeWidth, func(v float64) (float64, bool) {
				if v = float64(v * sign); !(v >= radius) {
					return 0, false
				}
				return log(v), true
			})
			most := 0.0
			for _, v := range c.high {
				most = max(most, v)
			}
			if most == 0 {
				continue
			}
			highest = max(highest, most)
			line, spread := d.look()
			if sign < 0 {
				line, spread = negative(line), chart.Shade(spread, 35)
			}
			c.at = grid
			curves = append(curves, curve{c, line, spread})
		}
	}
	in, err := chart.NewPanel(s, frame, x, chart.LogAxis(`share per power of ten of $|\lambda|$`, single/6, 2.5*highest))
	if err != nil {
		return err
	}
	in.Caption(fmt.Sprintf("normal kernel of width %v of a power of ten", decadeWidth))
	near := in.Point(radius, in.Y.Low)
	in.Fill(drawing.Rectangle(drawing.Point{X: in.Inner.Left, Y: in.Inner.Top}, near), chart.Shade(chart.Grey, 40))
	for _, c := range curves {
		drawSmoothed(in, c.smoothed, c.line, c.spread)
	}
	for i, d := range list {
		line, _ := d.look()
		for _, v := range d.Deflated {
			if v < x.Low {
				continue
			}
			at := in.Point(v, float64(2.2*single))
			in.Fill(chart.Triangle(drawing.Point{X: at.X, Y: at.Y - float64(5*i)}), line.Color)
		}
	}
	l := in.Fit("not told from 0: "+text, chart.SubtitleSize, in.Inner.Right-in.Inner.Left-8)
	in.PutHaloed(l, in.Inner.Left+4, in.Inner.Top+4+l.Ascent, 0, chart.Grey, 225)
	in.DrawAxes()
	return nil
}

// drawSmoothed draws the range over probes and the mean. What lies far below
// the peak of a single eigenvalue is no density but the foot of a bell.
func drawSmoothed(in *chart.Panel, c smoothed, line drawing.Stroke, spread color.NRGBA) {
	in.Band(c.at, c.low, c.high, spread)
	visible := make([]float64, len(c.mean))
	for i, v := range c.mean {
		if v >= in.Y.Low {
			visible[i] = v
		}
	}
	in.Curve(c.at, visible, line)
}
