package chart

import (
	"fmt"
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
	"github.com/landscape-pipe/landscape-pipe/internal/mathtext"
)

// Lengths in points.
const (
	Edge      = 6 // of the page, empty
	tickLong  = 3.2
	tickShort = 1.8
	tickGap   = 2.5 // between a tick and its label
	labelGap  = 5   // between the tick labels and the axis label
	smallest  = 40  // the least width and height of a panel's inside
)

// capHalf is half the height of the digits of a tick's label.
var capHalf = mathtext.CapHeight(TickSize) / 2

// Frame is a rectangle on the page, y down.
type Frame struct{ Left, Top, Right, Bottom float64 }

// Panel is one pair of axes.
type Panel struct {
	*Sheet
	X, Y  Axis
	Inner Frame // where the data lie
}

// NewPanel lays out axes inside of outer: the labels get what they need, the
// data the rest. The grid is drawn at once, so that it lies below everything.
func NewPanel(s *Sheet, outer Frame, x, y Axis) (*Panel, error) {
	p := &Panel{Sheet: s, X: x, Y: y, Inner: outer}
	if y.Label != "" {
		p.Inner.Left += LabelSize + labelGap
	}
	p.Inner.Left += s.TickWidth(y) + tickGap + tickLong
	if !x.Bare {
		p.Inner.Bottom -= tickLong + tickGap + TickSize
	}
	if x.Label != "" {
		p.Inner.Bottom -= labelGap + LabelSize
	}
	// The last tick label of the x axis is centred on its tick, the upper
	// one of the y axis too.
	labelled := x
	labelled.Bare = false
	if ticks := labelled.Ticks(); len(ticks) > 0 {
		p.Inner.Right -= float64(s.Set(ticks[len(ticks)-1].Label, TickSize).Width / 2)
	}
	p.Inner.Top += TickSize / 2
	if p.Inner.Right-p.Inner.Left < smallest || p.Inner.Bottom-p.Inner.Top < smallest {
		return nil, fmt.Errorf("%.1f by %.1f cm is too small for the labels: make the figure larger", s.Width*2.54/72, s.Height*2.54/72)
	}
	p.X.from, p.X.to = p.Inner.Left, p.Inner.Right
	p.Y.from, p.Y.to = p.Inner.Bottom, p.Inner.Top

	p.grid()
	return p, nil
}

// grid draws a line at each value that the y axis labels, or the x axis if the
// y axis has names.
func (p *Panel) grid() {
	pen := drawing.Stroke{Color: GridInk, Width: 0.5}
	a := p.Y
	if a.Marks != nil {
		a = p.X
	}
	if a.Marks != nil {
		return
	}
	for _, t := range a.Ticks() {
		if t.Label == "" && !a.Bare {
			continue
		}
		at := a.At(t.Value)
		from, to := drawing.Point{X: p.Inner.Left, Y: at}, drawing.Point{X: p.Inner.Right, Y: at}
		if p.Y.Marks != nil {
			from, to = drawing.Point{X: at, Y: p.Inner.Top}, drawing.Point{X: at, Y: p.Inner.Bottom}
		}
		p.Stroke(drawing.Polyline(from, to), pen)
	}
}

// DrawAxes draws the axes with ticks and labels, on top of the data.
func (p *Panel) DrawAxes() {
	in := p.Inner
	pen := drawing.Stroke{Color: Ink, Width: 0.6}
	p.Stroke(drawing.Polyline(drawing.Point{X: in.Left, Y: in.Top}, drawing.Point{X: in.Left, Y: in.Bottom}, drawing.Point{X: in.Right, Y: in.Bottom}), pen)
	for _, t := range p.X.Ticks() {
		at := p.X.At(t.Value)
		p.Stroke(drawing.Polyline(drawing.Point{X: at, Y: in.Bottom}, drawing.Point{X: at, Y: in.Bottom + length(t)}), pen)
		p.DrawText(p.Set(t.Label, TickSize), at, in.Bottom+tickLong+tickGap+float64(0.75*TickSize), 0.5, Ink)
	}
	for _, t := range p.Y.Ticks() {
		at := p.Y.At(t.Value)
		p.Stroke(drawing.Polyline(drawing.Point{X: in.Left, Y: at}, drawing.Point{X: in.Left - length(t), Y: at}), pen)
		p.DrawText(p.Set(t.Label, TickSize), in.Left-tickLong-tickGap, at+capHalf, 1, Ink)
	}
	p.DrawText(p.Fit(p.X.Label, LabelSize, in.Right-in.Left), (in.Left+in.Right)/2, in.Bottom+tickLong+tickGap+TickSize+labelGap+float64(0.7*LabelSize), 0.5, Black)
	p.DrawTextUpwards(p.Fit(p.Y.Label, LabelSize, p.Height-2*Edge), p.leftOfTicks()-labelGap-float64(0.25*LabelSize), (in.Top+in.Bottom)/2, Black)
}

