package chart

import (
	"image/color"

	"github.com/landscape-pipe/landscape-pipe/internal/drawing"
)

// Mark is the outline of a mark around a point.
type Mark func(at drawing.Point) drawing.Path

// Disc is a round mark.
func Disc(at drawing.Point) drawing.Path { return drawing.Circle(at, 2.1) }

// Square is a square mark, as large to the eye as a disc.
func Square(at drawing.Point) drawing.Path {
	const half = 1.8
	return drawing.Rectangle(drawing.Point{X: at.X - half, Y: at.Y - half}, drawing.Point{X: at.X + half, Y: at.Y + half})
}

// Diamond is a square mark on its corner.
func Diamond(at drawing.Point) drawing.Path {
	const half = 2.7
	return drawing.Polygon(drawing.Point{X: at.X - half, Y: at.Y}, drawing.Point{X: at.X, Y: at.Y - half},
		drawing.Point{X: at.X + half, Y: at.Y}, drawing.Point{X: at.X, Y: at.Y + half})
}

// Triangle is a mark that points down.
func Triangle(at drawing.Point) drawing.Path {
	const half, above, below = 2.4, 1.7, 2.6
	return drawing.Polygon(drawing.Point{X: at.X - half, Y: at.Y - above}, drawing.Point{X: at.X + half, Y: at.Y - above},
		drawing.Point{X: at.X, Y: at.Y + below})
}

// Open draws a mark that is white inside.
func (s *Sheet) Open(m Mark, at drawing.Point, c color.NRGBA) {
	s.Fill(m(at), White)
	s.Stroke(m(at), drawing.Stroke{Color: c, Width: 0.9})
}

// MarkKey is the sample of a mark, on a line where the stroke has a width.
func MarkKey(m Mark, c color.NRGBA, line drawing.Stroke) func(*Sheet, drawing.Point, float64) {
	return func(s *Sheet, at drawing.Point, w float64) {
		if line.Width > 0 {
			StrokeKey(line)(s, at, w)
		}
		s.Fill(m(drawing.Point{X: at.X + float64(w/2), Y: at.Y}), c)
	}
}

// OpenKey is the sample of an open mark.
func OpenKey(m Mark, c color.NRGBA) func(*Sheet, drawing.Point, float64) {
	return func(s *Sheet, at drawing.Point, w float64) {
		s.Open(m, drawing.Point{X: at.X + float64(w/2), Y: at.Y}, c)
	}
}

// Whisker draws the interval from low to high at x, values of the axes, with
// short bars at its ends; what leaves the axis is cut off.
func (p *Panel) Whisker(x, low, high float64, s drawing.Stroke) {
	const half = 1.6
	at := p.X.At(x)
	top, bottom := p.Y.At(p.Y.Clamp(high)), p.Y.At(p.Y.Clamp(low))
	p.Stroke(drawing.Polyline(drawing.Point{X: at, Y: bottom}, drawing.Point{X: at, Y: top}), s)
	for _, end := range []struct {
		y     float64
		shown bool
	}{{top, high <= p.Y.High}, {bottom, low >= p.Y.Low}} {
		if end.shown {
			p.Stroke(drawing.Polyline(drawing.Point{X: at - half, Y: end.y}, drawing.Point{X: at + half, Y: end.y}), s)
		}
	}
}

// Point returns the place of a value on the page.
func (p *Panel) Point(x, y float64) drawing.Point { return drawing.Point{X: p.X.At(x), Y: p.Y.At(y)} }

// VerticalLine draws a line at x from the bottom to the top of the panel.
func (p *Panel) VerticalLine(x float64, s drawing.Stroke) {
	at := p.X.At(x)
	p.Stroke(drawing.Polyline(drawing.Point{X: at, Y: p.Inner.Bottom}, drawing.Point{X: at, Y: p.Inner.Top}), s)
}
