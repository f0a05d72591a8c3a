package landscapes

import (
	"image/color"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/chart"
	"github.com/landscape-pipe/landscape-pipe/internal/result"
	"github.com/landscape-pipe/landscape-pipe/internal/vector"
)

// sample is a value of one network at one sample size.
type sample struct {
	k     int
	value float64
}

// trend is one quantity over k: a mark for each network, a line through the
// medians of each k.
type trend struct {
	label  string
	paint  color.NRGBA
	mark   chart.Mark
	dash   []float64
	shift  float64 // to the side, in points
	single bool    // each value stands for itself: no line
	values []sample
}

func (t trend) stroke() vector.Stroke {
	if t.single {
		return vector.Stroke{}
	}
	return vector.Stroke{Color: t.paint, Width: 1.1, Dash: t.dash}
}

func (t trend) entry() chart.Entry {
	return chart.Entry{Text: t.label, Key: chart.MarkKey(t.mark, t.paint, t.stroke()), Slim: t.single}
}

// draw draws the line first, so that the marks lie on it. What a log axis
// cannot show is left out.
func (t trend) draw(in *chart.Panel) {
	var sizes []int
	at := make(map[int][]float64)
	for _, v := range t.values {
		if at[v.k] == nil {
			sizes = append(sizes, v.k)
		}
		at[v.k] = append(at[v.k], v.value)
	}
	slices.Sort(sizes)
	var through []vector.Point
	for _, k := range sizes {
		if m := chart.Median(at[k]); m > 0 {
			point := in.Point(float64(k), m)
			point.X += t.shift
			through = append(through, point)
		}
	}
	if !t.single {
		in.Stroke(vector.Polyline(through...), t.stroke())
	}
	paint := t.paint
	if len(t.values) > len(sizes) && paint.A == 255 {
		paint = chart.Shade(paint, 140)
	}
	for _, v := range t.values {
		if v.value > 0 {
			point := in.Point(float64(v.k), v.value)
			point.X += t.shift
			in.Fill(t.mark(point), paint)
		}
	}
}

// drawTrends draws quantities over k on log axes below a heading.
func drawTrends(s *chart.Sheet, page chart.Frame, title, label string, trends []trend) error {
	var k, v extents
	for _, t := range trends {
		for _, value := range t.values {
			k.take(float64(value.k))
			v.take(value.value)
		}
	}
	low, high := k.positive()
	x := chart.LogAxis("Sample size $k$", low, high)
	x.Counts = true
	low, high = v.positive()
	in, err := chart.NewPanel(s, page, x, chart.LogAxis(label, low/1.3, high*1.2))
	if err != nil {
		return err
	}
	if title != "" {
		in.Above(title)
	}
	for _, t := range trends {
		t.draw(in)
	}
	if !v.any() {
		in.Say("collapsed, all norms 0")
	}
	in.DrawAxes()
	return nil
}

// extents is a chart.Extent that single values enter.
type extents struct{ chart.Extent }

func (e *extents) take(v float64)                { e.Take([]float64{v}) }
func (e *extents) positive() (low, high float64) { return e.Positive() }
func (e *extents) any() bool                     { return e.High > 0 }

func entriesOf(trends []trend) []chart.Entry {
	var entries []chart.Entry
	for _, t := range trends {
		entries = append(entries, t.entry())
	}
	return entries
}

// drawNormsOverK draws the norms of networks trained on k objects, each at its
// own weights.
func drawNormsOverK(s *chart.Sheet, p Params, inputs map[string][]byte) error {
	h := trend{label: `$\|H^{(k)}\|_2$`, paint: paintH, mark: chart.Disc, shift: -3}
	g := trend{label: `$\|G^{(k)}\|_2$`, paint: paintG, mark: chart.Square, dash: []float64{3.5, 1.8}}
	r := trend{label: `$\|H^{(k)} - G^{(k)}\|_2$`, paint: paintR, mark: chart.Triangle, dash: []float64{1.4, 1.4}, shift: 3}
	var dead []string
	for _, n := range p.Series {
		spectrum, err := read[result.Spectrum](inputs, InputSpectrum+n.Network)
		if err != nil {
			return err
		}
		if spectrum.Hessian.Norm == 0 {
			dead = append(dead, name(n, p.Series))
		}
		h.values = append(h.values, sample{spectrum.Objects, spectrum.Hessian.Norm})
		g.values = append(g.values, sample{spectrum.Objects, spectrum.GaussNewton.Norm})
		r.values = append(r.values, sample{spectrum.Objects, spectrum.HTerm.Norm})
	}
	trends := []trend{h, g, r}
	entries := append(entriesOf(trends), s.Remarks(dead, "collapsed, all norms 0")...)
	top := s.Heading(p.title(),
		"networks trained on the first $k$ objects, each at its own weights: a mark for each seed, a line through the medians", entries)
	return drawTrends(s, s.Page(top), "", "spectral norm", trends)
}

// name tells a network from the others of the figure.
func name(n chart.Series, all []chart.Series) string {
	if text := n.Apart(all); text != "" {
		return text
	}
	return chart.SeedLabel(n.Seed)
}
