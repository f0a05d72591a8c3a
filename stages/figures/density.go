package figures

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"

	"github.com/landscape-pipe/landscape-pipe/internal/artifact"
	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/detmath"
	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// density is the spectral density of H as quadrature rules.
type density struct {
	artifact.Density
	nodes, weights [][]float64 // of each probe, nodes ascending
	exact          *density    // the same of all eigenvalues, where these are known
}

func readDensity(inputs map[string][]byte, network artifact.Network) (density, error) {
	summary, err := read[artifact.Density](inputs, "density/density", network)
	if err != nil {
		return density{}, err
	}
	d := density{Density: summary}
	name := network.Result("density/rule")
	values, _, err := readValues(inputs, "density/rule", network, d.Probes, 2, d.Steps)
	if err != nil {
		return density{}, err
	}
	if d.Term != "H" {
		return density{}, fmt.Errorf("input %s is of %s, want H", name, d.Term)
	}
	for i := range d.Probes {
		at := values[2*i*d.Steps:]
		nodes, weights := at[:d.Steps], at[d.Steps:2*d.Steps]
		if !sort.Float64sAreSorted(nodes) {
			return density{}, fmt.Errorf("input %s: the nodes of probe %d do not ascend", name, i)
		}
		d.nodes, d.weights = append(d.nodes, nodes), append(d.weights, weights)
	}
	values, shape, err := readValues(inputs, "spectra/exact", network, -1)
	if err != nil {
		return density{}, err
	}
	switch shape[0] {
	case 0:
	case d.Parameters:
		exact := densityOf(values)
		d.exact = &exact
	default:
		return density{}, fmt.Errorf("input %s has %d eigenvalues, want none or %d", network.Result("spectra/exact"), shape[0], d.Parameters)
	}
	return d, nil
}

// densityOf is the density of known eigenvalues, ascending.
func densityOf(values []float64) density {
	n := len(values)
	equal := make([]float64, n)
	for i := range equal {
		equal[i] = 1 / float64(n)
	}
	return density{Density: artifact.Density{Parameters: n, Probes: 1, Steps: n, Mass: 1}, nodes: [][]float64{values}, weights: [][]float64{equal}}
}