// TickWidth returns how wide the labels of the ticks are, in points.
func (s *Sheet) TickWidth(a Axis) float64 {
	widest := a.Room
	for _, t := range a.Ticks() {
		widest = max(widest, s.Set(t.Label, TickSize).Width)
	}
	return widest
}

// leftOfTicks is where the widest tick label of the y axis begins.
func (p *Panel) leftOfTicks() float64 {
	return p.Inner.Left - tickLong - tickGap - p.TickWidth(p.Y)
}

func length(t Tick) float64 {
	if t.Label == "" {
		return tickShort
	}
	return tickLong
}

// Curve draws a line through (x[i], y[i]). Points that follow each other by
// less than a third of a point of the page are left out, except the last one.
// A zero on a log axis interrupts the line; a point without neighbours is a
// dot.
func (p *Panel) Curve(x, y []float64, s drawing.Stroke) {
	visible := func(i int) bool { return i >= 0 && i < len(x) && (!p.Y.Log || y[i] > 0) }
	var path drawing.Path
	last := 0.0
	for i := range x {
		if !visible(i) {
			continue
		}
		at := drawing.Point{X: p.X.At(x[i]), Y: p.Y.At(y[i])}
		switch {
		case !visible(i-1) && !visible(i+1):
			p.Fill(drawing.Circle(at, 1.5), s.Color)
			continue
		case !visible(i - 1):
			path.MoveTo(at)
		case at.X-last < 0.3 && visible(i+1):
			continue
		default:
			path.LineTo(at)
		}
		last = at.X
	}
	p.Stroke(path, s)
}

// Band fills what lies between two curves; what leaves the axis is cut off.
func (p *Panel) Band(x, low, high []float64, c color.NRGBA) {
	within := func(v float64) float64 { return p.Y.At(p.Y.Clamp(v)) }
	var outline []drawing.Point
	for i := range x {
		outline = append(outline, drawing.Point{X: p.X.At(x[i]), Y: within(high[i])})
	}
	for i := len(x) - 1; i >= 0; i-- {
		outline = append(outline, drawing.Point{X: p.X.At(x[i]), Y: within(low[i])})
	}
	p.Fill(drawing.Polygon(outline...), c)
}

// Message writes a remark into the middle of an empty panel.
func (p *Panel) Message(text string) {
	in := p.Inner
	l := p.Fit(text, LabelSize, in.Right-in.Left-8)
	x, y, half := float64((in.Left+in.Right)/2), float64((in.Top+in.Bottom)/2), float64(l.Width/2)+3
	p.Fill(drawing.Rectangle(drawing.Point{X: x - half, Y: y - l.Ascent - 2}, drawing.Point{X: x + half, Y: y + l.Descent + 2}), White)
	p.DrawText(l, x, y, 0.5, Grey)
}

// Corner writes a remark into the lower left corner, which a falling curve
// leaves free.
func (p *Panel) Corner(text string) {
	p.DrawText(p.Set(text, LegendSize), p.Inner.Left+6, p.Inner.Bottom-7, 0, Ink)
}

// Above writes the title of one of several panels above it.
func (p *Panel) Above(text string) {
	l := p.Fit(text, LabelSize, p.Inner.Right-p.Inner.Left)
	p.DrawText(l, (p.Inner.Left+p.Inner.Right)/2, p.Inner.Top-5, 0.5, Black)
}

// Caption writes small print above the panel.
func (p *Panel) Caption(text string) {
	p.DrawText(p.Fit(text, SubtitleSize, p.Inner.Right-p.Inner.Left), p.Inner.Left, p.Inner.Top-4, 0, Grey)
}

// Lengths in points.
const (
	PanelGap   = 9  // between panels
	PanelTitle = 13 // above each of several panels
)

// Cell is the place of one of several panels.
type Cell struct {
	Frame
	Leftmost, Lowest bool // has the label of the y axis, of the x axis
}

// Tile divides a page among n panels, at most three side by side. All have
// the same size inside; labels of the axes stand at the left and below only.
func Tile(n int, page Frame) []Cell {
	columns := min(n, 3)
	if n == 4 {
		columns = 2
	}
	rows := (n + columns - 1) / columns
	const label = labelGap + LabelSize
	w := (page.Right - page.Left - label - float64(PanelGap*float64(columns-1))) / float64(columns)
	h := (page.Bottom - page.Top - label - float64(PanelGap*float64(rows-1))) / float64(rows)
	cells := make([]Cell, n)
	for i := range cells {
		column, row := i%columns, i/columns
		left := page.Left + label + float64(float64(column)*(w+PanelGap))
		top := page.Top + float64(float64(row)*(h+PanelGap))
		c := Cell{Frame{left, top, left + w, top + h}, column == 0, i+columns >= n}
		// A label needs space in addition to the panel's; above an empty
		// cell there is enough.
		if c.Leftmost {
			c.Left -= label
		}
		if c.Lowest {
			c.Bottom += label
		}
		cells[i] = c
	}
	return cells
}
