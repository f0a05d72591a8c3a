package chart

import (
	"image/color"
	"maps"
	"slices"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Trend is one quantity of networks over the sample size k: a mark for each
// network, a line through the medians of each k, and a band from the least to
// the largest where there are several.
type Trend struct {
	Label  string
	Paint  color.NRGBA
	Mark   Mark
	Dash   []float64
	Shift  float64 // to the side, in points, so that trends do not hide each other
	Single bool    // each value stands for itself: no line, no band
	values map[int][]float64
}

// Add adds the value of a network at k.
func (t *Trend) Add(k int, value float64) {
	if t.values == nil {
		t.values = map[int][]float64{}
	}
	t.values[k] = append(t.values[k], value)
}

// Empty reports whether nothing was added.
func (t *Trend) Empty() bool { return len(t.values) == 0 }

func (t *Trend) stroke() drawing.Stroke {
	if t.Single {
		return drawing.Stroke{}
	}
	return drawing.Stroke{Color: t.Paint, Width: 1.1, Dash: t.Dash}
}

func (t *Trend) sizes() []int { return slices.Sorted(maps.Keys(t.values)) }

// banded reports whether some k has several values to show.
func (t *Trend) banded() bool {
	for _, v := range t.values {
		var e Extent
		if e.Take(v); !t.Single && len(v) > 1 && e.High > 0 {
			return true
		}
	}
	return false
}

// band draws the range of the networks. A log axis has no place for a zero: the
// range begins at the least value above it.
func (t *Trend) band(in *Panel) {
	var upper, lower []drawing.Point
	for _, k := range t.sizes() {
		var e Extent
		if e.Take(t.values[k]); e.High > 0 {
			upper, lower = append(upper, t.at(in, k, e.High)), append(lower, t.at(in, k, e.Low))
		}
	}
	if t.banded() && len(upper) > 1 {
		slices.Reverse(lower)
		in.Fill(drawing.Polygon(append(upper, lower...)...), Shade(t.Paint, bandShade))
	}
}

// at is the place of a value.
func (t *Trend) at(in *Panel, k int, value float64) drawing.Point {
	point := in.Point(float64(k), value)
	point.X += t.Shift
	return point
}

const bandShade = 40

// line draws the line through the medians, except those that a log axis cannot
// show.
func (t *Trend) line(in *Panel) {
	var through []drawing.Point
	for _, k := range t.sizes() {
		if m := Median(t.values[k]); m > 0 && !t.Single {
			through = append(through, t.at(in, k, m))
		}
	}
	in.Stroke(drawing.Polyline(through...), t.stroke())
}

func (t *Trend) marks(in *Panel) {
	paint := t.Paint
	for _, v := range t.values {
		if len(v) > 1 {
			paint = Shade(t.Paint, 140)
		}
	}
	for _, k := range t.sizes() {
		for _, v := range t.values[k] {
			if v > 0 {
				in.Fill(t.Mark(t.at(in, k, v)), paint)
			}
		}
	}
}

// TrendEntries explain the trends in a legend, and the band if there is one.
func TrendEntries(trends ...*Trend) []Entry {
	var entries []Entry
	banded := false
	for _, t := range trends {
		entries = append(entries, Entry{Text: t.Label, Key: MarkKey(t.Mark, t.Paint, t.stroke()), Slim: t.Single})
		banded = banded || t.banded()
	}
	if banded {
		entries = append(entries, Entry{Text: "range of the seeds", Key: BandKey(Shade(Grey, 2*bandShade))})
	}
	return entries
}

// TrendPanel is one of several panels of trends.
type TrendPanel struct {
	Title  string // "" for a single panel
	Trends []*Trend
}

// DrawTrends draws panels side by side on the same log axes, k to the right;
// empty is the text for a panel whose values are all 0.
func DrawTrends(s *Sheet, page Frame, label, empty string, panels ...TrendPanel) error {
	var k, v Extent
	for _, p := range panels {
		for _, t := range p.Trends {
			for size, values := range t.values {
				k.TakeOne(float64(size))
				v.Take(values)
			}
		}
	}
	low, high := v.Positive()
	vertical := LogAxis(label, low/1.3, high*1.2)
	for i, cell := range Tile(len(panels), page) {
		p := panels[i]
		if p.Title != "" {
			cell.Top += PanelTitle
		}
		low, high := k.Positive()
		x, y := LogAxis("Sample size $k$", low, high), vertical
		x.Counts = true
		if !cell.Lowest {
			x.Label = ""
		}
		if !cell.Leftmost {
			y.Label = ""
		}
		in, err := NewPanel(s, cell.Frame, x, y)
		if err != nil {
			return err
		}
		if p.Title != "" {
			in.Above(p.Title)
		}
		p.draw(in, empty)
	}
	return nil
}

// draw draws bands, then lines, then marks, so that none hides another kind.
func (p TrendPanel) draw(in *Panel, empty string) {
	for _, t := range p.Trends {
		t.band(in)
	}
	var v Extent
	for _, t := range p.Trends {
		t.line(in)
		for _, values := range t.values {
			v.Take(values)
		}
	}
	for _, t := range p.Trends {
		t.marks(in)
	}
	if v.High == 0 {
		in.Message(empty)
	}
	in.DrawAxes()
}