// ends returns the least and the largest known eigenvalue.
func (d density) ends() (low, high float64) {
	low, high = d.nodes[0][0], d.nodes[0][d.Steps-1]
	for _, n := range d.nodes {
		low, high = min(low, n[0]), max(high, n[d.Steps-1])
	}
	for _, v := range d.Deflated {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// unresolved returns how near to zero the rules resolve the density over log|λ|. There
// the nodes lie evenly over λ; s is half the distance between the neighbours of the node
// nearest zero, the largest over the probes. Bells of width σ, in powers of ten, make a
// smooth curve of nodes that are at most 2 σ apart: with s/(|λ| ln 10) ≤ 2 σ the waves
// of the sum are 2 exp(−2π²/2²) of its height, 1.4 %.
func (d density) unresolved() float64 {
	spacing := 0.0
	for _, n := range d.nodes {
		at := 0
		for i, v := range n {
			if math.Abs(v) < math.Abs(n[at]) {
				at = i
			}
		}
		spacing = max(spacing, (n[min(at+1, len(n)-1)]-n[max(at-1, 0)])/2)
	}
	return spacing / (2 * decadeWidth * math.Ln10)
}

// hidden returns the radius about zero that is shaded where |λ| reaches to high: all
// eigenvalues may differ clearly from zero.
func (d density) hidden(high float64) float64 {
	return max(min(d.unresolved(), high/10), high*1e-12)
}

// within returns the share of all eigenvalues nearer to zero than radius.
func (d density) within(radius float64) float64 {
	share := 0.0
	for p, n := range d.nodes {
		for i, v := range n {
			if math.Abs(v) < radius {
				share += float64(d.weights[p][i]*d.Mass) / float64(d.Probes)
			}
		}
	}
	return share
}

// bell is the normal density of width 1 at t.
func bell(t float64) float64 {
	const peak = 0.3989422804014327 // 1/√(2π)
	return peak * detmath.Exp(-float64(t*t)/2)
}

// smoothed is a density on a grid: the mean of the probes, and two standard errors
// of it to either side.
type smoothed struct{ at, mean, low, high []float64 }

// smooth adds a bell of that width at the place of each eigenvalue; place is
// false for an eigenvalue that does not belong to the axis. Sums are over bells of
// width 1, because the square of a narrow one may overflow.
//
// The variance between few probes is itself uncertain, most where one eigenvalue makes
// the density. So it is at least what random directions have. The squared entries of one
// in n dimensions have the variance 2/n² and the correlation −1/(n−1), so the part m of a
// density that a probe sees has 2/(n+2) (E K² − m²), with the mean E of the squared
// heights K of the bells over the rules. The outliers that were found one by one have none
// but the error of their places; the band is at least narrow of the density to each side.
func (d density) smooth(grid []float64, width float64, place func(v float64) (float64, bool)) smoothed {
	zeros := func() []float64 { return make([]float64, len(grid)) }
	s := smoothed{at: grid, mean: zeros(), low: zeros(), high: zeros()}
	add := func(v float64, each func(i int, height float64)) {
		if x, ok := place(v); ok {
			for i, at := range grid {
				if t := (at - x) / width; math.Abs(t) < 8 {
					each(i, bell(t))
				}
			}
		}
	}
	one, power, squares := zeros(), zeros(), zeros()
	for p := range d.nodes {
		clear(one)
		for j, v := range d.nodes[p] {
			if weight := d.weights[p][j]; weight > 0 {
				add(v, func(i int, height float64) {
					one[i] += float64(weight * height)
					power[i] += float64(float64(weight*height)*height) / float64(d.Probes)
				})
			}
		}
		for i, v := range one { // the mean and the squared deviations of the probes so far
			delta := v - s.mean[i]
			s.mean[i] += delta / float64(p+1)
			squares[i] += float64(delta * (v - s.mean[i]))
		}
	}
	fixed := zeros()
	for _, v := range d.Deflated {
		add(v, func(i int, height float64) { fixed[i] += height / float64(d.Parameters) })
	}
	seen := float64(d.Mass * float64(d.Parameters)) // eigenvalues
	for i, mean := range s.mean {
		variance := float64(2*max(power[i]-float64(mean*mean), 0)) / (seen + 2) // of one probe
		if d.Probes > 1 {
			variance = max(variance, squares[i]/float64(d.Probes-1))
		}
		twice := float64(2 * math.Sqrt(variance/float64(d.Probes)))
		whole := float64(d.Mass*mean) + fixed[i]
		s.mean[i] = whole / width
		s.low[i] = min(float64(d.Mass*max(mean-twice, 0))+fixed[i], whole-float64(narrow*whole)) / width
		s.high[i] = max(float64(d.Mass*(mean+twice))+fixed[i], whole+float64(narrow*whole)) / width
	}
	return s
}

func log10(v float64) float64 { return detmath.Log(v) / math.Ln10 }

// smoothDecades is the density of the eigenvalues of one sign over the logarithm of
// their size. Those nearer to zero than the first of the places count too: their
// bells reach beyond it.
func (d density) smoothDecades(places []float64, sign float64) smoothed {
	return d.smooth(places, decadeWidth, func(v float64) (float64, bool) {
		if v = float64(v * sign); !(v > 0) {
			return 0, false
		}
		return log10(v), true
	})
}

// narrow is the least half-width of the band, as a share of the density: less than the
// width of the line.
const narrow = 0.005

// Widths of the bells that stand for eigenvalues.
const (
	linearWidth = 1. / 250 // of the whole axis
	decadeWidth = 0.1      // of a power of ten
	gridPoints  = 600
)

// drawSpectralDensity draws the density over λ, and over |λ| on a log axis.
func drawSpectralDensity(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	d, err := readDensity(inputs, p.Networks[0])
	if err != nil {
		return err
	}
	entries := []chart.Entry{
		{Text: "$H$", Key: func(s *chart.Sheet, at drawing.Point, w float64) {
			chart.BandKey(densitySpread)(s, at, w)
			chart.StrokeKey(densityLine)(s, at, w)
		}},
		{Text: "negative $\\lambda$", Key: chart.StrokeKey(negative(chart.Stroke(chart.Ink, 1.1)))},
		{Text: "outlier, found one by one", Key: chart.MarkKey(chart.Triangle, chart.Ink, drawing.Stroke{}), Slim: true},
		{Text: "negative one", Key: chart.OpenKey(chart.Triangle, chart.Ink), Slim: true},
	}
	if d.exact != nil {
		entries = slices.Insert(entries, 1, chart.Entry{Text: "all eigenvalues, exact", Key: chart.StrokeKey(exactLine)})
	}
	small := fmt.Sprintf("Lanczos quadrature, %s of %s, band: ± 2 standard errors; mean over %s, %s",
		chart.Plural(d.Probes, "probe"), chart.Plural(d.Steps, "step"), chart.Plural(d.Objects, "object"), chart.Plural(d.Parameters, "weight"))
	top := s.Heading(p.title(), small+trained(p.Networks), entries)
	page := s.Page(top)
	page.Top += chart.SubtitleSize
	left, right := page, page
	left.Right = float64((page.Left+page.Right)/2) - chart.PanelGap/2
	right.Left = left.Right + chart.PanelGap
	low, high := d.ends()
	switch size := max(high, -low); {
	case size == 0:
		return drawNoDensity(s, "collapsed, all eigenvalues 0", left, right)
	case size < leastEigenvalue:
		return drawNoDensity(s, fmt.Sprintf("all eigenvalues below $%s$: too small to draw", chart.Digits(leastEigenvalue, 1)), left, right)
	}
	if err := drawLinearDensity(s, left, d, low, high); err != nil {
		return err
	}
	return drawLogDensity(s, right, d, max(high, -low))
}

// leastEigenvalue is what the largest one must reach: the density of smaller ones,
// and the twelve decades below them, leave the range of float64.
const leastEigenvalue = 1e-290

// drawNoDensity draws both panels with a message instead of a density.
func drawNoDensity(s *chart.Sheet, message string, frames ...chart.Frame) error {
	for _, f := range frames {
		in, err := chart.NewPanel(s, f, chart.LinearAxis(`eigenvalue $\lambda$`, -1, 1), chart.LogAxis("density", 1e-3, 1))
		if err != nil {
			return err
		}
		in.Message(message)
		in.DrawAxes()
	}
	return nil
}

// How the density looks: the mean over the probes, its band, and the exact one.
var (
	densityLine   = chart.Stroke(paintH, 1)
	exactLine     = chart.Stroke(chart.Palette[3], 0.7)
	densitySpread = chart.Shade(paintH, 70)
)

func negative(s drawing.Stroke) drawing.Stroke {
	s.Dash = []float64{2.6, 1.6}
	return s
}

// linearAxis returns an axis from below the least to above the largest eigenvalue, its
// points, and the width of a bell on it.
func linearAxis(low, high float64) (x chart.Axis, grid []float64, width float64) {
	air := float64(0.03 * (high - low))
	if air == 0 { // one eigenvalue, many times
		air = max(math.Abs(high), 1e-12)
	}
	x = chart.Axis{Label: `eigenvalue $\lambda$`, Low: low - air, High: high + air}
	return x, evenly(x.Low, x.High), float64(linearWidth * (x.High - x.Low))
}

// evenly returns the points of a curve from low to high.
func evenly(low, high float64) []float64 {
	grid := make([]float64, gridPoints)
	for i := range grid {
		grid[i] = low + float64((high-low)*float64(i)/(gridPoints-1))
	}
	return grid
}

func drawLinearDensity(s *chart.Sheet, frame chart.Frame, d density, low, high float64) error {
	x, grid, width := linearAxis(low, high)
	single := bell(0) / (width * float64(d.Parameters)) // the peak of one eigenvalue
	everywhere := func(v float64) (float64, bool) { return v, true }
	c := d.smooth(grid, width, everywhere)
	highest := max(single, slices.Max(c.high))
	in, err := chart.NewPanel(s, frame, x, chart.LogAxis(`share of the eigenvalues per unit of $\lambda$`, single/6, highest))
	if err != nil {
		return err
	}
	in.Caption(fmt.Sprintf("normal kernel of width $%s$", chart.Digits(width, 2)))
	drawSmoothed(in, c, densityLine, densitySpread)
	if d.exact != nil {
		drawVisible(in, grid, d.exact.smooth(grid, width, everywhere).mean, exactLine)
	}
	for _, v := range d.Deflated {
		markOutlier(in, v, v, single)
	}
	in.DrawAxes()
	return nil
}

// markOutlier draws the mark of an eigenvalue that was found one by one, open for a
// negative one, above the peak of a single eigenvalue.
func markOutlier(in *chart.Panel, at, value, peak float64) {
	point := in.Point(at, float64(2.2*peak))
	if value < 0 {
		in.Open(chart.Triangle, point, densityLine.Color)
		return
	}
	in.Fill(chart.Triangle(point), densityLine.Color)
}

// drawLogDensity draws the density over log|λ|, one curve per sign. What the
// rules cannot distinguish from zero is shaded and counted.
func drawLogDensity(s *chart.Sheet, frame chart.Frame, d density, high float64) error {
	radius := d.hidden(high)
	x := chart.Axis{Label: `$|\lambda|$`, Low: radius / 3, High: high * 1.5, Log: true}
	places := evenly(log10(radius), log10(x.High))
	grid := make([]float64, gridPoints)
	for i := range places {
		grid[i] = detmath.Exp(float64(places[i] * math.Ln10))
	}
	single := bell(0) / (decadeWidth * float64(d.Parameters))
	highest := single
	type curve struct {
		smoothed
		exact       []float64 // nil where it is not known
		line, other drawing.Stroke
		spread      color.NRGBA
	}
	var curves []curve
	for _, sign := range []float64{1, -1} {
		c := d.smoothDecades(places, sign)
		most := slices.Max(c.high)
		if most == 0 {
			continue
		}
		highest = max(highest, most)
		line, other, spread := densityLine, exactLine, densitySpread
		if sign < 0 {
			line, other, spread = negative(line), negative(other), chart.Shade(spread, 35)
		}
		var exact []float64
		if d.exact != nil {
			exact = d.exact.smoothDecades(places, sign).mean
		}
		c.at = grid
		curves = append(curves, curve{c, exact, line, other, spread})
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
		if c.exact != nil {
			drawVisible(in, grid, c.exact, c.other)
		}
	}
	for _, v := range d.Deflated {
		if at := math.Abs(v); at >= x.Low {
			markOutlier(in, at, v, single)
		}
	}
	text := fmt.Sprintf("%s %% of the eigenvalues of $H$ are too near 0 to be resolved", chart.Digits(100*d.within(radius), 3))
	l := in.Fit(text, chart.SubtitleSize, in.Inner.Right-in.Inner.Left-8)
	in.DrawTextHaloed(l, in.Inner.Left+4, in.Inner.Top+4+l.Ascent, 0, chart.Grey, 225)
	in.DrawAxes()
	return nil
}

// drawSmoothed draws the band and the mean.
func drawSmoothed(in *chart.Panel, c smoothed, line drawing.Stroke, spread color.NRGBA) {
	in.Band(c.at, c.low, c.high, spread)
	drawVisible(in, c.at, c.mean, line)
}

// drawVisible draws a density. What lies far below the peak of a single eigenvalue is
// not density but the foot of a bell.
func drawVisible(in *chart.Panel, at, density []float64, line drawing.Stroke) {
	visible := make([]float64, len(density))
	for i, v := range density {
		if v >= in.Y.Low {
			visible[i] = v
		}
	}
	in.Curve(at, visible, line)
}
